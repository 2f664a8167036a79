"""The sign-in and set-up pages as routes, for browsers without scripts."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.access.gate import cookie_name
from server.access.pages import STYLE, STYLE_PATH, Page
from server.access.service import Access
from server.access.sessions import SignedIn
from server.doors.bodies import body_of
from server.doors.context import SESSION_KEY, actor_of
from server.doors.problem import TooManyRequests, status_of
from server.doors.router import PUBLIC, SELF, Router
from twin.errors import DecodeError, FieldError, Forbidden, HospitalTwinError, NotSignedIn
from twin.settings import Settings

router = Router("", tag="sign-in pages")

FORM = "application/x-www-form-urlencoded"
HTML = "text/html"
START_PAGE = "/ui/"
NEXT_STEP = "/sign-in/next"


def is_secure(settings: Settings) -> bool:
    """Tell whether people reach the server by TLS, ours or a proxy's."""
    return settings.tls_certificate is not None or settings.public_url.startswith("https://")


def session_answer(response: Response, signed_in: SignedIn, settings: Settings) -> Response:
    """Put the session's cookie on an answer.

    Parameters
    ----------
    response : Response
        The answer.
    signed_in : SignedIn
        The session that began.
    settings : Settings
        Whether there is TLS, and how long sessions last.
    """
    secure = is_secure(settings)
    response.set_cookie(
        cookie_name(is_secure=secure),
        signed_in.token,
        max_age=settings.session_hours * 3600,
        path="/",
        secure=secure,
        httponly=True,
        # lax: a link in a mail opens the page that it names; strict would ask for the sign-in again
        samesite="lax",
    )
    # Readable by our own scripts, which send it back as a header; Dash does so by itself.
    response.set_cookie(
        "_csrf_token",
        signed_in.session.csrf_token,
        max_age=settings.session_hours * 3600,
        path="/",
        secure=secure,
        httponly=False,
        samesite="strict",
    )
    return response


def safe_next(path: str) -> str:
    """Give where to go after sign-in: a path of ours, never another site.

    Examples
    --------
    >>> safe_next("/ui/map?floor=2"), safe_next("//evil.example"), safe_next("https://evil.example/")
    ('/ui/map?floor=2', '/ui/', '/ui/')
    """
    parts = urlsplit(path)
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if plain and not parts.netloc and not parts.scheme else START_PAGE


async def form_of(request: Request) -> dict[str, str]:
    """Give the fields of a form that a browser sent.

    Raises
    ------
    DecodeError
        If it is none.
    """
    body = await body_of(request)
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise DecodeError(f"Expected a form: {error}.", code="body.form") from error
    return {name: values[0][:1000] for name, values in fields.items()}


def page_of(request: Request) -> Page:
    """Give the maker of pages in the language of who asks."""
    return Page.of_headers(request.headers, request.app.state.hospital.settings)


def access_of(request: Request) -> Access:
    """Give the access service of the hospital that is served."""
    access: Access = request.app.state.access
    return access


@router.get("/", permission=PUBLIC, raw=True, status=303)
async def start_page(request: Request) -> Response:
    """Lead to the pages."""
    del request
    return RedirectResponse(START_PAGE, status_code=303)


@router.get(STYLE_PATH, permission=PUBLIC, raw=True, media="text/css")
async def sign_in_style(request: Request) -> Response:
    """Give the style of the sign-in pages."""
    del request
    return Response(STYLE, media_type="text/css", headers={"cache-control": "public, max-age=3600"})


@router.get("/sign-in", permission=PUBLIC, raw=True, media=HTML)
async def sign_in_page(request: Request) -> Response:
    """Give the sign-in page."""
    return page_of(request).sign_in(asked=safe_next(request.query_params.get("next", "")))


@router.post("/sign-in", permission=PUBLIC, raw=True, media=HTML)
async def sign_in_form(request: Request) -> Response:
    """Sign in by the form, then go to the page that was asked for."""
    fields = await form_of(request)
    # a link to our sign-in must not lead on to a page that looks like ours
    asked, name = safe_next(fields.get("next", "")), fields.get("name", "")
    address = request.client.host if request.client else ""
    try:
        signed_in = await access_of(request).sign_in(name, fields.get("password", ""), address=address)
    except TooManyRequests as error:
        problem = "Too many attempts. Wait a minute, then try again."
        response = page_of(request).sign_in(asked=asked, problem=problem, name=name, status=429)
        response.headers["retry-after"] = str(error.retry_after_s)
        return response
    except NotSignedIn:
        problem = "The name or the password is wrong."
        return page_of(request).sign_in(asked=asked, problem=problem, name=name, status=401)
    except HospitalTwinError as error:  # a full disk is no wrong password: people would try until they are held up
        problem = "The server cannot store anything at present. Try again in a minute, or tell whoever looks after it."
        return page_of(request).sign_in(asked=asked, problem=problem, name=name, status=status_of(error))
    headers = {"cache-control": "no-store"}
    onward = asked if signed_in.session.owes is None else f"{NEXT_STEP}?next={quote(asked)}"
    answer = RedirectResponse(onward, status_code=303, headers=headers)
    return session_answer(answer, signed_in, request.app.state.hospital.settings)


@router.post("/v1/auth/sign-out", permission=SELF, raw=True, status=204)
async def sign_out(request: Request) -> Response:
    """Sign out; the session ends here, not only in the browser."""
    live_hash = str(request.scope.get(SESSION_KEY, ""))
    if live_hash:
        await access_of(request).sign_out(live_hash, actor_of(request.scope))
    wants_page = HTML in request.headers.get("accept", "")
    response = RedirectResponse("/sign-in", status_code=303) if wants_page else Response(status_code=204)
    # what pages kept in the browser is of the one who leaves, also on a shared computer of a ward
    response.headers["clear-site-data"] = '"cookies", "storage"'
    response.delete_cookie(cookie_name(is_secure=is_secure(request.app.state.hospital.settings)), path="/")
    response.delete_cookie("_csrf_token", path="/")
    return response


@router.get("/set-up", permission=PUBLIC, raw=True, media=HTML)
async def set_up_page(request: Request) -> Response:
    """Give the set-up page; its link works once."""
    if not access_of(request).needs_set_up:
        return RedirectResponse("/sign-in", status_code=303)
    return page_of(request).set_up(token=request.query_params.get("token", "")[:200])


@router.post("/set-up", permission=PUBLIC, raw=True, media=HTML)
async def set_up_form(request: Request) -> Response:
    """Make the first system administrator."""
    fields = await form_of(request)
    token = fields.get("token", "")
    try:
        signed_in = await access_of(request).set_up(
            token, name=fields.get("name", ""), password=fields.get("password", "")
        )
    except Forbidden:
        problem = "This set-up link is wrong or past its time. Start the server again to get a new one."
        return page_of(request).set_up(token="", problem=problem, status=403)
    except FieldError as error:
        problem = "The sign-in name cannot be used." if error.problem.field == "name" else "Choose a better password."
        return page_of(request).set_up(token=token, problem=problem, status=422)
    answer = RedirectResponse(START_PAGE, status_code=303, headers={"cache-control": "no-store"})
    return session_answer(answer, signed_in, request.app.state.hospital.settings)
