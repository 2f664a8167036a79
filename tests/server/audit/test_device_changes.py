"""Tests of machines, indicators, deviations and work orders stand in the audit with who and when, by page and by HTTP."""

from __future__ import annotations

import contextlib

import pytest
from sqlmodel import Session

from assets.model.loads import IndicatorKind, MachineTestKind
from assets.model.machine import Machine
from assets.model.work import WorkKind
from assets.service import templates
from assets.tables.reprocessing import save_machine
from assets.tables.rows import CycleRow, LoadRow
from dash_app.actions import device_records, reprocessing
from dash_app.pages import audit
from dash_app.queries.port import HospitalPort
from inventory.tables.driver import Driver
from inventory.tables.rows import PlaceRow
from server.access.desk import Desk
from server.app.ui import port_of
from server.audit.changes import ACTION
from server.wiring import Hospital, open_hospital
from tests.server.audit.test_changes import PLANNER, asked_by, noted
from tests.server.conftest import Served
from tests.server.http.test_device_records import Client, biomed
from twin.access import Role
from twin.clock import ManualClock
from twin.events.envelope import Event
from twin.events.places import PlaceDefined, PlaceKind
from twin.ports import HandlerContext
from twin.settings import Settings


def reprocessed(hospital: Hospital) -> None:
    """A sterilizer, and a load whose cycle nobody could judge."""
    now = hospital.clock.now()
    hospital.write_now(lambda session: save_machine(session, Machine(id="ster-1")))
    cycle = CycleRow(id="c-1", machine="ster-1", start_at=now, end_at=now + 1, verdict="undetermined")
    load = LoadRow(id="l-1", machine="ster-1", cycle="c-1", state="pending")
    hospital.write_now(lambda session: session.add_all([cycle, load]))


async def test_what_is_told_of_machines_and_devices_over_http_is_in_the_audit(served: Served) -> None:
    reprocessed(served.hospital)
    call: Client = await biomed(served, "pump-1")
    test = {"machine": "ster-1", "kind": "leak_test", "is_passed": True, "value": 0.1}
    await call("POST", "/machine-tests", test)
    await call("POST", "/cycles/indicators", {"cycle": "c-1", "name": "BI-7", "kind": "biological", "is_passed": True})
    await call("POST", "/loads/l-1/deviation", {"text": "needed in theatre 2"})
    opened = await call("POST", "/work-orders", {"asset": "pump-1", "kind": "corrective"})
    begun = f"/work-orders/{opened['id']}"
    await call("POST", f"{begun}/start", headers={"if-match": f'"v{(await call("GET", begun))["version"]}"'})

    auditor = await served.signed_in(Role.AUDITOR)
    rows = (await auditor.get("/v1/audit", params={"action": ACTION})).json()["rows"]
    told = [
        (row["facts"]["table"], row["subject"].split("/")[0], sorted({"added", "changed"} & set(row["facts"])))
        for row in rows
    ]

    assert ("assets_machine_test", "ster-1", ["added"]) in told
    assert ("assets_indicator", "c-1", ["added"]) in told
    assert ("assets_signature", "l-1", ["added"]) in told
    assert ("assets_work_order", opened["id"], ["added"]) in told
    assert ("assets_work_order", opened["id"], ["changed"]) in told
    assert {row["actor"] for row in rows} == {(await call.client.get("/v1/auth/me")).json()["id"]}
    assert (await auditor.get("/v1/audit/verification")).json()["is_intact"]


async def test_what_is_done_on_pages_is_in_the_audit_and_reads_as_words(served: Served) -> None:
    reprocessed(served.hospital)
    await biomed(served, "pump-1")
    port: HospitalPort = port_of(served.hospital)
    template = templates.Template(kind=WorkKind.CORRECTIVE, category="infusion_pump", steps=(), version=1)
    with asked_by(PLANNER):
        leak = MachineTestKind.LEAK
        reprocessing.tell_test(port, machine="ster-1", kind=leak, is_passed=True, value=0.1, valid_hours=24)
        reprocessing.tell_indicator(port, cycle="c-1", kind=IndicatorKind.CHEMICAL, name="7", is_passed=True)
        reprocessing.name_deviation(port, "l-1", "needed in theatre 2")
        device_records.open_order(port, device="pump-1", template=template, title="Door")

    lines = Desk(served.hospital, served.access).audit(audit.AuditQuery(action=ACTION, actor=PLANNER.id, limit=10))
    told = [(audit._subject(line).split(":")[0], audit._facts(line).split(" ·")[0]) for line in lines]
    wanted = ["Work orders", "Signatures of loads", "Indicators of cycles", "Tests of machines"]

    # Beside them stands what an order changes of the device itself.
    assert [one for one in told if one[0] in wanted] == [(name, "entry added") for name in wanted]


@pytest.mark.parametrize("is_plain", [False, True])
def test_what_a_savepoint_takes_back_is_not_noted(hospital: Hospital, is_plain: bool) -> None:
    def keep(session: Session, place: str) -> None:
        if is_plain:
            Driver(session).run(
                "INSERT INTO inventory_bin (id, place, item, quantity) VALUES (?,?,?,?)", (place, "w", "i", 1)
            )
            return
        session.add(PlaceRow(id=place, kind="cabinet", storage_class="ambient"))
        session.flush()

    def use_case(session: Session) -> None:
        keep(session, "before")
        with contextlib.suppress(RuntimeError), session.begin_nested():
            keep(session, "undone")
            with session.begin_nested():
                keep(session, "undone too")
            raise RuntimeError("the part failed")
        keep(session, "after")
        with session.begin_nested():
            keep(session, "kept")

    with asked_by(PLANNER):
        hospital.write_now(use_case)

    [row] = noted(hospital)
    assert row["added"] == ["before", "after", "kept"]


def test_a_handler_that_fails_leaves_no_note_of_its_rows(settings: Settings, clock: ManualClock) -> None:
    def failing(context: HandlerContext, event: Event) -> list[Event]:
        context.session.add(PlaceRow(id=event.thing, kind="cabinet", storage_class="ambient"))
        context.session.flush()
        raise RuntimeError("no such shelf")

    def working(context: HandlerContext, event: Event) -> list[Event]:
        context.session.add(PlaceRow(id=f"{event.thing}-2", kind="cabinet", storage_class="ambient"))
        return []

    opened = open_hospital(settings, clock=clock, handlers=[{PlaceDefined: {"a": failing, "b": working}}])
    try:
        told = PlaceDefined(
            thing="w1", occurred_at=clock.now(), source="user:u", source_key="1", kind=PlaceKind.ROOM, name="Store"
        )
        with asked_by(PLANNER):
            opened.write_now(lambda session: opened.ledger.append(session, [told]))
        with opened.read() as session:
            assert [one.handler for one in opened.ledger.unhandled(session)] == ["a"]
            assert session.get(PlaceRow, "w1") is None
            assert session.get(PlaceRow, "w1-2") is not None
        assert [row["added"] for row in noted(opened)] == [["w1-2"]]
    finally:
        opened.close()
