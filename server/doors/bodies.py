"""Reading bodies: bounded, unpacked without bombs, decoded with errors that name the field."""

from __future__ import annotations

import re
import zlib
from typing import TypeVar

import msgspec
from starlette.requests import Request

from server.doors.problem import BodyTooLarge
from twin.errors import DecodeError, FieldError, FieldProblem

T = TypeVar("T")

BODY_LIMIT = 10 * 1024 * 1024  # bytes as sent; ux_reliability 6.1
UNPACKED_LIMIT = 64 * 1024 * 1024  # bytes after gzip
RATIO_LIMIT = 100  # unpacked bytes per packed byte; above it is a bomb
_CHUNK = 256 * 1024
# msgspec tells the place in its text only: "Expected `int`, got `str` - at `$[3].at`"
_PATH = re.compile(r"^(?P<message>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)


def unpack(body: bytes) -> bytes:
    """Unpack a gzip body, bounded in size and ratio.

    Parameters
    ----------
    body : bytes
        As it was sent with ``Content-Encoding: gzip``.

    Raises
    ------
    BodyTooLarge
        If it grows beyond the limit, or more than a hundredfold.
    DecodeError
        If it is no complete gzip stream.
    """
    # small bodies of few different bytes pack better than a hundredfold: 64 KB are let pass in any case
    limit = min(UNPACKED_LIMIT, max(len(body) * RATIO_LIMIT, 65_536))
    # 31: a gzip head and the largest window; piece by piece, so that a bomb is noticed before it has filled memory
    unpacker = zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    size = 0
    pending = body
    try:
        while pending and not unpacker.eof:
            part = unpacker.decompress(pending, _CHUNK)
            size += len(part)
            if size > limit:
                raise BodyTooLarge(f"Unpacked, the body is above {limit} bytes: send smaller batches.")
            parts.append(part)
            pending = unpacker.unconsumed_tail
    except zlib.error as error:
        raise DecodeError(f"Expected a gzip body: {error}.", code="body.gzip") from error
    if not unpacker.eof or unpacker.unused_data:
        raise DecodeError("Expected one complete gzip stream, it ends early or goes on.", code="body.gzip")
    return b"".join(parts)


async def body_of(request: Request) -> bytes:
    """Give the body of a request, unpacked.

    Parameters
    ----------
    request : Request
        Its size is bounded by the app's outer layer already.
    """
    body = await request.body()
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return body
    if encoding == "gzip":
        return unpack(body)
    raise DecodeError(
        f"Expected Content-Encoding gzip or none, got {encoding[:40]!r}: send it unpacked.", code="body.encoding"
    )


def pointer_of(path: str) -> str:
    """Turn msgspec's path into a JSON pointer.

    Examples
    --------
    >>> pointer_of("[3].occurred_at")
    '/3/occurred_at'
    """
    return re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", path).replace(".", "/") or "/"


def field_error(error: msgspec.ValidationError, *, prefix: str = "") -> FieldError:
    """Turn msgspec's message into one that names field, place and cure.

    Parameters
    ----------
    error : msgspec.ValidationError
        What the decoder raised.
    prefix : str, optional
        JSON pointer of what was decoded, such as ``/events/3``.
    """
    match = _PATH.match(str(error))
    message, path = (match["message"], match["path"] or "") if match else (str(error), "")
    missing = re.search(r"required field `([^`]+)`|unknown field `([^`]+)`", message)
    pointer = (prefix + pointer_of(path)).rstrip("/")
    if missing:
        pointer += "/" + (missing[1] or missing[2])
    name = pointer.rpartition("/")[2] or "body"
    problem = FieldProblem(
        field=name, place=pointer or "/", message=f"{message}.", cure="See /v1/openapi.json for the shape."
    )
    return FieldError(problem)


def decode(body: bytes, kind: type[T], *, prefix: str = "") -> T:
    """Decode a JSON body.

    Parameters
    ----------
    body : bytes
        JSON text.
    kind : type
        A msgspec struct, or any type that msgspec reads.
    prefix : str, optional
        JSON pointer of what is decoded.

    Raises
    ------
    FieldError
        If a field is missing, unknown or of the wrong type; the field is named.
    DecodeError
        If it is no JSON.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise field_error(error, prefix=prefix) from error
    # deeply nested brackets end in RecursionError
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"Expected a JSON body: {error}.", code="body.json") from error
