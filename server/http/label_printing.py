"""Labels to be printed: of a lot, and marks of places that are scanned on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from starlette.responses import Response

from inventory.rules.labels import LabelContent, PlaceMark, code128_svg, datamatrix_svg, mark_svg, mark_zpl, zpl
from inventory.service.labelling import label_of_lot
from server.doors.context import CallDep
from server.doors.pages import Text
from server.doors.router import Router
from twin.access import Permission
from twin.errors import NotFound

router = Router("/v1", tag="stock")


class Printed(StrEnum):
    """How a label is given: a picture of 50 by 25 mm, or commands for a ZPL printer of 8 dots per millimetre."""

    DATAMATRIX = "datamatrix"
    CODE128 = "code128"
    ZPL = "zpl"


class MarkPrinted(StrEnum):
    """How a mark is given; a scanner reads it as the place's id."""

    DATAMATRIX = "datamatrix"
    ZPL = "zpl"


_LOT_LABELS: Mapping[Printed, Callable[[LabelContent], str]] = MappingProxyType(
    {Printed.DATAMATRIX: datamatrix_svg, Printed.CODE128: code128_svg, Printed.ZPL: zpl}
)


def _given(text: str, *, is_picture: bool) -> Response:
    # a picture that came with a script inside would run in our own origin: nothing but its shapes and styles may
    headers = {"content-security-policy": "default-src 'none'", "x-content-type-options": "nosniff"}
    return Response(text, media_type="image/svg+xml" if is_picture else "text/plain; charset=utf-8", headers=headers)


@router.get("/stock-labels", permission=Permission.STOCK_READ, media="image/svg+xml")
def print_lot_label(
    call: CallDep,
    lot: Text,
    serial: Text = "",
    gtin: Text = "",
    format: Printed = Printed.DATAMATRIX,  # noqa: A002  # its name at the door
) -> Response:
    """Give a lot's label as GS1 DataMatrix, GS1-128 or ZPL; what was opened or thawed says in words when it ends."""
    zone = ZoneInfo(call.hospital.settings.time_zone)
    with call.hospital.read() as session:
        content = label_of_lot(session, lot=lot, zone=zone, gtin=gtin, serial=serial)
    return _given(_LOT_LABELS[format](content), is_picture=format is not Printed.ZPL)


@router.get("/place-labels", permission=Permission.STOCK_READ, media="image/svg+xml")
def print_place_label(
    call: CallDep,
    place: Text,
    format: MarkPrinted = MarkPrinted.DATAMATRIX,  # noqa: A002  # its name at the door
) -> Response:
    """Give the mark of a place, which the handheld takes as having been there."""
    known = call.hospital.live.places.get(place)
    if known is None:
        raise NotFound("place", place)
    mark = PlaceMark(place=place, name=known.name)
    is_picture = format is MarkPrinted.DATAMATRIX
    return _given(mark_svg(mark) if is_picture else mark_zpl(mark), is_picture=is_picture)
