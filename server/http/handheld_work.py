"""Work orders on a handheld: what a technician takes along, and what they report, also hours later."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session, col, select

from assets.model.work import Answer, Labour, Part
from assets.service.documents import documents_about
from assets.service.reporting import Report, report_work
from assets.service.work import Finding, get_work_order, list_work_orders
from assets.tables.rows import AssetRow, IdentifierRow
from inventory.service.resolving import resolve
from server.doors.context import Call, CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http import asset_bodies as bodies
from server.http.assets import act_of
from server.http.building_in import BuildingIn
from server.http.commanding import instant_told
from server.http.labels import label_told
from twin.access import Permission
from twin.state.views import believed_location

router = Router("/v1/handheld/work-orders", tag="work orders")

_MOST_ORDERS = 300  # more than one person can do in a week, and small enough to be kept on the device


class DeviceTaken(msgspec.Struct, frozen=True, kw_only=True):
    """A device with all marks by which a scan may name it, and where it is believed to be."""

    id: str
    name: str
    control_no: str
    marks: list[str]
    place: str
    age_s: float | None
    confidence: float


class PaperTaken(msgspec.Struct, frozen=True, kw_only=True):
    """A document of an order, by its id and name."""

    id: str
    name: str


class WorkTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Open work orders, the most urgent first, their devices, and their documents by order."""

    work_orders: list[bodies.WorkShown]
    devices: list[DeviceTaken]
    papers: dict[str, list[PaperTaken]] = {}


class PartScanned(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part that was built in, by its label; it leaves the stock of ``place``, empty for one that a vendor brought."""

    scan: bodies.Key
    quantity: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    place: bodies.Short = ""
    cost: bodies.Count = 0


class ReportTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was done, as it happened."""

    begins: bool = False
    answers: list[bodies.StepAnswerTold] = []
    parts: list[PartScanned] = []
    minutes: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    failure_code: bodies.Short | None = None
    finding: bodies.Short | None = None
    opens_mains_part: bool | None = None
    acceptance_passed: bool | None = None
    safety_test_passed: bool | None = None
    signs: bool = False
    occurred_at: bodies.Short = ""


@router.get("", permission=Permission.TASKS_READ, gives=WorkTaken)
def take_along(call: CallDep) -> WorkTaken:
    """Give the open work orders with their devices, to be kept on a handheld; none to who does no such work."""
    # empty and not refused: every handheld asks, whoever holds it
    if not call.actor.may(Permission.WORK_ORDERS_WRITE):
        return WorkTaken(work_orders=[], devices=[])
    with call.hospital.read() as session:
        orders = list_work_orders(session, is_open=True, limit=_MOST_ORDERS)
        orders.sort(key=lambda order: (order.priority, order.due_at or 2**62, order.id))
        shown = [bodies.work_shown(*get_work_order(session, order_id=order.id)) for order in orders]
        papers = documents_about(session, subjects=[order.id for order in orders])
        wanted = sorted({order.asset for order in orders})
        marks: dict[str, list[str]] = {}
        for row in session.exec(select(IdentifierRow).where(col(IdentifierRow.asset).in_(wanted))):
            marks.setdefault(row.asset, []).append(row.value)
        devices = [
            _device(call, row, marks.get(row.id, []))
            for row in session.exec(select(AssetRow).where(col(AssetRow.id).in_(wanted)))
        ]
    kept = {order: [PaperTaken(id=one.id, name=one.name) for one in own] for order, own in papers.items()}
    return WorkTaken(work_orders=shown, devices=devices, papers=kept)


def _device(call: Call, row: AssetRow, marks: list[str]) -> DeviceTaken:
    with call.hospital.ledger.steady:  # it looks through the device's tags, which an event may change meanwhile
        where = believed_location(call.hospital.live, row.id, call.now)
    own = [row.id, row.control_no, row.serial, *marks]
    return DeviceTaken(
        id=row.id,
        name=row.name,
        control_no=row.control_no,
        marks=sorted({mark for mark in own if mark}),
        place=where.place,
        age_s=where.age_s,
        confidence=where.confidence,
    )


def _built_in(session: Session, building_in: BuildingIn, part: PartScanned, index: int) -> Part:
    """Say which item and lot a label names, and take it out of the stock where it lay."""
    scan = label_told(part.scan)
    zone = ZoneInfo(building_in.hospital.settings.time_zone)
    found = resolve(session, scan=scan, zone=zone, text=part.scan)
    built = Part(item=found.item.id, quantity=part.quantity, lot=scan.lot, cost=part.cost)
    building_in.take(session, built, place=part.place, lot=found.lots[0].id if found.lots else "", index=index)
    return built


@router.post(
    "/{order}/report", permission=Permission.WORK_ORDERS_WRITE, takes=ReportTold, gives=bodies.WorkShown, status=201
)
async def report(call: CallDep, order: PathText) -> bodies.WorkShown:
    """Take in what was done at a device, all of it or nothing; parts leave the stock in the same transaction."""
    told, act = call.read(ReportTold), act_of(call)
    at = instant_told(told.occurred_at, call.now, "body")
    act = replace(act, now=at)
    building_in = BuildingIn(hospital=call.hospital, order=order, key=act.key, actor=act.actor.id, at=at, now=call.now)

    def use_case(session: Session) -> bodies.WorkShown:
        parts = tuple(_built_in(session, building_in, part, index) for index, part in enumerate(told.parts))
        finding = Finding(
            answers=tuple(Answer(step=one.step, value=one.value) for one in told.answers),
            parts=parts,
            labour=(Labour(staff=act.actor.id, minutes=told.minutes),) if told.minutes else (),
            failure_code=told.failure_code,
            finding=told.finding,
            opens_mains_part=told.opens_mains_part,
            acceptance_passed=told.acceptance_passed,
            safety_test_passed=told.safety_test_passed,
        )
        report_work(
            session, act=act, order_id=order, report=Report(begins=told.begins, finding=finding, signs=told.signs)
        )
        return bodies.work_shown(*get_work_order(session, order_id=order))

    return await call.hospital.write(use_case)
