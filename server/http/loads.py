"""Reprocessing over HTTP: cycles with their verdicts, and loads that people release."""

from __future__ import annotations

from sqlmodel import Session, col, select

from assets.model.loads import Indicator, Load, LoadItem, LoadState, MachineTest
from assets.service import interlock, loads
from assets.tables.reprocessing import load_cycle
from assets.tables.rows import CycleRow
from server.doors.context import CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import Router
from server.http import asset_bodies as bodies
from server.http.assets import act_of
from twin.access import Permission
from twin.clock import HOUR_US
from twin.errors import FieldError, FieldProblem

router = Router("/v1", tag="reprocessing")

DAY_S = 86_400


def _items(told: list[bodies.ItemTold]) -> list[LoadItem]:
    found = []
    for index, one in enumerate(told):
        try:
            found.append(
                LoadItem(
                    set_instance=one.set_instance,
                    asset=one.asset,
                    gtin=one.gtin,
                    lot=one.lot,
                    quantity=one.quantity,
                    shelf_life_s=one.shelf_life_days * DAY_S,
                    is_implant=one.is_implant,
                )
            )
        except ValueError as error:
            cure = "Give an asset, or a set with its GTIN."
            problem = FieldProblem(field="asset", place=f"items/{index}", message=str(error), cure=cure)
            raise FieldError(problem) from error
    return found


@router.get("/cycles", permission=Permission.DEVICES_READ, gives=bodies.CyclePage)
def list_cycles(call: CallDep, limit: Limit = 50, machine: Text = "") -> bodies.CyclePage:
    """List cycles, the latest first, of one machine or of all."""
    query = select(CycleRow).order_by(col(CycleRow.start_at).desc(), col(CycleRow.id)).limit(limit)
    if machine:
        query = query.where(col(CycleRow.machine) == machine)
    with call.hospital.read() as session:
        return bodies.CyclePage(cycles=[bodies.cycle_shown(row) for row in session.exec(query)])


@router.get("/cycles/{cycle}", permission=Permission.DEVICES_READ, gives=bodies.CycleShown)
def read_cycle(call: CallDep, cycle: PathText) -> bodies.CycleShown:
    """Give a cycle with its verdict, reasons, and what was not looked at."""
    with call.hospital.read() as session:
        return bodies.cycle_shown(load_cycle(session, cycle))


@router.post(
    "/cycles/indicators",
    permission=Permission.LOADS_RELEASE,
    takes=bodies.IndicatorTold,
    gives=bodies.Recalled,
    status=201,
)
async def record_indicator(call: CallDep) -> bodies.Recalled:
    """Keep the result of an indicator; one that fails late recalls the loads of its cycle."""
    told, act = call.read(bodies.IndicatorTold), act_of(call)
    indicator = Indicator(cycle=told.cycle, name=told.name, kind=told.kind, at=call.now, is_passed=told.is_passed)
    return bodies.Recalled(
        loads=await call.hospital.write(lambda s: loads.record_indicator(s, act=act, indicator=indicator))
    )


@router.post(
    "/machine-tests",
    permission=Permission.LOADS_RELEASE,
    takes=bodies.MachineTestTold,
    gives=bodies.Recalled,
    status=201,
)
async def record_test(call: CallDep) -> bodies.Recalled:
    """Keep the result of a machine's regular test; a failed one raises an alarm and blocks releases."""
    told, act = call.read(bodies.MachineTestTold), act_of(call)
    test = MachineTest(
        machine=told.machine,
        kind=told.kind,
        at=call.now,
        valid_until=call.now + told.valid_hours * HOUR_US,
        is_passed=told.is_passed,
        value=told.value,
    )
    await call.hospital.write(lambda session: loads.record_test(session, act=act, test=test))
    return bodies.Recalled(loads=[])


@router.get("/loads", permission=Permission.DEVICES_READ, gives=bodies.LoadPage)
def list_loads(
    call: CallDep, limit: Limit = 50, cursor: CursorText = "", state: LoadState | None = None
) -> bodies.LoadPage:
    """List loads by id, of one state or of all."""
    scope = f"loads:{state or ''}"
    after = str((call.cursors.read(scope, cursor) or [""])[0])
    with call.hospital.read() as session:
        found = loads.list_loads(session, state=state, after=after, limit=limit + 1)
    shown = [bodies.load_shown(load) for load in found[:limit]]
    return bodies.LoadPage(loads=shown, next=call.cursors.write(scope, [shown[-1].id]) if len(found) > limit else "")


