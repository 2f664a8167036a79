"""Devices over HTTP: the register, custody, find me one, work orders and safety notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlmodel import Session

from assets.model.notices import Notice
from assets.model.regions import OperationalState
from assets.model.work import Answer, Labour, Part, WorkOrder
from assets.service import custody, finding, life, notices, register, work
from assets.service.act import Act
from assets.tables.register import asset_of_row, find_by_identifier, list_assets, load_asset
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import Router
from server.doors.versions import seen_version
from server.http import asset_bodies as bodies
from server.http import record_bodies
from server.http.building_in import BuildingIn
from server.http.commanding import command_id
from server.http.history import parse_instant
from server.http.register_bodies import AssetRegister, AssetShown, AssetTold, asset_shown
from server.walking import person_routes
from twin.access import Permission
from twin.errors import NotFound

router = Router("/v1", tag="devices")


def act_of(call: Call) -> Act:
    """Give the act of a call: who, when, under which key."""
    return Act(actor=call.actor, now=call.now, key=command_id(call), ledger=call.hospital.ledger)


@router.get("/assets", permission=Permission.DEVICES_READ, gives=AssetRegister)
def list_register(
    call: CallDep, limit: Limit = 50, cursor: CursorText = "", category: Text = "", is_usable: bool | None = None
) -> AssetRegister:
    """List the register by id, of one category, usable or not."""
    scope = f"assets:{category}:{is_usable}"
    after = str((call.cursors.read(scope, cursor) or [""])[0])
    with call.hospital.read() as session:
        found = list_assets(session, category=category, is_usable=is_usable, after=after, limit=limit + 1)
        shown = [asset_shown(row) for row in found[:limit]]
    more = call.cursors.write(scope, [shown[-1].id]) if len(found) > limit else ""
    return AssetRegister(assets=shown, next=more)


@router.post("/assets", permission=Permission.DEVICES_WRITE, takes=AssetTold, gives=AssetShown, status=201)
async def enter_asset(call: CallDep) -> AssetShown:
    """Enter an asset in the register."""
    asset, act = call.read(AssetTold).to_asset(), act_of(call)
    return await call.hospital.write(
        lambda session: asset_shown(register.register_asset(session, act=act, asset=asset))
    )


@router.get("/assets/find", permission=Permission.DEVICES_READ, gives=bodies.FoundList)
def find_nearest(call: CallDep, category: Text, start: Text, limit: Limit = 5) -> bodies.FoundList:
    """Give the nearest usable, clean, free devices of a category, with the age of each position."""
    live = call.hospital.live
    if start not in live.places:
        raise NotFound("place", start)
    search = finding.Search(category=category, start=start, now=call.now, limit=limit)
    with call.hospital.read() as session:
        found = finding.find_nearest(session, state=live, routes=person_routes(call.hospital), search=search)
    return bodies.FoundList(devices=[bodies.found_shown(one) for one in found])


@router.get("/assets/scan/{mark}", permission=Permission.DEVICES_READ, gives=AssetShown)
def scan_asset(call: CallDep, mark: PathText) -> AssetShown:
    """Give the asset that a scanned mark, control number or id names."""
    with call.hospital.read() as session:
        row = find_by_identifier(session, mark)
        if row is None:
            raise NotFound("asset", mark)
        return asset_shown(row)


@router.get("/assets/{asset}", permission=Permission.DEVICES_READ, gives=AssetShown)
def read_asset(call: CallDep, asset: PathText) -> AssetShown:
    """Give a device with its state and every reason against its use."""
    with call.hospital.read() as session:
        return asset_shown(load_asset(session, asset))


@router.put(
    "/assets/{asset}",
    permission=Permission.DEVICES_WRITE,
    takes=AssetTold,
    gives=AssetShown,
    needs_version=True,
)
async def edit_asset(call: CallDep, asset: PathText) -> AssetShown:
    """Change a register entry; the marks by which it is recognised stay."""
    told, version, act = call.read(AssetTold), seen_version(call.request), act_of(call)

    def use_case(session: Session) -> AssetShown:
        held = asset_of_row(load_asset(session, asset))
        # What this door does not take, the marks by which it is recognised, stays as the register has it.
        entry = replace(held, **told.fields() | {"id": asset})
        return asset_shown(register.edit_asset(session, act=act, asset=entry, version=version))

    return await call.hospital.write(use_case)


@router.post(
    "/assets/{asset}/retirement",
    permission=Permission.DEVICES_WRITE,
    takes=bodies.WordsTold,
    gives=AssetShown,
    status=201,
)
async def retire_asset(call: CallDep, asset: PathText) -> AssetShown:
    """Take a device out of the register; its history stays."""
    told, act = call.read(bodies.WordsTold), act_of(call)

    def use_case(session: Session) -> AssetShown:
        register.retire_asset(session, act=act, asset_id=asset, reason=told.text)
        return asset_shown(load_asset(session, asset))

    return await call.hospital.write(use_case)


@router.post(
    "/assets/{asset}/life",
    permission=Permission.DEVICES_WRITE,
    takes=record_bodies.LifeTold,
    gives=AssetShown,
    status=201,
)
async def say_state(call: CallDep, asset: PathText) -> AssetShown:
    """Say that a device is set aside, missed, found again, wiped of its data or disposed of, and why."""
    told, act = call.read(record_bodies.LifeTold), act_of(call)

    def use_case(session: Session) -> AssetShown:
        life.say_state(session, act=act, asset_id=asset, state=told.state, reason=told.reason)
        return asset_shown(load_asset(session, asset))

    return await call.hospital.write(use_case)


@router.get("/assets/{asset}/life", permission=Permission.DEVICES_READ, gives=record_bodies.LifeShown)
def read_life(call: CallDep, asset: PathText) -> record_bodies.LifeShown:
    """Give what people said of a device's life, the latest first, and what can be said next."""
    with call.hospital.read() as session:
        row = load_asset(session, asset)
        return record_bodies.LifeShown(
            state=OperationalState(row.operational),
            next=list(life.next_states(row)),
            steps=life.steps_of(session, asset=asset),
        )


