"""Evidence through the HTTP door."""

from __future__ import annotations

import pytest

from server.printing import find_browser, print_pdf
from tests.server.conftest import Served
from tests.server.http.test_assets import PUMP
from twin.access import Role
from twin.errors import Unavailable


async def test_evidence_of_a_device_is_a_pdf_or_a_page_to_print(served: Served) -> None:
    biomed = await served.signed_in(Role.BIOMED)
    await biomed.post("/v1/assets", json=PUMP)

    page = await biomed.get("/v1/assets/pump-1/evidence", params={"format": "html"})
    chinese = await biomed.get(
        "/v1/assets/pump-1/evidence", params={"format": "html"}, headers={"accept-language": "zh-CN"}
    )
    none = await biomed.get("/v1/assets/none/evidence", params={"format": "html"})

    assert (page.status_code, "Evidence of Pump 1" in page.text) == (200, True)
    assert "script" not in page.headers["content-security-policy"]
    assert "Pump 1 的证据" in chinese.text
    assert none.status_code == 404
    if find_browser():
        printed = await biomed.get("/v1/assets/pump-1/evidence")
        assert printed.headers["content-type"] == "application/pdf"
        assert printed.content.startswith(b"%PDF-")


def test_without_a_browser_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(Unavailable, match="format=html"):
        print_pdf("<p>x</p>")
