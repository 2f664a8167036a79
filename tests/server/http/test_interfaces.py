"""The interfaces' page and the link table, through the public door."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from interop.hl7v2.message import read_message
from interop.tables import LINKS, PERSONS
from server.listening import receive, vault_of
from tests.interop.messages_for_tests import adt
from tests.server.conftest import Served
from twin.access import Role

WHY = {"reason": "bedside identity check"}


async def _hear(served: Served, *contents: bytes) -> None:
    for content in contents:
        await receive(served.hospital, read_message(content), content)


async def test_each_connection_is_shown_with_its_dead_letters_and_they_can_be_replayed(served: Served) -> None:
    await _hear(served, adt("A01", visit="V1"), adt("A01", PV1_19=""))
    client = await served.signed_in(Role.SYSADMIN)

    (row,) = (await client.get("/v1/interfaces")).json()["interfaces"]
    page = (await client.get("/v1/interfaces/messages", params={"outcome": "dead"})).json()
    number = page["messages"][0]["number"]
    again = await client.post(f"/v1/interfaces/messages/{number}/replay")

    assert (row["source"], row["messages"], row["dead_letters"], row["last_hour"]) == ("his:adt", 2, 1, 2)
    assert "PV1-19" in page["messages"][0]["problem"]
    assert again.status_code == 422
    assert "FAMILYNAME" not in str(page)


async def test_messages_come_in_pages(served: Served) -> None:
    await _hear(served, *(adt("A08", visit="V1") for _ in range(5)))
    client = await served.signed_in(Role.SYSADMIN)

    first = (await client.get("/v1/interfaces/messages", params={"limit": 3})).json()
    second = (await client.get("/v1/interfaces/messages", params={"limit": 3, "cursor": first["next"]})).json()

    numbers = [row["number"] for row in first["messages"] + second["messages"]]
    assert numbers == sorted(numbers, reverse=True)
    assert (len(numbers), second["next"]) == (5, "")


async def test_an_identity_is_revealed_to_who_may_with_a_reason_and_erased_for_good(served: Served) -> None:
    await _hear(served, adt("A01", visit="V1"))
    encounter = vault_of(served.hospital).pseudonym("visit", "HOSP", "V1")
    nurse, operator = await served.signed_in(Role.NURSE), await served.signed_in(Role.SYSADMIN)
    url = f"/v1/interfaces/identities/{encounter}"

    shown = await nurse.post(f"{url}/reveal", json=WHY)
    silent = await nurse.post(f"{url}/reveal", json={"reason": ""})
    refused = await operator.post(f"{url}/reveal", json=WHY)
    erased = await operator.post(f"{url}/erase", json=WHY)
    after = await nurse.post(f"{url}/reveal", json=WHY)

    assert shown.json()["names"] == ["FAMILYNAME^GIVENNAME"]
    assert [silent.status_code, refused.status_code, after.status_code] == [422, 403, 404]
    assert erased.json() == {"records": 1, "remains": ["backups"]}


async def test_after_an_erasure_no_file_holds_the_key_while_the_hospital_works_on(served: Served) -> None:
    await _hear(served, adt("A01", visit="V1"), adt("A01", visit="V2"))
    folder, encounter = served.hospital.settings.data_dir, vault_of(served.hospital).pseudonym("visit", "HOSP", "V1")
    with served.hospital.read() as session:
        rows = session.execute(
            select(PERSONS.c.wrapped_key, LINKS.c.encounter).join(LINKS, LINKS.c.person == PERSONS.c.person)
        )
        keys = {row.encounter: row.wrapped_key for row in rows}
    operator = await served.signed_in(Role.SYSADMIN)
    assert _files_with(folder, keys[encounter]) != []

    erased = await operator.post(f"/v1/interfaces/identities/{encounter}/erase", json=WHY)

    other = next(key for name, key in keys.items() if name != encounter)
    assert erased.json()["remains"] == ["backups"]
    assert _files_with(folder, keys[encounter]) == []
    assert _files_with(folder, other) != []


async def test_an_erasure_says_that_the_log_could_not_be_emptied_while_somebody_reads(served: Served) -> None:
    await _hear(served, adt("A01", visit="V1"))
    encounter = vault_of(served.hospital).pseudonym("visit", "HOSP", "V1")
    operator = await served.signed_in(Role.SYSADMIN)

    with served.hospital.read() as session:
        session.execute(select(PERSONS.c.person)).all()
        erased = await operator.post(f"/v1/interfaces/identities/{encounter}/erase", json=WHY)

    assert erased.json()["remains"] == ["backups", "log"]


def _files_with(folder: Path, needle: bytes) -> list[str]:
    return [file.name for file in folder.rglob("*") if file.is_file() and needle in file.read_bytes()]
