"""The page that tells phones to trust a server which signs for itself, on the encrypted door."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.access.pages import Page
from server.certificates.authority import Certified
from server.certificates.page import DER_PATH, PATH, PEM_PATH, PROFILE_PATH, file_of, install_page
from server.doors.router import PUBLIC, Router
from twin.errors import NotFound

router = Router("", tag="sign-in pages")

SERVICE = "certificate"
"""Name under which the hospital's services hold the :class:`Certified` of this server, if it signs for itself."""


def _certified(request: Request) -> Certified:
    found = request.app.state.hospital.services.get(SERVICE)
    if not isinstance(found, Certified):
        raise NotFound("certificate of this server's own", PATH)
    return found


@router.get(PATH, permission=PUBLIC, raw=True, media="text/html")
async def install_certificate(request: Request) -> Response:
    """Give the page with which a phone is told to trust this hospital."""
    authority = _certified(request).authority
    page = Page.of_headers(request.headers, request.app.state.hospital.settings)
    return install_page(page, authority, agent=request.headers.get("user-agent", ""), handheld="/m/")


def _file(request: Request) -> Response:
    found = file_of(_certified(request).authority, request.url.path)
    if found is None:
        raise NotFound("file", request.url.path)
    return found


@router.get(PEM_PATH, permission=PUBLIC, raw=True, media="application/x-x509-ca-cert")
async def authority_pem(request: Request) -> Response:
    """Give the authority's certificate as PEM."""
    return _file(request)


@router.get(DER_PATH, permission=PUBLIC, raw=True, media="application/x-x509-ca-cert")
async def authority_der(request: Request) -> Response:
    """Give the authority's certificate as DER."""
    return _file(request)


@router.get(PROFILE_PATH, permission=PUBLIC, raw=True, media="application/x-apple-aspen-config")
async def authority_profile(request: Request) -> Response:
    """Give the authority's certificate as a profile for Apple's systems."""
    return _file(request)
