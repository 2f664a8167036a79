"""No page leads its reader to a page that is closed to them, or to one that does not exist."""

from __future__ import annotations

from urllib.parse import urlparse

import pytest

from dash_app.pages.page import Page, Visit
from dash_app.pages.registry import PAGES, page_for
from tests.dash_app.small_hospital import small_port
from twin.access import Role

PREFIX = "/ui"
SERVED = {"/gateways"}
"""Pages that only a served hospital fills."""


@pytest.mark.parametrize("role", [role for role in Role if not role.value.startswith("service:")])
def test_every_link_that_a_role_sees_opens(role: Role) -> None:
    port = small_port(role)
    actor = port.actor()
    closed = [
        (page.path, href)
        for page in PAGES
        if actor.may(page.permission) and page.path not in SERVED
        for href in _addresses(page, port)
        if (target := page_for(urlparse(href).path.removeprefix(PREFIX))) is None or not actor.may(target.permission)
    ]

    assert closed == []


def _addresses(page: Page, port: object) -> set[str]:
    shown = page.layout(port, Visit(path=page.path.replace("*", "IP-3"), query={}))  # type: ignore[arg-type]
    found = {getattr(part, "href", None) for part in shown._traverse()}
    return {href for href in found if isinstance(href, str) and href.startswith(PREFIX + "/")}
