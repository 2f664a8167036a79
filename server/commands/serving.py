"""``serve``: run the hospital."""

from __future__ import annotations

from typing import Annotated

import typer

from server.access.setup import base_url
from server.app.running import at_work, log_to_standard_error, server_of
from server.console import AsJson, out, say, show
from server.session import opened
from twin.settings import load_settings

command = typer.Typer()


@command.command("serve")
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 0,
    pages: Annotated[bool, typer.Option(help="Whether to serve the pages beside the API.")] = True,
    as_json: AsJson = False,
) -> None:
    """Run the hospital: API, pages, ledger, jobs and alarms.

    Example: hospital-twin serve --port 8300
    """
    given: dict[str, object] = {}
    if host:
        given["host"] = host
    if port:
        given["port"] = port
    settings = load_settings(**given)
    log_to_standard_error()
    with opened(settings, is_core=True) as hospital, at_work(hospital, with_pages=pages) as app:
        link = app.access.setup_link
        url = base_url(settings)
        if as_json:
            show({"url": url, "setup_link": link.url if link else ""})
        elif link is not None:
            out(say("Set up the hospital once with this link (also in {file}):", file=str(link.file)))
            out(link.url)
        else:
            out(say("The hospital is served at {url}", url=url + "/ui/"))
        server_of(app, hospital).run()
