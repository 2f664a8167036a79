"""A Modbus machine: reads its signals class by class at their periods and hands on samples with quality."""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rfid_gateway.drivers.driver import Backoff, BackoffSettings, DriverHealth, Listener, Status
from rfid_gateway.drivers.modbus_bus import ModbusBus
from rfid_gateway.drivers.modbus_client import ModbusFault, ModbusRefusal
from rfid_gateway.modbus.decoding import AnswerDecoder, Decoded
from rfid_gateway.modbus.planning import Request, plan, poll_plan
from rfid_gateway.modbus.profile import PollClass, Profile, Signal
from rfid_gateway.modbus.samples import Quality, Sample
from twin.clock import SECOND_US, Clock
from twin.events.watch import GatewayStatus

_FAULTS_UNTIL_OFFLINE = 3  # one lost answer is common on a noisy line
_NOT_OPENED = frozenset({"modbus.unreachable", "certificate_refused"})
_LEAST_PERIOD_S = 0.01  # a speed of thousands must not turn into a busy loop


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSettings:
    """One machine.

    Parameters
    ----------
    device : str
        Id of the machine.
    profile : Profile
        What kind of machine it is.
    unit : int
        Unit id on its line, 1 to 255.
    speed : float
        How much faster than real time the hospital runs; periods are divided by it.
    backoff : BackoffSettings
        Pauses after a fault.
    identity : str
        What the profile's identity signal must say of this machine; empty: as the profile says, or as first told.
    """

    device: str
    profile: Profile
    unit: int = 1
    speed: float = 1.0
    backoff: BackoffSettings = field(default_factory=lambda: BackoffSettings(first_s=0.5, most_s=30.0))
    identity: str = ""


@dataclass(slots=True)
class _Last:
    """What a signal showed last: good value and instant for the rate limit, sent value and instant for the deadband."""

    value: float = math.nan
    at: int = 0
    sent: float = math.nan
    sent_at: int = 0
    sent_quality: Quality = Quality.NOT_AVAILABLE


class SampleFilter:
    """Turns decoded values into the samples worth keeping: rate limits, standing heartbeats, deadbands.

    Parameters
    ----------
    device : str
        Id of the machine.
    profile : Profile
        Its limits.
    """

    def __init__(self, device: str, profile: Profile) -> None:
        self._device = device
        self._heart = profile.heartbeat
        self._longest_silence_us = profile.timing.longest_silence_s * SECOND_US
        self._last: dict[str, _Last] = {}
        self._beat_value = math.nan
        self._beat_at: int | None = None
        self.texts: dict[str, str] = {}

    def take(self, signal: Signal, decoded: Decoded, at: int) -> Sample | None:
        """Give the sample of a value, or None if it need not be kept.

        Parameters
        ----------
        signal : Signal
            What was read.
        decoded : Decoded
            What it means.
        at : int
            When, UTC microseconds.
        """
        key, value = signal.key, decoded.value
        if isinstance(value, str):
            self.texts[key] = value
            return None
        last = self._last.get(key)
        if last is None:
            last = self._last[key] = _Last()
        number = math.nan if value is None else value
        if self._heart is not None:
            self._watch_heart(key, number, at)
        quality = decoded.quality
        if quality is Quality.GOOD:
            quality = self._quality(signal, number, last, at)
        if signal.deadband is not None and not self._is_worth(signal.deadband, (number, quality), last, at):
            return None
        last.sent, last.sent_at, last.sent_quality = number, at, quality
        return Sample(self._device, key, at, number, quality)

    def _quality(self, signal: Signal, value: float, last: _Last, at: int) -> Quality:
        elapsed_s = (at - last.at) / SECOND_US
        before, most = last.value, signal.most_change_per_s
        last.value, last.at = value, at
        # Two readings within one millisecond, as of a clock that runs fast, must not count as an endless change.
        if most is not None and not math.isnan(before) and abs(value - before) > most * max(elapsed_s, 1e-3):
            return Quality.TOO_FAST
        return Quality.STALE if self.is_stale(at) else Quality.GOOD

    def _watch_heart(self, key: str, number: float, at: int) -> None:
        if self._heart is not None and key == self._heart.signal and number != self._beat_value:
            self._beat_value, self._beat_at = number, at

    def is_stale(self, at: int) -> bool:
        """Tell whether the machine's heartbeat stands still at an instant."""
        heart = self._heart
        return heart is not None and self._beat_at is not None and at - self._beat_at > heart.stale_s * SECOND_US

    def _is_worth(self, deadband: float, shown: tuple[float, Quality], last: _Last, at: int) -> bool:
        value, quality = shown
        if quality is not last.sent_quality or math.isnan(last.sent):
            return True
        return at - last.sent_at >= self._longest_silence_us or abs(value - last.sent) > deadband


