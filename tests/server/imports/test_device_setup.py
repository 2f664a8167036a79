"""Sheets of reprocessing machines and programmes: looked at first, stored as a whole, given back as they were told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.model.machine import Machine
from assets.model.programme import TEMPERATURE_AND_PRESSURE, Drying, Evidence, Programme, Pulses
from assets.model.register import Asset
from assets.service import machines
from assets.service.act import Act
from assets.service.register import register_asset
from server.imports.desk import Desk
from server.imports.masters import MasterKind
from server.imports.runs import import_master
from server.wiring import Hospital, open_hospital
from twin.access import SYSTEM
from twin.clock import ManualClock
from twin.errors import ImportRefused, NotFound
from twin.settings import Settings

NOW = 1_790_000_000 * 1_000_000
LIMITS = "id,band_low_c,band_high_c,required_hold_s,source"
PROGRAMMES = (
    "id,name,band_low_c,band_high_c,required_hold_s,required,phases,pulse_count,pulse_low_kpa,pulse_high_kpa,"
    "drying_kpa,drying_s,min_f0_minutes,source\n"
    'P134,"134 °C, wrapped",134,137,180,,,,,,,,,PQ 2026\n'
    "P121,121 °C,121.0,124.0,900,control_temperature; leak_test,1; 2; 3,3,10,95,8,300,12.5,PQ 2026\n"
)
MACHINES = "id,place,device,programmes,leading,idle_codes,quantities\nS-1,cssd,plc-4,1=P134; 2=P121,state,0; 9,control_c=t1|t2\n"


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    opened = open_hospital(Settings(data_dir=tmp_path, free_disk_floor_mb=0), clock=ManualClock(NOW))

    def enter(session: object) -> None:
        for number in (1, 2):
            asset = Asset(id=f"ster-{number}", control_no=f"S-{number}", category="steriliser", name=f"S {number}")
            act = Act(actor=SYSTEM, now=NOW, key=f"enter-{number}", ledger=opened.ledger)
            register_asset(session, act=act, asset=asset)  # type: ignore[arg-type]  # the writer gives a session

    opened.write_now(enter)
    yield opened
    opened.close()


def sheet(hospital: Hospital, kind: MasterKind, text: str, *, is_dry_run: bool = False) -> int:
    path = hospital.settings.data_dir / f"{kind}.csv"
    path.write_text(text, encoding="utf-8")
    return import_master(hospital, kind, path, is_dry_run=is_dry_run).n_new


def test_a_sheet_is_looked_at_then_stored_and_says_nothing_new_the_second_time(hospital: Hospital) -> None:
    looked = sheet(hospital, MasterKind.PROGRAMMES, PROGRAMMES, is_dry_run=True)
    with hospital.read() as session:
        assert machines.all_programmes(session) == []
    stored = (sheet(hospital, MasterKind.PROGRAMMES, PROGRAMMES), sheet(hospital, MasterKind.MACHINES, MACHINES))
    again = (sheet(hospital, MasterKind.PROGRAMMES, PROGRAMMES), sheet(hospital, MasterKind.MACHINES, MACHINES))

    assert (looked, stored, again) == (2, (2, 1), (0, 0))
    with hospital.read() as session:
        p121, p134 = machines.all_programmes(session)
        assert machines.all_machines(session) == [
            Machine(
                id="ster-1",
                place="cssd",
                device="plc-4",
                programmes={1: "P134", 2: "P121"},
                leading="state",
                idle_codes=(0, 9),
                quantities={"control_c": ("t1", "t2")},
            )
        ]
    assert p134.required == TEMPERATURE_AND_PRESSURE
    assert p121 == Programme(
        id="P121",
        name="121 °C",
        band_low_c=121.0,
        band_high_c=124.0,
        required_hold_s=900.0,
        required=frozenset({Evidence.CONTROL_TEMPERATURE, Evidence.LEAK_TEST}),
        phases=(1, 2, 3),
        pulses=Pulses(count=3, low_kpa=10.0, high_kpa=95.0),
        drying=Drying(pressure_kpa=8.0, duration_s=300.0),
        min_f0_minutes=12.5,
        source="PQ 2026",
    )


def test_what_is_given_back_as_a_sheet_sets_up_the_same(hospital: Hospital) -> None:
    sheet(hospital, MasterKind.PROGRAMMES, PROGRAMMES)
    sheet(hospital, MasterKind.MACHINES, MACHINES)
    desk = Desk(hospital)

    for kind in (MasterKind.PROGRAMMES, MasterKind.MACHINES):
        assert sheet(hospital, kind, desk.sheet(kind)) == 0
    with pytest.raises(NotFound):
        desk.sheet("places")


@pytest.mark.parametrize(
    ("kind", "text", "field"),
    [
        # a band that is none
        (MasterKind.PROGRAMMES, LIMITS + "\nP,137,134,180,s\n", "band_low_c"),
        # nothing that could be a hold
        (
            MasterKind.PROGRAMMES,
            LIMITS + "\nP,134,137,nan,s\n",
            "required_hold_s",
        ),
        # limits that nobody stands for
        (MasterKind.PROGRAMMES, LIMITS + "\nP,134,137,180,\n", "source"),
        # evidence that does not exist
        (
            MasterKind.PROGRAMMES,
            LIMITS + ",required\nP,134,137,180,s,pressure; colour\n",
            "required",
        ),
        # pulses without their pressures
        (
            MasterKind.PROGRAMMES,
            LIMITS + ",pulse_count\nP,134,137,180,s,3\n",
            "pulse_count",
        ),
        # pulses the wrong way round
        (
            MasterKind.PROGRAMMES,
            LIMITS + ",pulse_count,pulse_low_kpa,pulse_high_kpa\nP,134,137,180,s,3,95,10\n",
            "pulses",
        ),
        # suspected only after it has failed
        (
            MasterKind.PROGRAMMES,
            LIMITS + ",max_air_share,air_suspected_share\nP,134,137,180,s,0.02,0.03\n",
            "air_suspected_share",
        ),
        (MasterKind.MACHINES, "id\nS-9\n", "id"),  # no such device
        (MasterKind.MACHINES, "id,programmes\nS-1,1=P9\n", "programmes"),  # no such programme
        (MasterKind.MACHINES, "id,programmes\nS-1,one=P9\n", "programmes"),  # no code
        (MasterKind.MACHINES, "id,programmes\nS-1,1=P1; 01=P2\n", "programmes"),  # one code twice
        (MasterKind.MACHINES, "id,idle_codes\nS-1,-1\n", "idle_codes"),
        (MasterKind.MACHINES, "id,quantities\nS-1,colour=t1\n", "quantities"),  # no such channel
        (MasterKind.MACHINES, "id,leading\nS-1,door\n", "leading"),
        (MasterKind.MACHINES, "id,start_above_c,end_below_c\nS-1,80,90\n", "end_below_c"),
        (MasterKind.MACHINES, "id,device\nS-1,plc\nS-2,plc\n", "device"),  # one gateway device, two machines
    ],
)
def test_a_sheet_that_cannot_be_is_refused_as_a_whole(
    hospital: Hospital, kind: MasterKind, text: str, field: str
) -> None:
    for is_dry_run in (True, False):
        with pytest.raises(ImportRefused) as refused:
            sheet(hospital, kind, text, is_dry_run=is_dry_run)
        assert [problem.field for problem in refused.value.problems] == [field]
        assert refused.value.problems[0].place.startswith("row ")
    with hospital.read() as session:
        assert (machines.all_machines(session), machines.all_programmes(session)) == ([], [])
