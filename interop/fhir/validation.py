"""Resources checked at the door by classes that we did not write; inside they stay plain JSON.

R4 (4.0.1) resources are checked with the R4B classes of ``fhir.resources``, which take every official R4 example of our
types; InventoryReport and InventoryItem exist from R5 on only.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import msgspec
from pydantic import BaseModel, ValidationError

from interop.fhir.codes import wrong_code
from interop.fhir.resources import Resource
from twin.errors import DecodeError, FieldError, FieldProblem

R4_TYPES = (
    "Appointment",
    "AuditEvent",
    "Device",
    "DeviceMetric",
    "Encounter",
    "Location",
    "Observation",
    "Provenance",
    "Schedule",
    "Slot",
    "Subscription",
    "SupplyDelivery",
    "SupplyRequest",
    "Task",
)
R5_TYPES = ("InventoryItem", "InventoryReport")
TYPES = tuple(sorted((*R4_TYPES, *R5_TYPES)))
"""Every type that is taken and kept."""

ID_PATTERN = r"^[A-Za-z0-9\-.]{1,64}$"
_MAX_DEPTH = 60


@cache
def _class_of(kind: str) -> type[BaseModel]:
    # Loading one class takes tens of milliseconds: only those that are used are loaded.
    package = "fhir.resources" if kind in R5_TYPES else "fhir.resources.R4B"
    found: type[BaseModel] = getattr(import_module(f"{package}.{kind.lower()}"), kind)
    return found


def _bad(field: str, message: str, cure: str, *, code: str = "fhir.invalid") -> FieldError:
    return FieldError(FieldProblem(field=field, place=f"/{field}", message=message, cure=cure), code=code)


def _depth(value: object, left: int) -> int:
    if left <= 0:
        raise DecodeError(f"Expected a resource at most {_MAX_DEPTH} levels deep.", code="fhir.too_deep")
    if isinstance(value, dict):
        return max((_depth(one, left - 1) for one in value.values()), default=0)
    if isinstance(value, list):
        return max((_depth(one, left - 1) for one in value), default=0)
    return 0


def read_resource(body: bytes, kind: str) -> Resource:
    """Read a resource and check it.

    Parameters
    ----------
    body : bytes
        JSON.
    kind : str
        One of :data:`TYPES`: what the address says.

    Returns
    -------
    Resource
        As decoded, nothing added or taken away.

    Raises
    ------
    DecodeError
        If it is no JSON object.
    FieldError
        If a field is missing, unknown or has a wrong value, or a code is not of its required value set; the first is
        named.
    """
    try:
        told: Any = msgspec.json.decode(body)
        _depth(told, _MAX_DEPTH)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"Expected a JSON body: {error}.", code="body.json") from error
    if not isinstance(told, dict):
        raise DecodeError("Expected a JSON object.", code="body.json")
    if told.get("resourceType") != kind:
        raise _bad("resourceType", f"Expected {kind}, got {str(told.get('resourceType'))[:40]!r}.", "Send it there.")
    try:
        _class_of(kind).model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or kind
        raise _bad(field, f"{first['msg']}.", f"See {kind} of FHIR.") from error
    except (TypeError, KeyError, AttributeError) as error:
        # The library looks up a contained resource by its type before it has checked that there is such a type.
        raise _bad("contained", "Expected resources of FHIR.", "Name the resourceType of each.") from error
    wrong = wrong_code(told, kind)
    if wrong is not None:
        path, code, codes = wrong
        raise _bad(path, f"Expected one of {', '.join(sorted(codes))}, got {code[:40]!r}.", "Send one of these codes.")
    return told
