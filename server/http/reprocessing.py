"""Setting up reprocessing over HTTP: machines, programmes, cycles by hand, judging again, endoscopes and rooms."""

from __future__ import annotations

from typing import Annotated

import msgspec
from sqlmodel import Session

from assets.model.machine import Machine
from assets.model.programme import Drying, Evidence, MachineKind, Programme, Pulses
from assets.rules.endoscopes import LightDose, ScopeStatus, ScopeStep, StepDone
from assets.rules.manual import Printout
from assets.service import endoscopes, machines
from assets.service.following import good_reader
from assets.service.manual_cycles import ManualCycle, Rejudged, enter_cycle, rejudge
from assets.tables.register import load_asset
from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http import asset_bodies
from server.http.asset_bodies import Key, Short, instant
from server.http.assets import act_of
from server.http.history import parse_instant
from server.http.record_bodies import NotNegative, Positive
from twin.access import Permission
from twin.errors import DecodeError

router = Router("/v1", tag="reprocessing set-up")

Celsius = Annotated[float, msgspec.Meta(ge=-100, le=1000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=604_800)]


class PulsesTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Vacuum pulses before the plateau, absolute kPa."""

    count: Annotated[int, msgspec.Meta(ge=1, le=100)]
    low_kpa: Positive
    high_kpa: Positive


class DryingTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Vacuum after the plateau, absolute kPa."""

    pressure_kpa: Positive
    duration_s: Seconds


class ProgrammeTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Limits of a programme, with the standard or validation report that they come from."""

    band_low_c: Celsius
    band_high_c: Celsius
    required_hold_s: Positive
    name: Short = ""
    kind: MachineKind = MachineKind.STEAM
    required: tuple[Evidence, ...] = (Evidence.CONTROL_TEMPERATURE, Evidence.PRESSURE)
    sample_interval_s: Positive = 1.0
    max_theoretical_difference_k: Positive = 2.0
    max_record_difference_k: Positive = 1.0
    min_f0_minutes: NotNegative = 0.0
    min_a0_s: NotNegative = 0.0
    f0_reference_c: Celsius = 121.1
    max_air_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.06
    air_suspected_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.02
    phases: list[Annotated[int, msgspec.Meta(ge=0, le=65_535)]] = []
    pulses: PulsesTold | None = None
    drying: DryingTold | None = None
    alarm_mask: Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)] = 0xFFFFFFFF
    source: Short = ""
    edition: Short = ""

    def to_programme(self, identifier: str) -> Programme:
        """Give it as the organ's value."""
        plain = {name: getattr(self, name) for name in self.__struct_fields__}
        plain |= {"required": frozenset(self.required), "phases": tuple(self.phases)}
        plain["pulses"] = Pulses(**msgspec.structs.asdict(self.pulses)) if self.pulses is not None else None
        plain["drying"] = Drying(**msgspec.structs.asdict(self.drying)) if self.drying is not None else None
        return Programme(id=identifier, **plain)


class MachineTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A reprocessing machine: where its samples are found and which programmes it runs."""

    kind: MachineKind = MachineKind.STEAM
    place: Short = ""
    device: Short = ""
    programmes: dict[str, Key] = {}
    quantities: dict[str, list[Key]] = {}
    leading: Short = "phase"
    idle_codes: tuple[int, ...] = (0, 7)
    start_above_c: Celsius = 90.0
    end_below_c: Celsius = 85.0

    def to_machine(self, identifier: str) -> Machine:
        """Give it as the organ's value.

        Raises
        ------
        DecodeError
            If a programme code is no number.
        """
        try:
            programmes = {int(code): programme for code, programme in self.programmes.items()}
        except ValueError as error:
            raise DecodeError(f"A programme code is no number: {error}.", code="machine.programme_code") from error
        return Machine(
            id=identifier,
            kind=self.kind,
            place=self.place,
            device=self.device,
            programmes=programmes,
            quantities={name: tuple(names) for name, names in self.quantities.items()},
            leading=self.leading,
            idle_codes=tuple(self.idle_codes),
            start_above_c=self.start_above_c,
            end_below_c=self.end_below_c,
        )


class MachineList(msgspec.Struct, frozen=True, kw_only=True):
    """Machines by id."""

    machines: list[Machine]


class ProgrammeList(msgspec.Struct, frozen=True, kw_only=True):
    """Programmes by id."""

    programmes: list[Programme]


@router.get("/machines", permission=Permission.DEVICES_READ, gives=MachineList)
def list_machines(call: CallDep) -> MachineList:
    """List reprocessing machines."""
    with call.hospital.read() as session:
        return MachineList(machines=machines.all_machines(session))


@router.put("/machines/{machine}", permission=Permission.DEVICES_WRITE, takes=MachineTold, gives=Machine)
async def save_machine(call: CallDep, machine: PathText) -> Machine:
    """Set up a machine, or change it; a cycle that runs is not lost by it."""
    told, act = call.read(MachineTold), act_of(call)
    wanted = told.to_machine(machine)
    return await call.hospital.write(lambda session: machines.save(session, act=act, machine=wanted))


@router.delete("/machines/{machine}", permission=Permission.DEVICES_WRITE, gives=MachineList)
async def remove_machine(call: CallDep, machine: PathText) -> MachineList:
    """Take back the set-up of a machine that has not run yet; the device stays in the register."""
    act = act_of(call)

    def use_case(session: Session) -> MachineList:
        machines.remove(session, act=act, machine_id=machine)
        return MachineList(machines=machines.all_machines(session))

    return await call.hospital.write(use_case)


@router.get("/programmes", permission=Permission.DEVICES_READ, gives=ProgrammeList)
def list_programmes(call: CallDep) -> ProgrammeList:
    """List programmes with their limits and where these come from."""
    with call.hospital.read() as session:
        return ProgrammeList(programmes=machines.all_programmes(session))


@router.put("/programmes/{programme}", permission=Permission.DEVICES_WRITE, takes=ProgrammeTold, gives=Programme)
async def save_programme(call: CallDep, programme: PathText) -> Programme:
    """Set a programme's limits; verdicts that were given keep the limits that they were given by."""
    told, act = call.read(ProgrammeTold), act_of(call)
    try:
        wanted = told.to_programme(programme)
    except ValueError as error:
        raise DecodeError(f"{error}", code="programme.limits") from error
    return await call.hospital.write(lambda session: machines.save_programme_limits(session, act=act, programme=wanted))


@router.delete("/programmes/{programme}", permission=Permission.DEVICES_WRITE, gives=ProgrammeList)
async def remove_programme(call: CallDep, programme: PathText) -> ProgrammeList:
    """Take back a programme that no machine names and by which no cycle was judged."""
    act = act_of(call)

    def use_case(session: Session) -> ProgrammeList:
        machines.remove_programme(session, act=act, programme_id=programme)
        return ProgrammeList(programmes=machines.all_programmes(session))

    return await call.hospital.write(use_case)


class PrintoutTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A cycle of a machine without an interface, read from its printout; ``photo`` is the id of a document."""

    machine: Key
    programme: Key
    start_at: Short
    end_at: Short
    lowest_c: Celsius
    highest_c: Celsius
    hold_s: Seconds
    f0_minutes: NotNegative | None = None
    a0_s: NotNegative | None = None
    pressure_kpa: NotNegative | None = None
    machine_says_passed: bool = True
    photo: Short = ""
    number: Annotated[int, msgspec.Meta(ge=-1, le=2**31)] = -1
    load: Short = ""


@router.post(
    "/cycles", permission=Permission.LOADS_RELEASE, takes=PrintoutTold, gives=asset_bodies.CycleShown, status=201
)
async def enter_by_hand(call: CallDep) -> asset_bodies.CycleShown:
    """Enter a cycle from its printout; it is judged by what is printed, and waits for a signature."""
    told, act = call.read(PrintoutTold), act_of(call)
    printout = Printout(
        lowest_c=told.lowest_c,
        highest_c=told.highest_c,
        hold_s=told.hold_s,
        f0_minutes=told.f0_minutes,
        a0_s=told.a0_s,
        pressure_kpa=told.pressure_kpa,
        machine_says_passed=told.machine_says_passed,
        photo=told.photo,
    )
    cycle = ManualCycle(
        machine=told.machine,
        programme=told.programme,
        start_at=parse_instant(told.start_at, "start_at"),
        end_at=parse_instant(told.end_at, "end_at"),
        number=told.number,
        printout=printout,
        load=told.load,
    )
    return await call.hospital.write(
        lambda session: asset_bodies.cycle_shown(enter_cycle(session, act=act, cycle=cycle))
    )


@router.post("/cycles/{cycle}/judgement", permission=Permission.LOADS_RELEASE, gives=Rejudged, status=201)
async def judge_again(call: CallDep, cycle: PathText) -> Rejudged:
    """Judge a cycle again by all samples stored now; a release on a verdict that falls is recalled."""
    act, read = act_of(call), good_reader(call.hospital.telemetry)
    return await call.hospital.write(lambda session: rejudge(session, act=act, cycle=cycle, read=read))


class StepTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A step of an endoscope's reprocessing; ``duration_s`` is that of drying."""

    step: ScopeStep
    at: Short = ""
    is_passed: bool = True
    duration_s: Annotated[int, msgspec.Meta(ge=0, le=604_800)] = 0