@router.get("/assets/{asset}/custody", permission=Permission.DEVICES_READ, gives=bodies.CustodyList)
def read_custody(call: CallDep, asset: PathText, at: Text = "") -> bodies.CustodyList:
    """Give who answered for a device, at an instant or ever."""
    with call.hospital.read() as session:
        load_asset(session, asset)
        if at:
            one = custody.custody_as_of(session, asset_id=asset, at=parse_instant(at, "at"))
            return bodies.CustodyList(custody=[bodies.custody_shown(one)] if one is not None else [])
        found = custody.custody_of(session, asset_id=asset)
    return bodies.CustodyList(custody=[bodies.custody_shown(period) for period in found])


@router.post(
    "/assets/{asset}/custody",
    permission=Permission.DEVICES_WRITE,
    takes=bodies.CustodyTold,
    gives=bodies.CustodyShown,
    status=201,
)
async def hand_over(call: CallDep, asset: PathText) -> bodies.CustodyShown:
    """Let somebody answer for a device from now on."""
    told, act = call.read(bodies.CustodyTold), act_of(call)
    return await call.hospital.write(
        lambda session: bodies.custody_shown(
            custody.hand_over(session, act=act, asset_id=asset, custodian=told.custodian, kind=told.kind)
        )
    )


@router.post("/assets/{asset}/reservation", permission=Permission.TASKS_DO, gives=bodies.CustodyShown, status=201)
async def reserve_asset(call: CallDep, asset: PathText) -> bodies.CustodyShown:
    """Keep a free, usable device for the caller until it is given back."""
    act = act_of(call)
    return await call.hospital.write(
        lambda session: bodies.custody_shown(custody.reserve(session, act=act, asset_id=asset))
    )


@router.post("/assets/{asset}/return", permission=Permission.TASKS_DO, gives=AssetShown, status=201)
async def give_back(call: CallDep, asset: PathText) -> AssetShown:
    """End the custody or reservation of a device."""
    act = act_of(call)

    def use_case(session: Session) -> AssetShown:
        custody.give_back(session, act=act, asset_id=asset)
        return asset_shown(load_asset(session, asset))

    return await call.hospital.write(use_case)


