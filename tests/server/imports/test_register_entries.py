"""A sheet of register entries: fills in what is told, keeps what is not, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assets.model.notices import Certainty, Clause, Notice, Span
from assets.model.register import Asset, Identifier, IdentifierKind
from assets.service.act import Act
from assets.service.notices import matches_of, receive_notice
from assets.service.register import entry_of, register_assets
from server.imports.masters import COLUMNS_BY_KIND, MasterKind, template
from server.imports.runs import import_master
from server.wiring import Hospital, open_hospital
from twin.access import SYSTEM
from twin.clock import ManualClock, from_datetime
from twin.errors import ImportRefused
from twin.settings import Settings

NOW = 1_790_000_000 * 1_000_000  # 2026-09-21 14:13:20 UTC
BERLIN = ZoneInfo("Europe/Berlin")
MARK = Identifier(kind=IdentifierKind.BARCODE, value="4006381333931")


def pump(number: int, **fields: object) -> Asset:
    own: dict[str, object] = {"manufacturer": "Acme", "model": "M", "serial": f"S{number}"} | fields
    return Asset(id=f"pump-{number}", control_no=f"C-{number}", category="pump", name=f"Pump {number}", **own)  # type: ignore[arg-type]  # by name


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    settings = Settings(data_dir=tmp_path, free_disk_floor_mb=0, time_zone="Europe/Berlin")
    opened = open_hospital(settings, clock=ManualClock(NOW))
    act = Act(actor=SYSTEM, now=NOW, key="enter", ledger=opened.ledger)
    pumps = [pump(1, identifiers=(MARK,), owner="Hospital", cost=5), pump(2), pump(3)]
    opened.write_now(lambda session: register_assets(session, act=act, assets=pumps))
    yield opened
    opened.close()


def fill_in(hospital: Hospital, text: str, *, is_dry_run: bool = False) -> int:
    path = hospital.settings.data_dir / "register.csv"
    path.write_text(text, encoding="utf-8")
    return import_master(hospital, MasterKind.REGISTER, path, is_dry_run=is_dry_run).n_new


def entry(hospital: Hospital, number: int = 1) -> Asset:
    with hospital.read() as session:
        return entry_of(session, f"pump-{number}")


def local(*day: int) -> int:
    return from_datetime(datetime(*day, tzinfo=BERLIN))  # type: ignore[arg-type, misc]  # year, month, day


SHEET = (
    "id,lot,cost_minor,acquired_on,commissioned_on,warranty_until,parent,criticality\n"
    "C-1,L7,249900,2019-04-12,2019-05-01,2022-04-30,,4\n"
    "pump-2,,,,2020-01-02,,C-1,\n"
)


def test_a_sheet_fills_in_what_it_tells_and_keeps_what_it_does_not(hospital: Hospital) -> None:
    assert fill_in(hospital, SHEET, is_dry_run=True) == 2
    assert entry(hospital).lot == ""

    assert fill_in(hospital, SHEET) == 2
    first, second = entry(hospital, 1), entry(hospital, 2)

    assert (first.lot, first.cost, first.criticality, first.owner) == ("L7", 249_900, 4, "Hospital")
    assert (first.acquired_at, first.commissioned_at) == (local(2019, 4, 12), local(2019, 5, 1))
    assert first.warranty_until == local(2022, 5, 1)  # the end of its last day
    assert first.identifiers == (MARK,)
    assert (second.parent, second.cost, second.commissioned_at) == ("pump-1", 0, local(2020, 1, 2))
    assert fill_in(hospital, SHEET) == 0  # told again, nothing changes


def test_a_mark_names_its_device_and_a_semicolon_parts_as_well(hospital: Hospital) -> None:
    assert fill_in(hospital, f"id;firmware\n{MARK.value};2.1\n") == 1
    assert entry(hospital).firmware == "2.1"


@pytest.mark.parametrize(
    ("rows", "place", "field"),
    [
        ("nobody,L1,,\n", "row 2", "id"),
        ("pump-1,L1,,\nC-1,L2,,\n", "row 3", "id"),  # one device by two of its names
        ("pump-1,,nobody,\n", "row 2", "parent"),
        ("pump-1,,,12\n", "row 2", "commissioned_on"),
        ("pump-1,,,2019-02-30\n", "row 2", "commissioned_on"),
        (",L1,,\n", "row 2", "id"),
    ],
)
def test_a_row_that_cannot_be_kept_is_named_and_nothing_is(
    hospital: Hospital, rows: str, place: str, field: str
) -> None:
    good = "pump-3,L9,,\n"

    with pytest.raises(ImportRefused) as refused:
        fill_in(hospital, "id,lot,parent,commissioned_on\n" + rows + good)

    assert [(one.place, one.field) for one in refused.value.problems] == [(place, field)]
    assert entry(hospital, 3).lot == ""


def test_a_plate_that_another_device_has_is_refused(hospital: Hospital) -> None:
    with pytest.raises(ImportRefused, match="S1"):
        fill_in(hospital, "id,serial\npump-3,S9\npump-2,S1\n")

    assert entry(hospital, 3).serial == "S3"


def test_a_lot_that_is_filled_in_brings_an_open_notice_into_play(hospital: Hospital) -> None:
    act = Act(actor=SYSTEM, now=NOW, key="notice", ledger=hospital.ledger)
    clause = Clause(manufacturer="Acme", lots=(Span(low="L7", high="L7"),))
    notice = Notice(id="n", title="t", clauses=(clause,))
    hospital.write_now(lambda session: receive_notice(session, act=act, notice=notice))

    fill_in(hospital, "id,lot\npump-1,L7\npump-2,L8\n")

    with hospital.read() as session:
        certain = [one.asset for one in matches_of(session, notice_id="n") if one.certainty is Certainty.CERTAIN]
    assert certain == ["pump-1"]


def test_the_template_is_a_sheet_that_is_read(hospital: Hospital) -> None:
    text = template(COLUMNS_BY_KIND[MasterKind.REGISTER])

    with pytest.raises(ImportRefused) as refused:
        fill_in(hospital, text)

    # Only its example device and its rack are not in this hospital.
    assert {one.field for one in refused.value.problems} == {"id"}