class _IdentityProbe:
    """Tells a machine from another at its address by what the profile names."""

    def __init__(self, request: Request, expected: str) -> None:
        self.request = request
        self.is_proven = False
        self._expected = expected
        self._decoder = AnswerDecoder(request.slots)

    @classmethod
    def of(cls, settings: MachineSettings) -> _IdentityProbe | None:
        """Give a machine's probe; None if its profile names no identity."""
        profile = settings.profile
        if profile.identity is None:
            return None
        (request,) = plan(profile, [profile.by_key[profile.identity.signal]])
        value = profile.identity.value
        return cls(request, settings.identity or ("" if value is None else _text(value)))

    def text_of(self, values: Sequence[int]) -> str:
        """Give what the machine says it is."""
        return _text(self._decoder.read(values)[0][1].value)

    # An empty expectation takes the first machine that answers, and holds on to it.
    def prove(self, text: str) -> bool:
        """Tell whether it is the machine that is expected; the first one is taken if none is."""
        self._expected = self._expected or text
        self.is_proven = text == self._expected
        return self.is_proven


def _text(value: float | str | None) -> str:
    return f"{value:g}" if isinstance(value, float) else value or ""


class ModbusMachine:
    """Driver of one machine on a line.

    Parameters
    ----------
    settings : MachineSettings
        Which machine.
    bus : ModbusBus
        The line, perhaps shared.
    listener : Listener
        Takes in samples and status.
    clock : Clock
        The gateway's clock.
    chance : numpy.random.Generator
        Spreads the polls and the pauses.
    """

    def __init__(
        self, settings: MachineSettings, bus: ModbusBus, listener: Listener, clock: Clock, chance: np.random.Generator
    ) -> None:
        self.device = settings.device
        self.health = DriverHealth(model=settings.profile.name)
        self._settings = settings
        self._bus = bus
        self._listener = listener
        self._clock = clock
        self._chance = chance
        self._backoff = Backoff(settings.backoff, chance)
        self._filter = SampleFilter(settings.device, settings.profile)
        self._plan = {
            poll: [(one, AnswerDecoder(one.slots)) for one in requests]
            for poll, requests in poll_plan(settings.profile).items()
        }
        self._faults = 0
        self._refused: dict[PollClass, str] = {}
        self._identity = _IdentityProbe.of(settings)

    @property
    def texts(self) -> dict[str, str]:
        """Texts that the machine told of itself, by signal: serial number, firmware."""
        return self._filter.texts

    async def run(self) -> None:
        """Serve the machine until cancelled."""
        loop = asyncio.get_running_loop()
        due = self._first_due(loop.time())
        while due:
            # Kept as a heap: the next class due is on top, and no task per class competes for the line.
            at, order, poll = heapq.heappop(due)
            await asyncio.sleep(max(0.0, at - loop.time()))
            if not await self.poll(poll):
                await self._backoff.pause()
                # What is read once is tried until it was read; the others simply come round again.
                if poll is PollClass.ONCE:
                    heapq.heappush(due, (loop.time(), order, poll))
                    continue
            if poll is not PollClass.ONCE:
                period_s = max(self._settings.profile.period_s(poll) / self._settings.speed, _LEAST_PERIOD_S)
                # Polls missed in a pause are left out, not made up for all at once.
                missed = max(0.0, loop.time() - at) // period_s
                heapq.heappush(due, (at + (missed + 1) * period_s, order, poll))

    def _first_due(self, now: float) -> list[tuple[float, int, PollClass]]:
        # Machines of one kind would otherwise all be asked in the same millisecond.
        due = []
        for order, poll in enumerate(self._plan):
            period_s = self._settings.profile.period_s(poll) / self._settings.speed
            spread_s = 0.0 if poll is PollClass.ONCE else min(period_s, 10.0) * float(self._chance.random())
            due.append((now + spread_s, order, poll))
        heapq.heapify(due)
        return due

    async def poll(self, poll: PollClass) -> bool:
        """Read a class of signals, hand on the samples, and tell whether the machine answered all requests."""
        samples: list[Sample] = []
        is_answered, refused = True, ""
        for request, decoder in self._plan[poll]:
            try:
                if not await self._is_right_machine():
                    return False
                values = await self._bus.read(
                    self._settings.unit, request.table.function_code, request.address, request.count
                )
            except ModbusRefusal as refusal:
                self.health.errors += 1
                refused = refusal.code
                continue
            except ModbusFault as fault:
                # The rest of the round is left out: each further question would wait out its timeout as well.
                self._note_fault(fault)
                is_answered = False
                break
            samples += self._sampled(decoder.read(values))
        if is_answered:
            self._answered(poll, refused)
        if samples:
            self.health.readings += len(samples)
            self._listener.on_samples(samples)
        return is_answered

    async def _is_right_machine(self) -> bool:
        """Ask the machine who it is, once after each time that the line was lost: another may be there now."""
        probe = self._identity
        if probe is None or probe.is_proven:
            return True
        request = probe.request
        values = await self._bus.read(self._settings.unit, request.table.function_code, request.address, request.count)
        self.health.identity = probe.text_of(values)
        if probe.prove(self.health.identity):
            return True
        self.health.errors += 1
        self._tell(GatewayStatus.OFFLINE, "identity_changed")
        return False

    def _sampled(self, found: Sequence[tuple[Signal, Decoded]]) -> list[Sample]:
        now = self._clock.now()
        self.health.last_heard_at = now
        self.health.messages += 1
        self._faults = 0
        self._backoff.reset()
        taken = [self._filter.take(signal, decoded, now) for signal, decoded in found]
        return [sample for sample in taken if sample is not None]

    def _answered(self, poll: PollClass, refused: str) -> None:
        # Once for all classes: one refused request among good ones would otherwise change the status with every poll.
        # What is read once only, such as a serial number, is no reason to call a machine degraded for ever.
        if poll is not PollClass.ONCE:
            self._refused[poll] = refused
        is_stale = self._filter.is_stale(self._clock.now())
        detail = "heartbeat_stopped" if is_stale else next(filter(None, self._refused.values()), "")
        self._tell(GatewayStatus.DEGRADED if detail else GatewayStatus.ONLINE, detail)

    def _note_fault(self, fault: ModbusFault) -> None:
        self.health.errors += 1
        self._faults += 1
        if self._identity is not None:
            self._identity.is_proven = False
        is_gone = self._faults >= _FAULTS_UNTIL_OFFLINE or fault.code in _NOT_OPENED
        self._tell(GatewayStatus.OFFLINE if is_gone else GatewayStatus.DEGRADED, fault.code)

    def _tell(self, status: GatewayStatus, detail: str) -> None:
        if (self.health.status, self.health.detail) != (status, detail):
            self.health.status, self.health.detail = status, detail
            self._listener.on_status(Status(device=self.device, status=status, detail=detail, at=self._clock.now()))
