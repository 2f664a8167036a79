"""Versions of things: ETag on the way out, If-Match on the way in."""

from __future__ import annotations

import re

from starlette.requests import Request

from server.doors.problem import PreconditionRequired
from twin.errors import FieldError, FieldProblem, StaleVersion

_ETAG = re.compile(r'^(?:W/)?"v(\d{1,18})"$')


def etag_of(version: int) -> str:
    """Write a version as ETag.

    Examples
    --------
    >>> etag_of(17)
    '"v17"'
    """
    return f'"v{version}"'


def seen_version(request: Request) -> int:
    """Give the version that the caller saw.

    Raises
    ------
    PreconditionRequired
        If the request names none (428).
    FieldError
        If it is no ETag of ours.
    """
    text = request.headers.get("if-match")
    if text is None:
        raise PreconditionRequired("Name the version that you saw in If-Match, so that nobody's change is lost.")
    match = _ETAG.match(text.strip())
    if match is None:
        problem = FieldProblem(
            field="If-Match",
            place="/header",
            message=f'Expected "v" and a number in quotes, got {text[:40]!r}.',
            cure="Copy the ETag of the answer that you changed.",
        )
        raise FieldError(problem)
    return int(match[1])


def require_version(request: Request, found: int) -> None:
    """Let pass who saw the present version.

    Parameters
    ----------
    request : Request
        Its If-Match names the version seen.
    found : int
        Version that is stored now.

    Raises
    ------
    StaleVersion
        If somebody changed it in the meantime (412).
    """
    expected = seen_version(request)
    if expected != found:
        raise StaleVersion(expected=expected, found=found)
