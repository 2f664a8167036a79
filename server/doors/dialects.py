"""Problems as the standards of other systems want them: OperationOutcome under /fhir, epcisException under /epcis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

Json = dict[str, Any]

FHIR_MEDIA = "application/fhir+json"
EPCIS_MEDIA = "application/problem+json"

_EPCIS_BY_CODE = {
    "epcis.parameter": (400, "QueryParameterException"),
    "epcis.query_too_complex": (413, "QueryTooComplexException"),
    "epcis.query_too_large": (413, "QueryTooLargeException"),
    "epcis.event_exists": (409, "ResourceAlreadyExistsException"),
    "epcis.query_exists": (409, "ResourceAlreadyExistsException"),
    "epcis.subscription": (400, "SubscriptionControlsException"),
    "epcis.too_many_events": (413, "CaptureLimitExceededException"),
}
_EPCIS_BY_STATUS = {
    401: "SecurityException",
    403: "SecurityException",
    404: "NoSuchResourceException",
    406: "NotAcceptableException",
    409: "ResourceAlreadyExistsException",
    413: "CaptureLimitExceededException",
    414: "URITooLongException",
    415: "UnsupportedMediaTypeException",
    400: "ValidationException",
    422: "ValidationException",
}
_RESOURCE_TYPE = "/path/kind"
_FHIR_BY_STATUS = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    410: "deleted",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    428: "required",
    429: "throttled",
    503: "transient",
    507: "no-store",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An error answer in the words of a standard."""

    status: int
    media: str
    body: Json


def _epcis(problem: Json) -> Said:
    status, kind = _EPCIS_BY_CODE.get(
        problem["code"], (problem["status"], _EPCIS_BY_STATUS.get(problem["status"], "ImplementationException"))
    )
    if status == 422:
        status = 400  # EPCIS 2.0 knows 400 only for what cannot be validated
    told = {"type": f"epcisException:{kind}", "title": HTTPStatus(status).phrase, "status": status}
    return Said(status=status, media=EPCIS_MEDIA, body=problem | told)


def fhir_issue(status: int) -> str:
    """Give the code of an issue (value set issue-type of FHIR R4) that goes with a status."""
    return _FHIR_BY_STATUS.get(status, "exception")


def _fhir(problem: Json) -> Said:
    status = 410 if problem["code"] == "fhir.deleted" else problem["status"]
    code = fhir_issue(status)
    if any(one["pointer"] == _RESOURCE_TYPE for one in problem["errors"]):
        status, code = 404, "not-supported"  # a type that is not served is no wrong value (FHIR R4, 3.1.0.1.9)
    found = problem["errors"] or [{"pointer": "", "detail": problem["detail"]}]
    issues = []
    for one in found:
        issue: Json = {
            "severity": "error",
            "code": code,
            "diagnostics": one["detail"] or problem["detail"],
            "details": {"coding": [{"system": "urn:hospital-twin:problem", "code": problem["code"]}]},
        }
        if one["pointer"]:
            issue["expression"] = [one["pointer"].strip("/").replace("/", ".")]
        issues.append(issue)
    return Said(status=status, media=FHIR_MEDIA, body={"resourceType": "OperationOutcome", "issue": issues})


DIALECTS: dict[str, Callable[[Json], Said]] = {"/epcis": _epcis, "/fhir": _fhir}
"""How the doors under a prefix say an error."""


def dialect_of(path: str) -> Callable[[Json], Said] | None:
    """Give how errors are said under a path; None for the house's own way.

    Parameters
    ----------
    path : str
        Path of the request.
    """
    head = "/" + path.split("/", 2)[1] if path.startswith("/") else ""
    return DIALECTS.get(head)
