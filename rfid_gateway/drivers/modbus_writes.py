"""Writing to machines: only what profile and allow-list name, never repeated, read back, and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rfid_gateway.drivers.modbus_bus import ModbusBus
from rfid_gateway.modbus.decoding import decode, encode
from rfid_gateway.modbus.profile import Profile, Signal, Table
from twin.clock import SECOND_US, Clock
from twin.errors import HospitalTwinError, Refused


class WriteOutcome(StrEnum):
    """How a write ended."""

    DONE = "done"
    REFUSED = "refused"
    DIFFERENT = "different"
    """The machine holds another value than the one written."""
    UNKNOWN = "unknown"
    """The line failed: whether the machine took the value is not known, and it is not tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePermit:
    """One line of the allow-list.

    Parameters
    ----------
    device, signal : str
        What may be written.
    low, high : float
        Values allowed, inside unit, both ends included.
    least_interval_s : float
        Seconds between two writes.
    role : str
        Role that the person needs.
    """

    device: str
    signal: str
    low: float
    high: float
    role: str
    least_interval_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRecord:
    """What is kept of every attempt.

    Parameters
    ----------
    at : int
        UTC microseconds.
    actor : str
        Who asked.
    device, signal : str
        Where.
    value : float
        What should be written.
    outcome : WriteOutcome
        How it ended.
    detail : str
        Stable code of why.
    read_back : float or None
        What the machine holds afterwards, if it told.
    """

    at: int
    actor: str
    device: str
    signal: str
    value: float
    outcome: WriteOutcome
    detail: str = ""
    read_back: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A machine that can be written to: its line, unit and profile."""

    bus: ModbusBus
    unit: int
    profile: Profile


Audit = Callable[[WriteRecord], None]


class MachineWriter:
    """Carries out allowed writes.

    Parameters
    ----------
    targets : Mapping[str, Target]
        Machines by id.
    permits : Sequence[WritePermit]
        The allow-list.
    clock : Clock
        The gateway's clock.
    audit : Audit
        Keeps a record of every attempt, also of refused ones.
    """

    def __init__(
        self, targets: Mapping[str, Target], permits: Sequence[WritePermit], clock: Clock, audit: Audit
    ) -> None:
        self._targets = targets
        self._permits = {(one.device, one.signal): one for one in permits}
        self._clock = clock
        self._audit = audit
        self._written_at: dict[tuple[str, str], int] = {}

    async def write(self, device: str, signal: str, value: float, *, actor: str, roles: frozenset[str]) -> WriteRecord:
        """Write one value and read it back.

        Parameters
        ----------
        device, signal : str
            Where.
        value : float
            Inside unit.
        actor : str
            Who asks.
        roles : frozenset[str]
            Roles of the actor.

        Raises
        ------
        Refused
            If a rule forbids it; all reasons are named, and nothing was sent.
        """
        now = self._clock.now()
        target = self._targets.get(device)
        found = target.profile.by_key.get(signal) if target else None
        attempt = WriteRecord(
            at=now, actor=actor, device=device, signal=signal, value=value, outcome=WriteOutcome.REFUSED
        )
        # All reasons are gathered, so that the person mends them in one go.
        reasons = self._reasons(found, (device, signal), value, roles, now)
        if reasons or target is None or found is None:
            self._keep(replace(attempt, detail=",".join(reasons)))
            raise Refused(
                f"Writing {signal} of {device} is not allowed.", reasons=reasons, code="machine.write_refused"
            )
        # Before the line is used: also a write that fails counts against the interval.
        self._written_at[device, signal] = now
        try:
            registers = await target.bus.write_registers(
                target.unit, target.profile.wire(found.address), encode(found, value)
            )
        except HospitalTwinError as error:
            # A pulse or a step may have been carried out: doing it again could do it twice.
            return self._keep(replace(attempt, outcome=WriteOutcome.UNKNOWN, detail=error.code))
        # Compared as registers: a value that was rounded to the machine's step is the one that was meant.
        is_same = list(registers) == encode(found, value)
        outcome = WriteOutcome.DONE if is_same else WriteOutcome.DIFFERENT
        return self._keep(replace(attempt, outcome=outcome, read_back=decode(found, registers).number))

    def _reasons(
        self, signal: Signal | None, place: tuple[str, str], value: float, roles: frozenset[str], now: int
    ) -> tuple[str, ...]:
        if signal is None:
            return ("unknown_signal",)
        permit, rule = self._permits.get(place), signal.writable
        if permit is None or rule is None:
            return ("not_on_allow_list",)
        reasons = []
        if signal.table is not Table.HOLDING_REGISTERS or signal.bits is not None:
            reasons.append("not_writable")
        if permit.role not in roles:
            reasons.append("role_missing")
        if not max(permit.low, rule.low) <= value <= min(permit.high, rule.high):
            reasons.append("out_of_range")
        pause_us = max(permit.least_interval_s, rule.least_interval_s) * SECOND_US
        if now - self._written_at.get(place, -(10**18)) < pause_us:
            reasons.append("too_soon")
        return tuple(reasons)

    def _keep(self, record: WriteRecord) -> WriteRecord:
        self._audit(record)
        return record
