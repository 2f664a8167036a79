"""Files handed over by programs: looked at, refused by row, stored as a whole, and noted with who did it."""

from __future__ import annotations

import json

import pytest

from server.imports.desk import mapping_of
from server.imports.masters import MasterKind
from tests.server.conftest import Served
from twin.access import PERMISSIONS_BY_ROLE, Permission, Role
from twin.errors import FieldError

PLACES = "id,name,kind,parent\nH,Hospital,site,\n2A,Ward 2A,ward,H\n"
LOG = "patient,activity,timestamp\np1,Arrive,2026-01-02 10:00:00\np1,Leave,2026-01-02 12:00:00\n"
CSV = {"content-type": "text/csv"}


async def test_a_sheet_is_looked_at_then_stored_with_who_did_it(served: Served) -> None:
    client = await served.signed_in(Role.SYSADMIN)

    looked = await client.post("/v1/imports/places", params={"dry_run": True}, content=PLACES, headers=CSV)
    assert (looked.status_code, looked.json()["n_new"], looked.json()["is_stored"]) == (200, 2, False), looked.text
    assert not served.hospital.live.places
    stored = await client.post("/v1/imports/places", params={"file_name": "p.csv"}, content=PLACES, headers=CSV)

    assert (stored.status_code, stored.json()["n_new"]) == (200, 2)
    assert set(served.hospital.live.places) == {"H", "2A"}
    auditor = await served.signed_in(Role.AUDITOR)
    [row] = (await auditor.get("/v1/audit", params={"action": "import."})).json()["rows"]
    assert (row["subject"], row["facts"]) == ("places", {"file": "p.csv", "new": 2, "rows": 2})


async def test_every_bad_row_is_named_in_the_look_and_in_the_refusal(served: Served) -> None:
    client = await served.signed_in(Role.SYSADMIN)
    bad = PLACES + "2B,,ward,H\n2C,Ward 2C,castle,H\n"

    looked = (await client.post("/v1/imports/places", params={"dry_run": True}, content=bad, headers=CSV)).json()
    refused = await client.post("/v1/imports/places", content=bad, headers=CSV)

    assert [(one["place"], one["field"]) for one in looked["problems"]] == [("row 4", "name"), ("row 5", "kind")]
    assert refused.status_code == 422
    assert refused.json()["code"] == "input.import"
    assert len(refused.json()["errors"]) == 2
    assert not served.hospital.live.places


async def test_a_guessed_log_is_stored_only_with_the_guess_in_hand(served: Served) -> None:
    client = await served.signed_in(Role.SYSADMIN)
    looked = (await client.post("/v1/imports/events", params={"dry_run": True}, content=LOG, headers=CSV)).json()
    assert looked["guessed"]
    assert json.loads(looked["mapping"])["columns"]["case"] == "patient"

    blind = await client.post("/v1/imports/events", content=LOG, headers=CSV)
    seen = await client.post("/v1/imports/events", params={"mapping": looked["mapping"]}, content=LOG, headers=CSV)

    assert (blind.status_code, blind.json()["code"]) == (422, "input.import")
    assert (seen.status_code, seen.json()["is_stored"]) == (200, True), seen.text
    assert seen.json()["n_new"] == looked["n_new"] > 0


@pytest.mark.parametrize(
    ("kind", "params", "content", "status"),
    [
        ("castles", {}, b"id\n", 404),
        ("places", {"dry_run": True}, b"\xff\xfe\x00x", 200),  # not text: told as a problem of the file
        ("places", {}, b"", 422),
        ("places", {"file_name": "../../etc/x.csv"}, b"", 422),
        ("events", {"mapping": "nobody"}, LOG.encode(), 422),
        ("events", {"mapping": "{}"}, LOG.encode(), 422),
        ("events", {"file_name": "x.xes", "mapping": "sepsis"}, b"<log><trace>", 422),
        ("events", {"file_name": "x.xes", "dry_run": True}, b"<!DOCTYPE x [<!ENTITY a 'b'>]><log>&a;</log>", 200),
    ],
)
async def test_what_cannot_be_read_is_said_so(
    served: Served, kind: str, params: dict[str, object], content: bytes, status: int
) -> None:
    client = await served.signed_in(Role.SYSADMIN)

    answer = await client.post(f"/v1/imports/{kind}", params=params, content=content, headers=CSV)

    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json()["n_problems"] >= 1
    assert served.hospital.live.sequence == 0


LACKED = {"parent", "home", "start", "end", "asset", "place", "source", "item"}  # what an empty hospital has none of
FIRST_COLUMN = {MasterKind.PATHS: b"start", MasterKind.TAGS: b"tag", MasterKind.PAR_LEVELS: b"place"}


@pytest.mark.parametrize("kind", MasterKind)
async def test_a_template_comes_as_spreadsheets_want_it_and_passes_its_own_look(
    served: Served, kind: MasterKind
) -> None:
    client = await served.signed_in(Role.SYSADMIN)

    template = await client.get(f"/v1/imports/{kind}/template")

    assert template.content.startswith(b"\xef\xbb\xbf" + FIRST_COLUMN.get(kind, b"id"))
    assert f'filename="{kind}.csv"' in template.headers["content-disposition"]
    looked = await client.post(f"/v1/imports/{kind}", params={"dry_run": True}, content=template.content, headers=CSV)
    # whose own id is a device of the register or a place of the building already
    of_something_known = {MasterKind.MACHINES, MasterKind.REGISTER, MasterKind.STOCK_PLACES}
    lacked = LACKED | {"id"} if kind in of_something_known else LACKED
    unknown = {one["field"] for one in looked.json()["problems"]} - lacked
    assert unknown == set()  # only the places and devices that an empty hospital lacks


@pytest.mark.parametrize("role", [role for role in Role if Permission.IMPORT_RUN not in PERMISSIONS_BY_ROLE[role]])
async def test_who_may_not_import_does_not(served: Served, role: Role) -> None:
    client = await served.holder(role)

    answer = await client.post("/v1/imports/places", content=PLACES, headers=CSV)

    assert answer.status_code == 403
    assert not served.hospital.live.places


def test_a_mapping_names_its_first_wrong_key() -> None:
    with pytest.raises(FieldError) as caught:
        mapping_of('{"name": "x", "shape": "visits", "columns": {"case": "c"}, "colour": "red"}')

    assert caught.value.problem.cure
