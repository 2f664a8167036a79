"""Problems as HTTP answers: one table from our errors to statuses, one shape for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.doors.dialects import dialect_of
from twin import errors
from twin.errors import HospitalTwinError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:hospital-twin:problem:"

STATUS_BY_ERROR: dict[type[HospitalTwinError], int] = {
    errors.InputError: 422,
    errors.DecodeError: 422,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.StaleVersion: 412,
    errors.Refused: 409,
    errors.Forbidden: 403,
    errors.NotSignedIn: 401,
    errors.DiskFull: 507,
    errors.StorageError: 503,
    errors.Unavailable: 503,
    errors.ConfigurationError: 500,
    HospitalTwinError: 500,
}
"""HTTP status of each error; the nearest class in the order of inheritance counts."""

CODE_BY_STATUS = {
    400: "request.malformed",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "body_too_large",
    415: "media_type",
    422: "input",
    428: "precondition_required",
    429: "too_many_requests",
    500: "internal",
    503: "unavailable",
    507: "storage.full",
}


class TooManyRequests(HospitalTwinError):
    """Somebody asked more often than allowed.

    Parameters
    ----------
    message : str
        What was too much.
    retry_after_s : int
        Seconds to wait.
    """

    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PreconditionRequired(HospitalTwinError):
    """A change needs the version that the caller saw (If-Match)."""

    code = "precondition_required"


class BodyTooLarge(HospitalTwinError):
    """The body is larger than the door takes."""

    code = "body_too_large"


class SetUpRequired(errors.Unavailable):
    """Nobody has set the hospital up yet."""

    code = "setup_required"


STATUS_BY_ERROR |= {TooManyRequests: 429, PreconditionRequired: 428, BodyTooLarge: 413}


class ProblemDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One field that is wrong: a JSON pointer (RFC 6901) and what to do."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, as every error answer says it.

    References
    ----------
    RFC 9457 (2023), section 3.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: tuple[ProblemDetail, ...] = ()
    request_id: str = ""


_encoder = msgspec.json.Encoder()


def request_id_of(scope: Mapping[str, Any]) -> str:
    """Give the id of a request, or ``""`` outside of the app's layers."""
    state = scope.get("state") or {}
    return str(state.get("request_id", ""))


def problem_response(
    scope: Mapping[str, Any],
    *,
    status: int,
    detail: str,
    code: str = "",
    found: tuple[ProblemDetail, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Make an error answer.

    Parameters
    ----------
    scope : Mapping
        ASGI scope of the request.
    status : int
        HTTP status.
    detail : str
        What happened and what to do next.
    code : str, optional
        Stable code; that of the status unless given.
    found : tuple[ProblemDetail, ...], optional
        Each field that is wrong.
    headers : Mapping[str, str], optional
        Further headers.
    """
    stable = code or CODE_BY_STATUS.get(status, "error")
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    problem = Problem(
        type=TYPE_PREFIX + stable,
        title=title,
        status=status,
        detail=detail,
        instance=str(scope.get("path", ""))[:500],
        code=stable,
        errors=found,
        request_id=request_id_of(scope),
    )
    extra = {"cache-control": "no-store", **(headers or {})}
    dialect = dialect_of(str(scope.get("path", "")))
    if dialect is not None:
        said = dialect(msgspec.to_builtins(problem))
        return Response(_encoder.encode(said.body), status_code=said.status, media_type=said.media, headers=extra)
    return Response(_encoder.encode(problem), status_code=status, media_type=MEDIA_TYPE, headers=extra)


def status_of(error: HospitalTwinError) -> int:
    """Give the HTTP status of an error.

    Examples
    --------
    >>> status_of(errors.NotFound("asset", "a1"))
    404
    """
    for kind in type(error).__mro__:
        if kind in STATUS_BY_ERROR:
            return STATUS_BY_ERROR[kind]
    return 500


def _pointer(text: str) -> str:
    return text if text.startswith("/") else "/" + text.replace(" ", "/")


def details_of(error: HospitalTwinError) -> tuple[ProblemDetail, ...]:
    """Give each field that an error names, at most 200 of them."""
    if isinstance(error, errors.FieldError):
        problems: tuple[errors.FieldProblem, ...] = (error.problem,)
    elif isinstance(error, errors.ImportRefused):
        problems = error.problems[:200]
    elif isinstance(error, errors.Refused):
        return tuple(ProblemDetail(pointer="", detail=reason) for reason in error.reasons)
    else:
        return ()
    return tuple(
        ProblemDetail(
            pointer=_pointer(p.place) if p.place.endswith(p.field) else f"{_pointer(p.place)}/{p.field}",
            detail=f"{p.message} {p.cure}".strip(),
        )
        for p in problems
    )


def response_of(scope: Mapping[str, Any], error: HospitalTwinError) -> Response:
    """Make the answer of one of our own errors."""
    headers: dict[str, str] = {}
    status = status_of(error)
    if isinstance(error, TooManyRequests):
        headers["retry-after"] = str(error.retry_after_s)
    elif status in {503, 507}:
        headers["retry-after"] = "5"
    elif status == 401:
        headers["www-authenticate"] = 'Bearer realm="hospital-twin"'
    return problem_response(
        scope, status=status, detail=error.message, code=error.code, found=details_of(error), headers=headers
    )


def _on_own_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HospitalTwinError)  # noqa: S101  # registered for this class only
    return response_of(request.scope, error)


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    detail = error.detail if isinstance(error.detail, str) else str(error.detail)
    if error.status_code == 404:
        detail = "Nothing is served under this address: see /v1/openapi.json for what is."
    elif error.status_code == 405:
        detail = f"{request.method} is not served under this address."
    return problem_response(request.scope, status=error.status_code, detail=detail, headers=error.headers)


def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = tuple(
        ProblemDetail(pointer="/" + "/".join(str(part) for part in item["loc"]), detail=str(item["msg"]))
        for item in error.errors()[:50]
    )
    first = found[0] if found else ProblemDetail(pointer="", detail="The request cannot be used.")
    return problem_response(
        request.scope, status=422, detail=f"{first.pointer}: {first.detail}.", code="input.field", found=found
    )


def _on_unexpected(request: Request, error: Exception) -> Response:
    del error  # logged by the outermost layer together with the request id
    return unexpected(request.scope)


def unexpected(scope: Mapping[str, Any]) -> Response:
    """Make the answer to an error that nobody foresaw; it tells nothing but the request id."""
    return problem_response(
        scope, status=500, detail="An unexpected error happened; give the request id to the system administrator."
    )


def install(app: FastAPI) -> None:
    """Let an app answer every error as a problem."""
    app.add_exception_handler(HospitalTwinError, _on_own_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_unexpected)
