"""Wall displays: the one page that a link opens, and making, listing and ending such links."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from dash_app.evidence.wall import SCRIPT, STYLE, wall_page
from dash_app.texts.preferences import LANGUAGES, PREFERENCES, Preferences
from server.access import displays
from server.access.displays import NewDisplay
from server.access.forms import page_of
from server.access.setup import base_url
from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import HTML, PUBLIC, Router
from server.schema.access import DisplayRow
from server.wiring import Hospital
from twin.access import Permission
from twin.clock import to_text

router = Router("", tag="displays")

STYLE_PATH, SCRIPT_PATH = "/display/style.css", "/display/script.js"
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
Line = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f]*$")]


class DisplayView(msgspec.Struct, frozen=True, kw_only=True):
    """A wall display's link without its token."""

    id: str
    name: str
    shows: str
    language: str
    created_at: str
    expires_at: str
    is_revoked: bool
    used_at: str = ""


class DisplayPage(msgspec.Struct, frozen=True, kw_only=True):
    """All wall displays, the newest first; at most 200."""

    displays: list[DisplayView]


class DisplayAdd(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A link to make: where the screen hangs, and `overview`, `beds` or `tasks`."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
    shows: Line
    language: Line = ""
    days: Annotated[int, msgspec.Meta(ge=1, le=displays.MAX_DAYS)] = 90


class DisplayMade(msgspec.Struct, frozen=True, kw_only=True):
    """A link that was just made; ``link`` is shown this once."""

    display: DisplayView
    link: str


def _view(row: DisplayRow) -> DisplayView:
    return DisplayView(
        id=row.id,
        name=row.name,
        shows=row.shows,
        language=row.language,
        created_at=to_text(row.created_at),
        expires_at=to_text(row.expires_at),
        is_revoked=bool(row.revoked_at),
        used_at=to_text(row.used_at) if row.used_at else "",
    )


@router.get("/v1/displays", permission=Permission.USERS_MANAGE, gives=DisplayPage)
def list_displays(call: CallDep) -> DisplayPage:
    """List the links of wall displays."""
    with call.hospital.read() as session:
        return DisplayPage(displays=[_view(row) for row in displays.list_displays(session)])


@router.post("/v1/displays", permission=Permission.USERS_MANAGE, takes=DisplayAdd, gives=DisplayMade, status=201)
async def add_display(call: CallDep) -> DisplayMade:
    """Make a link for a screen on a wall; it is shown once, and opens one page without names."""
    told, access = call.read(DisplayAdd), call.request.app.state.access
    new = NewDisplay(name=told.name, shows=told.shows, language=told.language, days=told.days)
    token, row = await call.hospital.write(lambda session: access.make_display(session, call.actor, new))
    return DisplayMade(display=_view(row), link=base_url(call.hospital.settings) + displays.address(token))


@router.delete("/v1/displays/{display_id}", permission=Permission.USERS_MANAGE, gives=DisplayView)
async def revoke_display(call: CallDep, display_id: PathText) -> DisplayView:
    """End a wall display's link for good; the screen goes dark with its next question."""
    access = call.request.app.state.access
    return _view(await call.hospital.write(lambda session: access.revoke_display(session, call.actor, display_id)))


def _shown(hospital: Hospital, row: DisplayRow) -> str:
    settings = hospital.settings
    language = next((known for known in LANGUAGES if known == row.language), settings.language)
    token = PREFERENCES.set(Preferences(language=language, time_zone=settings.time_zone))
    try:
        with hospital.ledger.steady:
            return wall_page(
                hospital.live,
                row.shows,
                now=hospital.clock.now(),
                site=settings.site_name,
                addresses=(STYLE_PATH, SCRIPT_PATH),
            )
    finally:
        PREFERENCES.reset(token)


@router.get(displays.PATH, permission=PUBLIC, raw=True, media=HTML)
async def show_display(request: Request) -> Response:
    """Show the page of a wall display to whoever has its link."""
    hospital: Hospital = request.app.state.hospital
    now = hospital.clock.now()
    token = request.query_params.get("token", "")

    def find() -> DisplayRow | None:
        with hospital.read() as session:
            return displays.find_display(session, token, now=now)

    row = await run_in_threadpool(find)
    if row is None:
        page = page_of(request)
        told = page.say("This link is wrong, was ended, or is past its date. Ask a system administrator for a new one.")
        return page.whole(page.say("Nothing to show"), f"<p>{told}</p>", 403)
    if now - row.used_at > displays.NOTED_EVERY_US:
        # only a note: the screen goes on while the store is full
        hospital.database.writer.submit(lambda session: displays.note_used(session, row.id, now=now))
    body = await run_in_threadpool(_shown, hospital, row)
    # the token stands in the address: it must not leave with a link, nor stay in a cache
    headers = {"cache-control": "no-store", "content-security-policy": _POLICY, "referrer-policy": "no-referrer"}
    return Response(body, media_type=HTML, headers=headers)


@router.get(STYLE_PATH, permission=PUBLIC, raw=True, media="text/css")
async def display_style(_request: Request) -> Response:
    """Give the style of wall displays."""
    return Response(STYLE, media_type="text/css", headers={"cache-control": "max-age=3600"})


@router.get(SCRIPT_PATH, permission=PUBLIC, raw=True, media="text/javascript")
async def display_script(_request: Request) -> Response:
    """Give the script that renews wall displays."""
    return Response(SCRIPT, media_type="text/javascript", headers={"cache-control": "max-age=3600"})
