"""The steps after the password as routes, and the page of one's own second factor; for browsers without scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.access import factors, step_pages, users
from server.access.duties import Duty
from server.access.forms import HTML, NEXT_STEP, access_of, form_of, page_of, safe_next, session_answer
from server.access.sessions import LiveSession, SignedIn
from server.access.steps import WrongCode
from server.doors.context import PENDING_KEY, SESSION_KEY, actor_of, actor_or_none
from server.doors.problem import TooManyRequests, status_of
from server.doors.router import PUBLIC, SELF, Router
from twin.errors import FieldError, HospitalTwinError, NotSignedIn, Refused

router = Router("", tag="sign-in pages")

ACCOUNT = "/ui/account"
_WRONG_CODE = "The code is wrong, past its time, or was used already. Is the phone's clock right?"
_TOO_MANY = "Too many attempts. Wait a minute, then try again."
_WRONG_PASSWORD = "The password is wrong."  # noqa: S105  # what is said, no password


def _pending(request: Request) -> LiveSession | None:
    """Give the half-open session of who asks."""
    token_hash = str(request.scope.get(PENDING_KEY, ""))
    return access_of(request).sessions.held(token_hash) if token_hash else None


def _to(path: str) -> Response:
    return RedirectResponse(path, status_code=303, headers={"cache-control": "no-store"})


async def _shown(request: Request, live: LiveSession, asked: str, *, problem: str = "", status: int = 200) -> Response:
    page = page_of(request)
    if live.owes is Duty.CODE:
        return step_pages.code_page(page, asked=asked, problem=problem, status=status)
    if live.owes is Duty.PASSWORD:
        return step_pages.password_page(page, asked=asked, problem=problem, status=status)
    enrolment = await access_of(request).steps.begin(live.user_id)
    return step_pages.enrol_page(page, enrolment, asked=asked, problem=problem, status=status)


@router.get(NEXT_STEP, permission=PUBLIC, raw=True, media=HTML)
async def next_step(request: Request) -> Response:
    """Give the page of what a sign-in still owes."""
    asked = safe_next(request.query_params.get("next", ""))
    live = _pending(request)
    if live is None:
        return _to(asked if actor_or_none(request.scope) is not None else "/sign-in")
    return await _shown(request, live, asked)


async def _stepped(
    request: Request, duty: Duty, act: Callable[[LiveSession, dict[str, str]], Awaitable[SignedIn | Response]]
) -> Response:
    """Take one step; what goes wrong is told on its own page, and what is still owed comes next."""
    fields = await form_of(request)
    asked = safe_next(fields.get("next", ""))
    live = _pending(request)
    if live is None or live.owes is not duty:
        return _to(f"{NEXT_STEP}?next={asked}" if live is not None else "/sign-in")
    try:
        done = await act(live, fields)
    except HospitalTwinError as error:
        response = await _shown(request, live, asked, problem=_told(error), status=status_of(error))
        if isinstance(error, TooManyRequests):
            response.headers["retry-after"] = str(error.retry_after_s)
        return response
    if isinstance(done, Response):
        return done
    onward = asked if done.session.owes is None else f"{NEXT_STEP}?next={asked}"
    return session_answer(_to(onward), done, request.app.state.hospital.settings)


def _told(error: HospitalTwinError) -> str:
    """Give the English source of what went wrong; each stands in the catalogue."""
    if isinstance(error, WrongCode):
        return _WRONG_CODE
    if isinstance(error, TooManyRequests):
        return _TOO_MANY
    if isinstance(error, FieldError):
        return "Choose a better password, and not the one that you were given."
    if isinstance(error, Refused):
        return "Your role needs a second factor."
    if isinstance(error, NotSignedIn):
        return _WRONG_PASSWORD
    return "The server cannot store anything at present. Try again in a minute, or tell whoever looks after it."


@router.post(step_pages.CODE, permission=PUBLIC, raw=True, media=HTML)
async def code_form(request: Request) -> Response:
    """Take the code of a sign-in."""

    async def act(live: LiveSession, fields: dict[str, str]) -> SignedIn:
        return await access_of(request).steps.give_code(live, fields.get("code", ""))

    return await _stepped(request, Duty.CODE, act)


@router.post(step_pages.PASSWORD, permission=PUBLIC, raw=True, media=HTML)
async def password_form(request: Request) -> Response:
    """Take the password that somebody chooses for themselves."""

    async def act(live: LiveSession, fields: dict[str, str]) -> SignedIn | Response:
        if fields.get("new", "") != fields.get("again", ""):
            problem, asked = (
                "The two new passwords differ: enter the same one twice.",
                safe_next(fields.get("next", "")),
            )
            return step_pages.password_page(page_of(request), asked=asked, problem=problem, status=422)
        return await access_of(request).steps.choose_password(live, fields.get("new", ""))

    return await _stepped(request, Duty.PASSWORD, act)


@router.post(step_pages.ENROL, permission=PUBLIC, raw=True, media=HTML)
async def enrol_form(request: Request) -> Response:
    """Turn on the second factor that a role needs, and show the recovery codes once."""

    async def act(live: LiveSession, fields: dict[str, str]) -> Response:
        done = await access_of(request).steps.confirm(live, fields.get("code", ""))
        answer = step_pages.codes_page(page_of(request), done.codes, asked=safe_next(fields.get("next", "")))
        return session_answer(answer, done.signed_in, request.app.state.hospital.settings)

    return await _stepped(request, Duty.ENROL, act)


async def _own(request: Request, *, problem: str = "", status: int = 200) -> Response:
    access, actor = access_of(request), actor_of(request.scope)
    with request.app.state.hospital.read() as session:
        is_on = factors.is_on(session, actor.id)
    enrolment = None if is_on else await access.steps.begin(actor.id)
    return step_pages.own_page(page_of(request), enrolment, asked=ACCOUNT, problem=problem, status=status)


def _own_session(request: Request) -> LiveSession:
    live = access_of(request).sessions.held(str(request.scope.get(SESSION_KEY, "")))
    if live is None:  # a program's key has neither password nor phone
        raise Refused("An API key has no second factor.", code="refused.no_password")
    return live


@router.get(step_pages.OWN, permission=SELF, raw=True, media=HTML)
async def own_factor_page(request: Request) -> Response:
    """Give the page of one's own second factor."""
    _own_session(request)
    return await _own(request)


