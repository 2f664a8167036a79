"""``serve``: run the hospital."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Annotated

import typer
import uvicorn

from server.access.setup import base_url
from server.app.factory import App
from server.app.running import at_work, log_to_standard_error, server_of
from server.certificates.authority import Certified
from server.certificates.listening import plain_door
from server.certificates.naming import certified, machine_names, names_of
from server.certificates.page import PATH
from server.certificates.routes import SERVICE
from server.console import AsJson, out, say, show
from server.deadlines import each
from server.session import opened
from server.wiring import Hospital
from twin.clock import DAY_US
from twin.settings import Settings, load_settings

command = typer.Typer()
log = logging.getLogger("hospital_twin.server")


@command.command("serve")
def serve(  # one option per choice
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 0,
    pages: Annotated[bool, typer.Option(help="Whether to serve the pages beside the API.")] = True,
    https: Annotated[bool, typer.Option("--https", help="Sign a certificate for this server itself.")] = False,
    names: Annotated[list[str] | None, typer.Option("--name", help="Further name or address for it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the hospital: API, pages, ledger, jobs and alarms.

    Example: hospital-twin serve --host 0.0.0.0 --https --name hospital.lan
    """
    given: dict[str, object] = {}
    if host:
        given["host"] = host
    if port:
        given["port"] = port
    if https:
        given["tls_authority"] = True
    settings = load_settings(**given)
    log_to_standard_error()
    own: Certified | None = None
    if settings.tls_authority and settings.tls_certificate is None:
        asked = names_of(settings, names or ())
        settings, own = certified(settings, names=asked, now=datetime.now(UTC), further=machine_names())
    with opened(settings, is_core=True) as hospital, at_work(hospital, with_pages=pages) as app:
        _tell(app, settings, own, as_json=as_json)
        server = server_of(app, hospital)
        if own is not None:
            _trust(hospital, app, own, server)
        server.run()


def _tell(app: App, settings: Settings, own: Certified | None, *, as_json: bool) -> None:
    link, url = app.access.setup_link, base_url(settings)
    install = f"http://{own.names[0]}:{settings.install_port}{PATH}" if own and settings.install_port else ""
    if as_json:
        told = {"url": url, "setup_link": link.url if link else ""}
        if own is not None:
            told |= {"install_url": install, "fingerprint_sha256": own.authority.fingerprint}
        show(told)
        return
    if link is not None:
        out(say("Set up the hospital once with this link (also in {file}):", file=str(link.file)))
        out(link.url)
    else:
        out(say("The hospital is served at {url}", url=url + "/ui/"))
    if own is not None:
        out(say("Phones are told to trust it once at {url}; the fingerprint there must be this one:", url=install))
        out(own.authority.fingerprint)


def _trust(hospital: Hospital, app: App, own: Certified, server: uvicorn.Server) -> None:
    """Serve the page for phones, and renew the certificate in time while the server runs."""
    hospital.services[SERVICE] = own
    settings = hospital.settings
    if settings.install_port:
        app.api.state.background.append(lambda: plain_door(settings, own.authority))

    def renew() -> None:
        _, found = certified(settings, names=own.names, now=datetime.now(UTC))
        if found.is_new and server.config.ssl is not None:
            # the context that answers already takes the new one for whoever connects next
            server.config.ssl.load_cert_chain(found.certificate, found.key)
            log.info("the server's certificate was renewed")

    hospital.deadlines.repeat("certificate", renew, next_at=each(DAY_US))
