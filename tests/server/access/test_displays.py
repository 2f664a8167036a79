"""Wall displays: one page of figures without names for whoever has the link, until it is ended or past its date."""

from __future__ import annotations

import re

import pytest

from server.access.displays import SHOWS
from tests.server.conftest import Served
from twin.access import Role
from twin.events.patients import EncounterClass, EncounterStarted
from twin.events.places import PlaceDefined, PlaceKind


async def made(served: Served, **told: object) -> dict[str, object]:
    root = await served.signed_in(Role.SYSADMIN, "root")
    answer = await root.post("/v1/displays", json={"name": "Corridor 3", "shows": "beds"} | told)
    assert answer.status_code == 201, answer.text
    body: dict[str, object] = answer.json()
    return body


def path_of(body: dict[str, object]) -> str:
    return str(body["link"]).partition("8300")[2]


def tell(served: Served, event_type: type, thing: str, **payload: object) -> None:
    now = served.clock.now()
    event = event_type(thing=thing, occurred_at=now, source="his:main", source_key=thing, **payload)
    served.hospital.record_now([event])


@pytest.mark.parametrize("shows", SHOWS)
@pytest.mark.parametrize(("language", "tag"), [("", "en"), ("zh_CN", "zh-CN")])
async def test_a_link_shows_its_page_and_opens_nothing_else(
    served: Served, shows: str, language: str, tag: str
) -> None:
    tell(served, PlaceDefined, "W1", kind=PlaceKind.ROOM, name="Ward <1>", name_zh="病区<1>", purpose="ward")
    tell(served, PlaceDefined, "W1-1", kind=PlaceKind.BED, name="Bed 1", parent="W1")
    tell(served, EncounterStarted, "ENCOUNTER-7", encounter_class=EncounterClass.INPATIENT, place="W1-1")
    body = await made(served, shows=shows, language=language)
    wall = await served.stranger()

    page = await wall.get(path_of(body), headers={"accept": "text/html"})

    assert page.status_code == 200
    assert f'lang="{tag}"' in page.text
    assert "ENCOUNTER-7" not in page.text
    assert "<1>" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    # no session begins, and the token is no key
    assert not wall.cookies
    token = path_of(body).partition("token=")[2]
    assert (await wall.get("/v1/state", headers={"authorization": f"Bearer {token}"})).status_code == 401
    assert (await wall.get("/ui/", headers={"accept": "text/html"})).status_code == 303
    for asset in re.findall(r'(?:href|src)="(/display/[^"]+)"', page.text):
        assert (await wall.get(asset)).status_code == 200


async def test_the_token_is_kept_nowhere_and_its_life_is_in_the_audit(served: Served) -> None:
    body = await made(served)
    token = path_of(body).partition("token=")[2]
    root = await served.signed_in(Role.SYSADMIN, "root")
    (listed,) = (await root.get("/v1/displays")).json()["displays"]
    assert token not in str(listed)
    assert listed["shows"] == "beds"
    files = [file for file in served.hospital.settings.data_dir.rglob("*") if file.is_file()]
    assert not any(token.encode() in file.read_bytes() for file in files)

    ended = await root.delete(f"/v1/displays/{listed['id']}")
    assert ended.json()["is_revoked"]
    dark = await (await served.stranger()).get(path_of(body))
    assert dark.status_code == 403
    rows = (await root.get("/v1/audit", params={"action": "display."})).json()["rows"]
    assert [row["action"] for row in rows] == ["display.made", "display.revoked"]


async def test_a_link_ends_with_its_days(served: Served) -> None:
    body = await made(served, days=1)
    wall = await served.stranger()
    assert (await wall.get(path_of(body))).status_code == 200

    served.clock.advance(24 * 3600 + 1)  # type: ignore[union-attr]

    assert (await wall.get(path_of(body))).status_code == 403


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"name": " "}, 422),  # a link that nobody finds again
        ({"shows": "patients"}, 422),  # no such page
        ({"language": "fr"}, 422),  # a language that we do not speak
        ({"days": 367}, 422),  # longer than a year
        ({"days": 0}, 422),
    ],
)
async def test_what_cannot_be_a_display_is_refused(served: Served, told: dict[str, object], status: int) -> None:
    root = await served.signed_in(Role.SYSADMIN, "root")

    answer = await root.post("/v1/displays", json={"name": "x", "shows": "beds"} | told)

    assert answer.status_code == status


async def test_only_who_manages_users_makes_and_ends_links(served: Served) -> None:
    nurse = await served.signed_in(Role.NURSE)

    assert (await nurse.post("/v1/displays", json={"name": "x", "shows": "beds"})).status_code == 403
    assert (await nurse.get("/v1/displays")).status_code == 403
    assert (await nurse.delete("/v1/displays/x")).status_code == 403


@pytest.mark.parametrize("query", ["", "?token=", "?token=%00", "?token=" + "x" * 5000])
async def test_wrong_tokens_open_nothing(served: Served, query: str) -> None:
    answer = await (await served.stranger()).get(f"/display{query}")

    assert answer.status_code == 403