@router.post(step_pages.OWN, permission=SELF, raw=True, media=HTML)
async def own_factor_form(request: Request) -> Response:
    """Turn one's second factor on or off, or make new recovery codes."""
    fields, live, access = await form_of(request), _own_session(request), access_of(request)
    code, page = fields.get("code", ""), page_of(request)
    try:
        if fields.get("act") == "renew":
            codes = await access.steps.renew_codes(live.user_id, code)
            return step_pages.codes_page(page, codes, asked=ACCOUNT)
        if fields.get("act") == "off":
            await access.steps.take_off(live.user_id, code)
            return _to(ACCOUNT)
        await _know_password(request, live, fields.get("password", ""))
        done = await access.steps.confirm(live, code)
    except HospitalTwinError as error:
        return await _own(request, problem=_told(error), status=status_of(error))
    answer = step_pages.codes_page(page, done.codes, asked=ACCOUNT)
    return session_answer(answer, done.signed_in, request.app.state.hospital.settings)


async def _know_password(request: Request, live: LiveSession, password: str) -> None:
    """Let pass who knows the password of their session's user; tries are counted as those of signing in are."""
    access, now = access_of(request), request.app.state.hospital.clock.now()
    with request.app.state.hospital.read() as session:
        row = users.get_user(session, live.user_id)
    access.limits.check(row.name, "", now=now)
    access.limits.failed(row.name, "", now=now)
    if not await access.passwords.verify(password, row.password_hash):
        raise NotSignedIn(_WRONG_PASSWORD)
    access.limits.succeeded(row.name, "", now=now)