class ClockShown(msgspec.Struct, frozen=True, kw_only=True):
    """A clock of an endoscope; ``ended_at`` is empty while it runs."""

    name: str
    started_at: str
    due_at: str
    ended_at: str
    state: str


class ScopeShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where an endoscope stands."""

    asset: str
    clocks: list[ClockShown]
    reasons: list[str]
    next_step: str


def _scope_shown(asset: str, status: ScopeStatus) -> ScopeShown:
    return ScopeShown(
        asset=asset,
        clocks=[
            ClockShown(
                name=clock.name,
                started_at=instant(clock.started_at),
                due_at=instant(clock.due_at),
                ended_at=instant(clock.ended_at),
                state=clock.state.value,
            )
            for clock in status.clocks
        ],
        reasons=list(status.reasons),
        next_step=status.next_step.value if status.next_step is not None else "",
    )


@router.get("/endoscopes/{asset}", permission=Permission.DEVICES_READ, gives=ScopeShown)
def read_scope(call: CallDep, asset: PathText) -> ScopeShown:
    """Give where an endoscope stands: its clocks, what is missing, what comes next."""
    with call.hospital.read() as session:
        load_asset(session, asset)
        return _scope_shown(asset, endoscopes.status_of(session, asset=asset, now=call.now))


@router.post("/endoscopes/{asset}/steps", permission=Permission.TASKS_DO, takes=StepTold, gives=ScopeShown, status=201)
async def record_step(call: CallDep, asset: PathText) -> ScopeShown:
    """Keep a step of an endoscope's reprocessing."""
    told, act = call.read(StepTold), act_of(call)
    at = parse_instant(told.at, "at") if told.at else call.now
    done = StepDone(step=told.step, at=at, is_passed=told.is_passed, duration_s=told.duration_s)
    return await call.hospital.write(
        lambda session: _scope_shown(asset, endoscopes.record_step(session, act=act, asset=asset, done=done))
    )


class LightTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Ultraviolet light at one position."""

    position: Key
    irradiance_mw_cm2: NotNegative
    duration_s: Seconds
    target_mj_cm2: Positive


class DoseTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Ultraviolet light in a room, one entry per position."""

    doses: Annotated[list[LightTold], msgspec.Meta(min_length=1, max_length=50)]
    at: Short = ""


class LightShown(msgspec.Struct, frozen=True, kw_only=True):
    """A delivered dose beside its target, mJ/cm²; no word on what it killed."""

    position: str
    dose_mj_cm2: float
    target_mj_cm2: float
    is_reached: bool


class DoseShown(msgspec.Struct, frozen=True, kw_only=True):
    """Light in a room."""

    place: str
    at: str
    is_reached: bool
    doses: list[LightShown]


class DoseList(msgspec.Struct, frozen=True, kw_only=True):
    """Light in a room, the latest first."""

    doses: list[DoseShown]


def _dose_shown(dose: endoscopes.RoomDose) -> DoseShown:
    return DoseShown(
        place=dose.place,
        at=instant(dose.at),
        is_reached=dose.is_reached,
        doses=[
            LightShown(
                position=one.position,
                dose_mj_cm2=one.dose_mj_cm2,
                target_mj_cm2=one.target_mj_cm2,
                is_reached=one.is_reached,
            )
            for one in dose.doses
        ],
    )


@router.post("/rooms/{place}/light", permission=Permission.TASKS_DO, takes=DoseTold, gives=DoseShown, status=201)
async def record_dose(call: CallDep, place: PathText) -> DoseShown:
    """Keep the ultraviolet light delivered in a room, position by position."""
    told, act = call.read(DoseTold), act_of(call)
    dose = endoscopes.RoomDose(
        place=place,
        at=parse_instant(told.at, "at") if told.at else call.now,
        doses=tuple(LightDose(**msgspec.structs.asdict(one)) for one in told.doses),
    )

    def use_case(session: Session) -> DoseShown:
        return _dose_shown(endoscopes.record_dose(session, act=act, dose=dose))

    return await call.hospital.write(use_case)


@router.get("/rooms/{place}/light", permission=Permission.DEVICES_READ, gives=DoseList)
def list_doses(call: CallDep, place: PathText) -> DoseList:
    """Give the ultraviolet light delivered in a room."""
    with call.hospital.read() as session:
        return DoseList(doses=[_dose_shown(one) for one in endoscopes.doses_of(session, place=place)])
