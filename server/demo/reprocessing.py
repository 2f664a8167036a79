"""The demo's sterilizers and washers: their programmes, their loads, and what they measured before people looked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from sqlmodel import Session

from assets.model.loads import LoadItem, MachineTest, MachineTestKind
from assets.model.machine import Machine as ReprocessingMachine
from assets.model.programme import Evidence, MachineKind, Programme
from assets.service.act import Act
from assets.service.loads import open_load, record_test
from assets.tables.reprocessing import save_machine, save_programme
from rfid_gateway.simulators.plants import SteamSterilizer
from server.demo.inhabitants import Inhabitants, StockItem
from server.wiring import Hospital
from twin.access import SYSTEM
from twin.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from twin.ports import EventSink
from twin.telemetry.samples import SampleChunk
from twin.telemetry.telemetry import Telemetry

STEAM_QUANTITIES = (
    "control_c",
    "record_c",
    "pressure_kpa",
    "phase",
    "door",
    "alarm",
    "cycle_number",
    "heartbeat",
    "programme",
    "machine_state",
)
SETS_PER_LOAD = 6
STEAM = Programme(
    id="P134",
    name="Instruments 134 °C",
    band_low_c=134.0,
    band_high_c=137.0,
    required_hold_s=180.0,
    required=frozenset(
        {
            Evidence.CONTROL_TEMPERATURE,
            Evidence.RECORD_TEMPERATURE,
            Evidence.PRESSURE,
            Evidence.PHASE,
            Evidence.HEARTBEAT,
            Evidence.CYCLE_NUMBER,
            Evidence.AIR_REMOVAL_TEST,
        }
    ),
    source="EN 285",
)
WASH = Programme(
    id="A0-3000",
    name="Instruments 90 °C",
    kind=MachineKind.WASHER_DISINFECTOR,
    band_low_c=90.0,
    band_high_c=95.0,
    required_hold_s=300.0,
    required=frozenset({Evidence.CONTROL_TEMPERATURE, Evidence.PHASE}),
    min_a0_s=3000.0,
    source="EN ISO 15883-1",
)


def define_machines(session: Session, *, found: Inhabitants, ledger: EventSink, now: int) -> None:
    """Enter the machines with their programmes, and this morning's air removal tests.

    Parameters
    ----------
    session : Session
        The transaction.
    found : Inhabitants
        Which machines there are.
    ledger : EventSink
        Where events go.
    now : int
        UTC microseconds.
    """
    save_programme(session, STEAM)
    save_programme(session, WASH)
    for machine in found.machines:
        if machine.kind == "steam_sterilizer":
            save_machine(
                session,
                ReprocessingMachine(
                    id=machine.asset, place="CSSD-STORE", programmes={0: STEAM.id, 1: STEAM.id}, idle_codes=(0, 7, 8)
                ),
            )
            test = MachineTest(
                machine=machine.asset,
                kind=MachineTestKind.AIR_REMOVAL,
                at=now - 3 * HOUR_US,
                valid_until=now + DAY_US,
                is_passed=True,
            )
            act = Act(actor=SYSTEM, now=now - 3 * HOUR_US, key=f"demo-test-{machine.asset}", ledger=ledger)
            record_test(session, act=act, test=test)
        elif machine.kind == "washer_disinfector":
            save_machine(
                session,
                ReprocessingMachine(
                    id=machine.asset,
                    kind=MachineKind.WASHER_DISINFECTOR,
                    place="CSSD-CLEAN",
                    programmes={0: WASH.id},
                ),
            )


def fill_load(
    session: Session, *, ledger: EventSink, machine: str, sets: Sequence[StockItem], key: str, now: int
) -> None:
    """Put instrument sets into a machine; its next cycle takes them.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    machine : str
        Id of the machine.
    sets : Sequence[StockItem]
        Which sets, one of each.
    key : str
        Unique key of this filling.
    now : int
        UTC microseconds.
    """
    items = [LoadItem(gtin=item.gtin, lot=f"S{now // SECOND_US % 10**8:08d}") for item in sets]
    act = Act(actor=SYSTEM, now=now, key=key, ledger=ledger)
    open_load(session, act=act, machine=machine, items=items, place="CSSD-STORE")


def measured_before(plant: SteamSterilizer, machine: str, *, start: int, end: int) -> list[SampleChunk]:
    """Give what a sterilizer measured before the gateway was there, once a second.

    Parameters
    ----------
    plant : SteamSterilizer
        The machine.
    machine : str
        Its id.
    start, end : int
        From, and up to but not including, UTC microseconds.

    Returns
    -------
    list[SampleChunk]
        One for each quantity.
    """
    times = np.arange(start, end, SECOND_US, dtype=np.int64)
    rows = [plant.values_at(int(at)) for at in times]
    return [
        SampleChunk(
            device=machine,
            quantity=quantity,
            times_us=times,
            values=np.array([_number(row.get(quantity)) for row in rows]),
            quality=np.zeros(len(times), np.uint8),
            source="demo:machines",
            source_key=f"{machine}/{quantity}/{start}",
        )
        for quantity in STEAM_QUANTITIES
    ]


def _number(value: float | str | None) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def run_before(hospital: Hospital, plants: dict[str, SteamSterilizer], found: Inhabitants, now: int) -> dict[str, int]:
    """Let one sterilizer have finished a cycle and another be close to its end, so that there is something to release.

    Parameters
    ----------
    hospital : Hospital
        Where samples and loads are kept.
    plants : dict[str, SteamSterilizer]
        Machines by id, none of which has run yet.
    found : Inhabitants
        Gives the sets.
    now : int
        UTC microseconds.

    Returns
    -------
    dict[str, int]
        When each machine that ran is free again, UTC microseconds.
    """
    sets = [item for item in found.items if item.is_reusable]
    free_at: dict[str, int] = {}
    for number, (machine, ago_us) in enumerate(zip(sorted(plants), (50 * MINUTE_US, 18 * MINUTE_US), strict=False)):
        start = now - ago_us
        chosen = sets[number * SETS_PER_LOAD : (number + 1) * SETS_PER_LOAD]

        def use_case(
            session: Session, machine: str = machine, start: int = start, chosen: list[StockItem] = chosen
        ) -> None:
            fill_load(
                session,
                ledger=hospital.ledger,
                machine=machine,
                sets=chosen,
                key=f"demo-load-{machine}",
                now=start - MINUTE_US,
            )

        hospital.write_now(use_case)
        free_at[machine] = plants[machine].start_cycle(start) + 10 * MINUTE_US
        chunks = measured_before(plants[machine], machine, start=start - MINUTE_US, end=now)
        hospital.write_now(partial(_keep, telemetry=hospital.telemetry, chunks=chunks))
    return free_at


def _keep(session: Session, *, telemetry: Telemetry, chunks: Sequence[SampleChunk]) -> None:
    # Together, as a gateway sends them: a cycle is judged as soon as its end is seen.
    for chunk in chunks:
        telemetry.store(session, chunk)
