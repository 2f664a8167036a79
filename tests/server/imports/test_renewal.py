"""A sheet that is imported again changes what changed, also what changed back; and every import is in the audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from server.imports.masters import MasterKind
from server.imports.runs import import_master
from server.schema.access import AuditRow
from server.wiring import Hospital, open_hospital
from twin.clock import ManualClock
from twin.errors import ImportRefused
from twin.events.places import PlaceDefined, PlaceRemoved
from twin.settings import load_settings

NOW = 1_790_000_000_000_000


@pytest.fixture
def hospital(tmp_path: Path):
    opened = open_hospital(load_settings(data_dir=tmp_path / "data"), clock=ManualClock(NOW))
    yield opened
    opened.close()


def sheet(hospital: Hospital, kind: MasterKind, text: str, *, is_dry_run: bool = False, encoding: str = "utf-8") -> int:
    """Import a sheet a minute after the last thing that happened; give how many facts were new."""
    path = hospital.settings.data_dir / "sheet.csv"
    path.write_bytes(text.encode(encoding))
    hospital.clock.advance(60)
    return import_master(hospital, kind, path, is_dry_run=is_dry_run, actor="user-1").n_new


def places(*names: str) -> str:
    return "id,name,kind\n" + "".join(f"P{n},{name},ward\n" for n, name in enumerate(names))


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.lists(st.sampled_from(["North", "South", "West"]), min_size=2, max_size=2), max_size=5))
def test_what_the_last_sheet_says_holds_whatever_was_said_before(hospital: Hospital, names: list[list[str]]) -> None:
    for pair in names:
        changed = sum(
            (place := hospital.live.places.get(f"P{n}")) is None or place.name != name for n, name in enumerate(pair)
        )

        assert sheet(hospital, MasterKind.PLACES, places(*pair), is_dry_run=True) == changed
        assert sheet(hospital, MasterKind.PLACES, places(*pair)) == changed
        assert [hospital.live.places[f"P{n}"].name for n in range(2)] == pair


def test_a_place_that_was_removed_or_renamed_by_hand_comes_back_with_the_sheet(hospital: Hospital) -> None:
    sheet(hospital, MasterKind.PLACES, places("North", "South"))
    hospital.clock.advance(60)
    now = hospital.clock.now()
    head = {"occurred_at": now, "source": "user:u"}
    hospital.record_now(
        [
            PlaceRemoved(thing="P0", source_key="1", **head),
            PlaceDefined(thing="P1", source_key="2", kind=hospital.live.places["P1"].kind, name="By hand", **head),
        ]
    )

    assert sheet(hospital, MasterKind.PLACES, places("North", "South")) == 2
    assert hospital.live.places["P1"].name == "South"
    assert "P0" in hospital.live.places


def test_a_place_cannot_come_to_lie_within_itself_by_two_sheets(hospital: Hospital) -> None:
    head = "id,name,kind,parent\n"
    sheet(hospital, MasterKind.PLACES, head + "A,A,building,\nB,B,ward,A\n")

    with pytest.raises(ImportRefused, match="within itself"):
        sheet(hospital, MasterKind.PLACES, head + "A,A,building,B\n")


def test_a_tag_goes_to_another_device_and_back(hospital: Hospital) -> None:
    head = "id,category,name,tag\n"
    for first, second in (("T1", ""), ("", "T1"), ("T1", "")):
        sheet(hospital, MasterKind.ASSETS, head + f"A,pump,Pump A,{first}\nB,pump,Pump B,{second}\n")
        bearer = "A" if first else "B"

        bound = hospital.live.tags["T1"].bound
        assert bound is not None
        assert bound.bearer == bearer


@pytest.mark.parametrize(
    ("kind", "text", "place", "field"),
    [
        (MasterKind.PLACES, "id,name,kind,parent\nA,a,ward,B\nB,b,ward,A\n", "row 2", "parent"),  # in a circle
        (MasterKind.PLACES, "id,name,kind,parent\nA,a,ward,A\n", "row 2", "parent"),  # in itself
        (MasterKind.PLACES, "id,name,kind,width_m\nA,a,ward,-4\n", "row 2", "width_m"),  # less than nothing
        (MasterKind.PLACES, "id,name,kind,x_m\nA,a,ward,nan\n", "row 2", "x_m"),
        (MasterKind.PLACES, "id,name,kind,x_m\nA,a,ward,1e9\n", "row 2", "x_m"),
        (MasterKind.ASSETS, "id,category,name,tag\nA,p,a,T\nB,p,b,T\n", "row 3", "tag"),  # one tag on two devices
        (MasterKind.ASSETS, "id,category,name,gtin\nA,p,a,09521234567897\n", "row 2", "gtin"),  # check digit
        (MasterKind.ASSETS, "id,category,name,home\nA,p,a,NOWHERE\n", "row 2", "home"),
        (MasterKind.ASSETS, "id,category,name,is_mobile\nA,p,a,perhaps\n", "row 2", "is_mobile"),
        (MasterKind.STAFF, "id,role\nS1,\n", "row 2", "role"),
        (MasterKind.STAFF, "id,role\nS1,nurse\nS1,nurse\n", "row 3", "id"),
        (MasterKind.PATHS, "start,end,kind\nA,B,door\n", "row 2", "start"),  # places that nobody imported
        (MasterKind.ITEMS, "id,name,unit_cost_minor\nI,Gauze,2.50\n", "row 2", "unit_cost_minor"),
        (MasterKind.ITEMS, "id,name,gtin\nI,Gauze,12345\n", "row 2", "gtin"),
        (MasterKind.ITEMS, "", "row 1", "header"),  # an empty file
        (MasterKind.ITEMS, "id,name\n", "row 2", "file"),  # a header only
        (MasterKind.ITEMS, 'id,name\nI,"Gauze\n', "row 2", "row"),  # a quote that never ends
        (MasterKind.ITEMS, "id,name\nI,Gauze,more\n", "row 2", "columns"),
        (MasterKind.ITEMS, "id,name\nI\0,Gauze\n", "row 2", "id"),
    ],
)
def test_each_bad_cell_is_named_and_nothing_is_stored(
    hospital: Hospital, kind: MasterKind, text: str, place: str, field: str
) -> None:
    with pytest.raises(ImportRefused) as refused:
        sheet(hospital, kind, text)

    assert (refused.value.problems[0].place, refused.value.problems[0].field) == (place, field)
    assert hospital.live.sequence == 0
    assert audited(hospital) == []


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-8"), (",", "gb18030")])
def test_sheets_as_spreadsheet_programs_write_them(hospital: Hospital, delimiter: str, encoding: str) -> None:
    text = "id,name,name_zh,kind\r\n2A,Ward 2A,二A病区,ward\r\n".replace(",", delimiter)

    assert sheet(hospital, MasterKind.PLACES, text, encoding=encoding) == 1
    assert hospital.live.places["2A"].name_zh == "二A病区"


def audited(hospital: Hospital) -> list[tuple[str, str, str, dict[str, object]]]:
    with hospital.read() as session:
        rows = session.exec(select(AuditRow)).all()
    return [(row.action, row.actor, row.subject, json.loads(row.facts)) for row in rows]


def test_an_import_is_in_the_audit_and_a_dry_run_is_not(hospital: Hospital) -> None:
    sheet(hospital, MasterKind.PLACES, places("North"), is_dry_run=True)
    sheet(hospital, MasterKind.PLACES, places("North"))
    sheet(hospital, MasterKind.ITEMS, "id,name\nI,Gauze\n")

    facts = {"file": "sheet.csv", "rows": 1, "new": 1}
    assert audited(hospital) == [
        ("import.done", "user-1", "places", facts),
        ("import.done", "user-1", "items", facts),
    ]
