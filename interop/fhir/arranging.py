"""How a search result is arranged: its order, and the resources that go with it.

References
----------
HL7 FHIR R4 (4.0.1), sections 3.1.1.5.1 (``_sort``) and 3.1.1.5.4 (``_include``, ``_revinclude``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from interop.fhir.resources import Json, Resource
from interop.fhir.searching import OPEN_ENDS, PARAMETERS, REFERENCE, terms_of, values_at
from twin.errors import FieldError, FieldProblem

_OWN = ("_id", "_lastUpdated")


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key: a search parameter, and whether the largest comes first."""

    name: str
    descends: bool


@dataclass(frozen=True, slots=True)
class Include:
    """One ``_include`` or ``_revinclude``.

    Parameters
    ----------
    source : str
        Resource type that refers.
    parameter : str
        Its search parameter; ``*`` for every reference.
    target : str
        Resource type referred to; empty for any.
    """

    source: str
    parameter: str
    target: str = ""


def _bad(name: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=name, place=f"/query/{name}", message=message, cure=cure))


def read_sort(kind: str, text: str) -> list[Order]:
    """Read ``_sort``.

    Parameters
    ----------
    kind : str
        Resource type that is searched.
    text : str
        Search parameters joined by commas, each with a minus sign if it descends; empty for no order.

    Raises
    ------
    FieldError
        If the type has no such parameter.
    """
    found = []
    for part in (part for part in text.split(",") if part):
        name = part.removeprefix("-")
        if name not in PARAMETERS[kind] and name not in _OWN:
            known = ", ".join((*_OWN, *PARAMETERS[kind]))
            raise _bad("_sort", f"Expected a search parameter of {kind}, got {name[:40]!r}.", f"Use one of {known}.")
        found.append(Order(name, part.startswith("-")))
    return found


def sort_resources(resources: list[Resource], kind: str, orders: Iterable[Order]) -> list[Resource]:
    """Put resources in order; those without a value come last, whichever way, and equal ones by id.

    Parameters
    ----------
    resources : list[Resource]
        Plain JSON.
    kind : str
        Their type.
    orders : Iterable[Order]
        The first one counts most.
    """
    found = sorted(resources, key=lambda one: str(one.get("id", "")))
    for order in reversed(list(orders)):
        keyed = [(_key(one, kind, order), one) for one in found]
        having = [pair for pair in keyed if pair[0]]
        having.sort(key=lambda pair: pair[0], reverse=order.descends)
        found = [one for _, one in having] + [one for key, one in keyed if not key]
    return found


def _key(resource: Resource, kind: str, order: Order) -> str:
    if order.name == "_id":
        return str(resource.get("id", ""))
    if order.name == "_lastUpdated":
        meta = resource.get("meta")
        return str(meta.get("lastUpdated", "")) if isinstance(meta, dict) else ""
    terms = terms_of(resource, kind, str)
    values = [value for name, value in terms if name == order.name and value not in OPEN_ENDS]
    if not values:
        return ""
    # A resource with several values stands where its most fitting one would (3.1.1.5.1).
    return max(values) if order.descends else min(values)


def read_includes(texts: Iterable[str], name: str) -> list[Include]:
    """Read ``_include`` or ``_revinclude``.

    Parameters
    ----------
    texts : Iterable[str]
        ``Type:parameter[:TargetType]`` each; ``Type:*`` for every reference.
    name : str
        Of the parameter, for the error.

    Raises
    ------
    FieldError
        If a type or a parameter is unknown, or it is no reference.
    """
    found = []
    for text in texts:
        source, _, rest = text.partition(":")
        parameter, _, target = rest.partition(":")
        known = PARAMETERS.get(source)
        if known is None:
            message = f"Expected Type:parameter with a type that is served, got {text[:60]!r}."
            raise _bad(name, message, f"Use one of {', '.join(PARAMETERS)}.")
        references = [one for one, (how, _path) in known.items() if how == REFERENCE]
        if parameter != "*" and parameter not in references:
            message = f"Expected a parameter of {source} that is a reference, got {parameter[:40]!r}."
            raise _bad(name, message, f"Use * or one of {', '.join(references) or 'none: it has no reference'}.")
        found.append(Include(source, parameter, target))
    return found


def references_of(resource: Resource, include: Include) -> Iterator[str]:
    """Give ``Type/id`` of the resources to which one refers in a way that goes along.

    Parameters
    ----------
    resource : Resource
        Plain JSON.
    include : Include
        Whose source is the resource's type.
    """
    for name, (how, paths) in PARAMETERS[include.source].items():
        if how != REFERENCE or include.parameter not in ("*", name):
            continue
        for path in paths.split():
            for value in values_at(resource, path):
                told = _told(value)
                if told and (not include.target or told.startswith(f"{include.target}/")):
                    yield told


def _told(value: Json) -> str:
    reference = value.get("reference") if isinstance(value, dict) else None
    if not isinstance(reference, str) or reference.startswith(("#", "urn:")):
        return ""
    return "/".join(reference.split("/_history/")[0].split("/")[-2:])


def includable() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Give what goes along by type, for the statement: ``_include`` of a type, and ``_revinclude`` to it."""
    forth = {
        kind: [f"{kind}:{name}" for name, (how, _path) in parameters.items() if how == REFERENCE]
        for kind, parameters in PARAMETERS.items()
    }
    every = [text for texts in forth.values() for text in texts]
    return forth, dict.fromkeys(PARAMETERS, every)