@router.post("/loads", permission=Permission.LOADS_RELEASE, takes=bodies.LoadTold, gives=bodies.LoadShown, status=201)
async def open_load(call: CallDep) -> bodies.LoadShown:
    """Begin a load in a machine; its next cycle takes it."""
    told, act = call.read(bodies.LoadTold), act_of(call)
    items = _items(told.items)
    return await call.hospital.write(
        lambda session: bodies.load_shown(
            loads.open_load(session, act=act, machine=told.machine, items=items, place=told.place)
        )
    )


@router.get("/loads/{load}", permission=Permission.DEVICES_READ, gives=bodies.LoadShown)
def read_load(call: CallDep, load: PathText) -> bodies.LoadShown:
    """Give a load with its items."""
    with call.hospital.read() as session:
        return bodies.load_shown(loads.get_load(session, load_id=load))


@router.get("/loads/{load}/start", permission=Permission.DEVICES_READ, gives=bodies.StartShown)
def check_start(call: CallDep, load: PathText, programme: Text = "") -> bodies.StartShown:
    """Give what speaks against starting a load now, with a programme or with any that its machine may run."""
    with call.hospital.read() as session:
        return bodies.start_shown(interlock.start_check(session, load_id=load, now=call.now, programme=programme))


@router.get("/load-starts", permission=Permission.DEVICES_READ, gives=bodies.StartList)
def list_starts(call: CallDep) -> bodies.StartList:
    """List the loads that wait for their cycle, with what speaks against starting each."""
    with call.hospital.read() as session:
        return bodies.StartList(loads=[bodies.start_shown(one) for one in interlock.waiting(session, now=call.now)])


@router.post(
    "/loads/{load}/items",
    permission=Permission.LOADS_RELEASE,
    takes=bodies.ItemsTold,
    gives=bodies.LoadShown,
    status=201,
)
async def add_items(call: CallDep, load: PathText) -> bodies.LoadShown:
    """Add what was scanned later; nothing can be added once somebody has signed."""
    told, act = call.read(bodies.ItemsTold), act_of(call)
    items = _items(told.items)
    return await call.hospital.write(
        lambda session: bodies.load_shown(loads.put_into_load(session, act=act, load_id=load, items=items))
    )


@router.post(
    "/loads/{load}/release",
    permission=Permission.LOADS_RELEASE,
    takes=bodies.SignatureTold,
    gives=bodies.LoadShown,
    status=201,
)
async def release_load(call: CallDep, load: PathText) -> bodies.LoadShown:
    """Sign that a load may be used; ``missing`` names who else must sign."""
    told, act = call.read(bodies.SignatureTold), act_of(call)

    def use_case(session: Session) -> bodies.LoadShown:
        found = loads.release_load(session, act=act, load_id=load, note=told.note)
        return bodies.load_shown(found.load, found.missing)

    return await call.hospital.write(use_case)


@router.post(
    "/loads/{load}/rejection",
    permission=Permission.LOADS_RELEASE,
    takes=bodies.WordsTold,
    gives=bodies.LoadShown,
    status=201,
)
async def reject_load(call: CallDep, load: PathText) -> bodies.LoadShown:
    """Sign that a load must be reprocessed."""
    told, act = call.read(bodies.WordsTold), act_of(call)

    def use_case(session: Session) -> Load:
        return loads.reject_load(session, act=act, load_id=load, reason=told.text)

    return bodies.load_shown(await call.hospital.write(use_case))


@router.post(
    "/loads/{load}/deviation",
    permission=Permission.LOADS_RELEASE,
    takes=bodies.WordsTold,
    gives=bodies.LoadShown,
    status=201,
)
async def name_deviation(call: CallDep, load: PathText) -> bodies.LoadShown:
    """Name why a load without a passed verdict may be used; another person must then release it."""
    told, act = call.read(bodies.WordsTold), act_of(call)

    def use_case(session: Session) -> bodies.LoadShown:
        loads.name_deviation(session, act=act, load_id=load, note=told.text)
        found = loads.release_case(session, load_id=load)
        return bodies.load_shown(found.load)

    return await call.hospital.write(use_case)
