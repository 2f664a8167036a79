"""Pictures of labels from a handheld whose browser cannot read codes by itself."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool

from server.doors.context import CallDep
from server.doors.router import Router
from twin.access import Permission
from twin.errors import DecodeError

router = Router("/v1/handheld", tag="tasks")

GRAYMAP = "image/x-portable-graymap"
LARGEST_SIDE = 4096
_HEAD = re.compile(rb"P5\s+(\d{1,5})\s+(\d{1,5})\s+255\s")


class CodesView(msgspec.Struct, frozen=True, kw_only=True):
    """Codes found in a picture, each with its symbology identifier before it, as a scanner would send it."""

    codes: list[str]


def gray_of(content: bytes) -> NDArray[np.uint8]:
    """Give the pixels of a binary graymap (PGM, P5) with 256 levels.

    Raises
    ------
    DecodeError
        If it is none, or not as long as its head says.
    """
    head = _HEAD.match(content)
    if head is None:
        raise DecodeError("Expected a binary graymap (P5) with 255 as its largest value.", code="picture.unreadable")
    width, height = int(head[1]), int(head[2])
    pixels = content[head.end() :]
    if not 1 <= width <= LARGEST_SIDE or not 1 <= height <= LARGEST_SIDE or len(pixels) != width * height:
        raise DecodeError(
            f"Expected {width} x {height} pixels of at most {LARGEST_SIDE} a side, got {len(pixels)} bytes.",
            code="picture.unreadable",
        )
    return np.frombuffer(pixels, dtype=np.uint8).reshape(height, width)


def codes_in(content: bytes) -> list[str]:
    """Give the codes in a graymap; the separator of GS1 labels comes as ASCII 29, as from a well set-up scanner."""
    found = zxingcpp.read_barcodes(gray_of(content), text_mode=zxingcpp.TextMode.Plain)
    return [f"{each.symbology_identifier}{each.text}" for each in found if each.valid and each.text]


@router.post("/pictures", permission=Permission.STOCK_READ, takes=bytes, takes_media=(GRAYMAP,), gives=CodesView)
async def read_picture(call: CallDep) -> CodesView:
    """Find the codes in a picture; the picture itself is not kept."""
    return CodesView(codes=await run_in_threadpool(codes_in, call.body))
