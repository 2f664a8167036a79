from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from rfid_gateway.uplink.key import UplinkKey, key_of


def test_new_key_holds_at_once_and_after_the_next_start(tmp_path: Path) -> None:
    kept = tmp_path / "spool.key"
    key = UplinkKey("old", kept)

    key.change("twk_1_new")

    assert (key.text, UplinkKey("old", kept).text) == ("twk_1_new", "twk_1_new")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["spool.key"]


@pytest.mark.parametrize("text", ["", "a\nb", "ключ", "x" * 201])
def test_what_is_no_key_changes_nothing(text: str, tmp_path: Path) -> None:
    key = UplinkKey("old", tmp_path / "spool.key")

    with pytest.raises(ValueError, match="no key"):
        key.change(text)

    assert key.text == "old"


def test_key_that_cannot_be_kept_does_not_hold(tmp_path: Path) -> None:
    key = UplinkKey("old", tmp_path / "no-such-folder" / "spool.key")

    with pytest.raises(FileNotFoundError):
        key.change("new")

    assert key.text == "old"


async def test_every_request_is_signed_with_the_key_that_holds_then() -> None:
    seen: list[str] = []

    def core(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["Authorization"])
        return httpx2.Response(200)

    key = key_of("old")
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(core), auth=key) as client:
        await client.get("http://core/")
        key.change("new")
        await client.get("http://core/")

    assert (seen, key_of(key)) == (["Bearer old", "Bearer new"], key)
