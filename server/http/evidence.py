"""Evidence of a device or a load as one printed document."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from zoneinfo import ZoneInfo

from starlette.responses import Response

from dash_app.evidence.device import device_sheet
from dash_app.evidence.load import load_sheet
from dash_app.queries.reprocessing import store_of
from dash_app.texts.preferences import PREFERENCES, Preferences, from_headers
from server.doors.context import Call, CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.printing import find_browser, print_pdf
from twin.access import Permission

router = Router("/v1", tag="evidence")


class Format(StrEnum):
    """How it is given."""

    PDF = "pdf"
    HTML = "html"


def _given(call: Call, name: str, wanted: Format, build: Callable[[], str]) -> Response:
    """Build in the reader's language; without a browser on this machine the reader prints the page."""
    headers, settings = call.request.headers, call.hospital.settings
    default = Preferences(language=settings.language, time_zone=settings.time_zone)
    reader = from_headers(
        cookie=headers.get("cookie", ""), accept_language=headers.get("accept-language", ""), default=default
    )
    token = PREFERENCES.set(reader)
    try:
        html = build()
    finally:
        PREFERENCES.reset(token)
    safe = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
    if wanted is Format.HTML or not find_browser():
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        return Response(html, media_type="text/html; charset=utf-8", headers={"content-security-policy": policy})
    return Response(
        print_pdf(html),
        media_type="application/pdf",
        headers={"content-disposition": f'inline; filename="evidence-{safe}.pdf"', "x-content-type-options": "nosniff"},
    )


@router.get("/assets/{asset}/evidence", permission=Permission.DEVICES_READ, media="application/pdf")
def device_evidence(call: CallDep, asset: PathText, format: Format = Format.PDF) -> Response:  # noqa: A002  # its name at the door
    """Give all that is kept of a device as a PDF, or as HTML for a machine without a browser."""

    def build() -> str:
        zone = ZoneInfo(call.hospital.settings.time_zone)
        with call.hospital.read() as session:
            return device_sheet(session, call.hospital.live, asset, now=call.now, zone=zone, reader=call.actor.name)

    return _given(call, asset, format, build)


@router.get("/loads/{load}/evidence", permission=Permission.DEVICES_READ, media="application/pdf")
def load_evidence(call: CallDep, load: PathText, format: Format = Format.PDF) -> Response:  # noqa: A002  # its name at the door
    """Give cycle, verdict, contents, indicators and signatures of a load as a PDF, or as HTML."""

    def build() -> str:
        with call.hospital.read() as session:
            return load_sheet(
                session,
                call.hospital.live,
                load,
                store=store_of(call.hospital.telemetry),
                now=call.now,
                reader=call.actor.name,
            )

    return _given(call, load, format, build)