@router.get("/work-orders", permission=Permission.DEVICES_READ, gives=bodies.WorkPage)
def list_work(
    call: CallDep, limit: Limit = 50, cursor: CursorText = "", asset: Text = "", is_open: bool | None = None
) -> bodies.WorkPage:
    """List work orders by id, of one device or of all."""
    scope = f"work:{asset}:{is_open}"
    after = str((call.cursors.read(scope, cursor) or [""])[0])
    with call.hospital.read() as session:
        found = work.list_work_orders(session, asset=asset, is_open=is_open, after=after, limit=limit + 1)
        shown = [bodies.work_shown(*work.get_work_order(session, order_id=order.id)) for order in found[:limit]]
    more = call.cursors.write(scope, [shown[-1].id]) if len(found) > limit else ""
    return bodies.WorkPage(work_orders=shown, next=more)


@router.post(
    "/work-orders", permission=Permission.WORK_ORDERS_WRITE, takes=bodies.WorkTold, gives=bodies.WorkShown, status=201
)
async def open_work(call: CallDep) -> bodies.WorkShown:
    """Open a work order; a corrective one says that the device has failed."""
    told, act = call.read(bodies.WorkTold), act_of(call)
    order = WorkOrder(
        id=call.hospital.new_id(),
        asset=told.asset,
        kind=told.kind,
        title=told.title,
        priority=told.priority,
        due_at=parse_instant(told.due_at, "due_at") if told.due_at else 0,
        failure_code=told.failure_code,
        steps=tuple(step.to_step() for step in told.steps),
    )

    def use_case(session: Session) -> bodies.WorkShown:
        opened = work.open_work_order(session, act=act, order=order, dedupe_key=act.key)
        return bodies.work_shown(*work.get_work_order(session, order_id=opened.id))

    return await call.hospital.write(use_case)


@router.get("/work-orders/{order}", permission=Permission.DEVICES_READ, gives=bodies.WorkShown)
def read_work(call: CallDep, order: PathText) -> bodies.WorkShown:
    """Give a work order."""
    with call.hospital.read() as session:
        return bodies.work_shown(*work.get_work_order(session, order_id=order))


async def _change_work(call: Call, change: Callable[[Session], WorkOrder]) -> bodies.WorkShown:
    def use_case(session: Session) -> bodies.WorkShown:
        return bodies.work_shown(*work.get_work_order(session, order_id=change(session).id))

    return await call.hospital.write(use_case)


@router.post(
    "/work-orders/{order}/start",
    permission=Permission.WORK_ORDERS_WRITE,
    gives=bodies.WorkShown,
    status=201,
    needs_version=True,
)
async def start_work(call: CallDep, order: PathText) -> bodies.WorkShown:
    """Begin the work; the device is out of service until it is closed."""
    act, version = act_of(call), seen_version(call.request)
    return await _change_work(call, lambda s: work.start_work(s, act=act, order_id=order, version=version))


@router.post(
    "/work-orders/{order}/findings",
    permission=Permission.WORK_ORDERS_WRITE,
    takes=bodies.FindingTold,
    gives=bodies.WorkShown,
    status=201,
    needs_version=True,
)
async def record_work(call: CallDep, order: PathText) -> bodies.WorkShown:
    """Add findings, parts and labour; parts with a place leave its stock in the same transaction."""
    told, act, version = call.read(bodies.FindingTold), act_of(call), seen_version(call.request)
    found = work.Finding(
        answers=tuple(Answer(step=one.step, value=one.value) for one in told.answers),
        parts=tuple(Part(item=p.item, quantity=p.quantity, lot=p.lot, cost=p.cost) for p in told.parts),
        labour=tuple(
            Labour(staff=one.staff, minutes=one.minutes, cost=one.cost, is_external=one.is_external)
            for one in told.labour
        ),
        failure_code=told.failure_code,
        finding=told.finding,
        opens_mains_part=told.opens_mains_part,
        acceptance_passed=told.acceptance_passed,
        safety_test_passed=told.safety_test_passed,
    )
    building_in = BuildingIn(
        hospital=call.hospital, order=order, key=act.key, actor=act.actor.id, at=act.now, now=call.now
    )

    def change(session: Session) -> WorkOrder:
        recorded = work.record_work(session, act=act, order_id=order, version=version, finding=found)
        for index, (part, told_part) in enumerate(zip(found.parts, told.parts, strict=True)):
            building_in.take_by_item(session, part, place=told_part.place, index=index)
        return recorded

    return await _change_work(call, change)


@router.post(
    "/work-orders/{order}/closing",
    permission=Permission.WORK_ORDERS_WRITE,
    gives=bodies.WorkShown,
    status=201,
    needs_version=True,
)
async def close_work(call: CallDep, order: PathText) -> bodies.WorkShown:
    """Sign that the work is done; all that is missing is named if it is not."""
    act, version = act_of(call), seen_version(call.request)
    return await _change_work(call, lambda s: work.close_work_order(s, act=act, order_id=order, version=version))


@router.post(
    "/work-orders/{order}/cancelling",
    permission=Permission.WORK_ORDERS_WRITE,
    takes=bodies.WordsTold,
    gives=bodies.WorkShown,
    status=201,
    needs_version=True,
)
async def cancel_work(call: CallDep, order: PathText) -> bodies.WorkShown:
    """Give up a work order."""
    told, act, version = call.read(bodies.WordsTold), act_of(call), seen_version(call.request)
    return await _change_work(
        call, lambda s: work.cancel_work_order(s, act=act, order_id=order, version=version, reason=told.text)
    )


@router.post(
    "/work-orders/{order}/amendments",
    permission=Permission.WORK_ORDERS_WRITE,
    takes=bodies.WordsTold,
    gives=bodies.WorkShown,
    status=201,
)
async def amend_work(call: CallDep, order: PathText) -> bodies.WorkShown:
    """Add to a closed work order; nothing that stands there is changed."""
    told, act = call.read(bodies.WordsTold), act_of(call)
    return await _change_work(call, lambda s: work.amend(s, act=act, order_id=order, text=told.text))


@router.get("/notices", permission=Permission.DEVICES_READ, gives=bodies.NoticeList)
def list_notices(call: CallDep, limit: Limit = 50, is_open: bool = True) -> bodies.NoticeList:
    """List safety notices."""
    with call.hospital.read() as session:
        return bodies.NoticeList(notices=notices.list_notices(session, is_open=is_open, limit=limit))


def _matches(session: Session, notice: str) -> bodies.MatchList:
    return bodies.MatchList(
        matches=[
            bodies.MatchShown(asset=m.asset, certainty=m.certainty.value, state=m.state.value, evidence=m.evidence)
            for m in notices.matches_of(session, notice_id=notice)
        ]
    )


@router.post(
    "/notices", permission=Permission.DEVICES_WRITE, takes=bodies.NoticeTold, gives=bodies.MatchList, status=201
)
async def receive_notice(call: CallDep) -> bodies.MatchList:
    """Keep a safety notice and give the devices that it applies, or may apply, to."""
    told, act = call.read(bodies.NoticeTold), act_of(call)
    notice = Notice(
        id=told.id,
        title=told.title,
        clauses=tuple(told.clauses),
        reference=told.reference,
        issuer=told.issuer,
        received_at=call.now,
        stops_use=told.stops_use,
        action=told.action,
    )

    def use_case(session: Session) -> bodies.MatchList:
        notices.receive_notice(session, act=act, notice=notice)
        return _matches(session, notice.id)

    return await call.hospital.write(use_case)


@router.get("/notices/{notice}/matches", permission=Permission.DEVICES_READ, gives=bodies.MatchList)
def read_matches(call: CallDep, notice: PathText) -> bodies.MatchList:
    """Give all devices of a notice and how each was dealt with."""
    with call.hospital.read() as session:
        notices.require(session, notice_id=notice)
        return _matches(session, notice)


@router.post(
    "/notices/{notice}/matches/{asset}",
    permission=Permission.DEVICES_WRITE,
    takes=bodies.ClosureTold,
    gives=bodies.MatchList,
    status=201,
)
async def close_match(call: CallDep, notice: PathText, asset: PathText) -> bodies.MatchList:
    """Close one device of a notice with proof."""
    told, act = call.read(bodies.ClosureTold), act_of(call)

    def use_case(session: Session) -> bodies.MatchList:
        notices.close_match(
            session, act=act, notice_id=notice, asset_id=asset, state=told.state, evidence=told.evidence
        )
        return _matches(session, notice)

    return await call.hospital.write(use_case)


@router.post("/notices/{notice}/closing", permission=Permission.DEVICES_WRITE, gives=notices.Closure, status=201)
async def close_notice(call: CallDep, notice: PathText) -> notices.Closure:
    """Close a notice; it is refused while any matched device is open."""
    act = act_of(call)
    return await call.hospital.write(lambda session: notices.close_notice(session, act=act, notice_id=notice))
