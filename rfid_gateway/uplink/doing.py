"""Carries out the core's orders on a gateway: raw frames, test reads, allowed writes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from pydantic import ValidationError

from rfid_gateway.drivers.driver import Status, Surroundings
from rfid_gateway.drivers.kinds import factory_of
from rfid_gateway.drivers.modbus_bus import BusSettings, ModbusBus
from rfid_gateway.drivers.modbus_writes import MachineWriter, WriteOutcome, WritePermit, WriteRecord
from rfid_gateway.epc.naming import tag_id
from rfid_gateway.modbus.decoding import AnswerDecoder
from rfid_gateway.modbus.planning import poll_plan
from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.modbus.samples import Sample
from rfid_gateway.rfid.readings import TagReading
from rfid_gateway.uplink.configuration import MachineEntry, ReaderSettings
from rfid_gateway.uplink.orders import Order, OrderKind, OrderResult
from rfid_gateway.uplink.runtime import GatewayRuntime
from twin.clock import Clock
from twin.errors import HospitalTwinError, Refused

_TEST_READ_S = 6.0
_TEST_ANSWER_S = 2.0  # nobody knows yet how slow the machine is
_MOST_LINES = 100


class _Ear:
    """Keeps what a reader says during a test read."""

    def __init__(self) -> None:
        self.readings: list[TagReading] = []
        self.statuses: list[Status] = []

    def on_readings(self, readings: Sequence[TagReading]) -> None:
        self.readings += readings[: _MOST_LINES - len(self.readings)]

    def on_samples(self, samples: Sequence[Sample]) -> None:
        """Readers measure nothing."""

    def on_status(self, status: Status) -> None:
        self.statuses.append(status)


class Doer:
    """Carries out orders.

    Parameters
    ----------
    gateway : GatewayRuntime
        Whose devices.
    clock : Clock
        The gateway's clock.
    """

    def __init__(self, gateway: GatewayRuntime, clock: Clock) -> None:
        self._gateway = gateway
        self._clock = clock
        self._records: list[WriteRecord] = []
        permits = [WritePermit(**one.model_dump()) for one in gateway.settings.writes]
        self._writer = MachineWriter(gateway.targets, permits, clock, self._records.append)

    async def do(self, order: Order) -> OrderResult:
        """Carry out an order and give what became of it; whatever goes wrong is told, never raised."""
        try:
            match order.kind:
                case OrderKind.FRAMES:
                    return self._frames(order)
                case OrderKind.TEST_READ:
                    return await self._test_read(order)
                case OrderKind.WRITE:
                    return await self._write(order)
                case OrderKind.WALK:
                    return self._walk(order)
                case OrderKind.KEY:
                    # The line's own business: the gateway's devices know no key.
                    return OrderResult(id=order.id, is_done=False, code="gateway.order", message="Not done here.")
        except ValidationError as error:
            text = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            return OrderResult(id=order.id, is_done=False, code="gateway.settings", message=text[:900])
        except Refused as error:
            reasons = {"reasons": ",".join(map(str, error.reasons))}
            return OrderResult(id=order.id, is_done=False, code=error.code, message=error.message, facts=reasons)
        except HospitalTwinError as error:
            return OrderResult(id=order.id, is_done=False, code=error.code, message=error.message[:900])
        except (ValueError, KeyError) as error:
            return OrderResult(id=order.id, is_done=False, code="gateway.order", message=f"Unusable order: {error!r}")
        except OSError as error:  # a line that is not there, a file that cannot be read: the gateway itself works on
            told = f"The computer says: {error.strerror or error}"[:900]
            return OrderResult(id=order.id, is_done=False, code="gateway.system", message=told)

    def _frames(self, order: Order) -> OrderResult:
        pieces = self._gateway.ear.pieces(order.arguments["device"], _MOST_LINES)
        lines = [f"{one.at} {'<' if one.is_received else '>'} {one.octets.hex()}" for one in pieces]
        return OrderResult(id=order.id, is_done=True, lines=lines)

    def _walk(self, order: Order) -> OrderResult:
        now, action = self._clock.now(), order.arguments.get("action", "show")
        place, zones = order.arguments.get("place", ""), self._gateway.cleaning.layout.zones
        # Before a walk is begun anew: a room that is mistyped must not cost the walk that goes on.
        if action in ("begin", "mark") and place not in zones:
            told = f"No antenna of this gateway stands for {place[:60]!r}; there are {', '.join(zones[:20])}."
            return OrderResult(id=order.id, is_done=False, code="walk.place", message=told[:900])
        walk = self._gateway.walk
        if action == "begin":
            walk = self._gateway.begin_walk(tag_id(order.arguments["tag"]))
        if walk is None:
            return OrderResult(id=order.id, is_done=False, code="walk.none", message="No walk test was begun.")
        if action in ("begin", "mark"):
            walk.mark(place, now)
        elif action == "end":
            walk.finish(now)
        lines = [msgspec.json.encode(one).decode() for one in walk.results(now)]
        facts = {"tag": walk.tag, "place": walk.place}
        return OrderResult(id=order.id, is_done=True, lines=lines[:_MOST_LINES], facts=facts)

    async def _write(self, order: Order) -> OrderResult:
        told = order.arguments
        record = await self._writer.write(
            told["device"], told["signal"], float(told["value"]), actor=order.actor, roles=frozenset(order.roles)
        )
        held = "" if record.read_back is None else repr(record.read_back)
        facts = {"outcome": record.outcome.value, "read_back": held}
        is_done = record.outcome is WriteOutcome.DONE
        return OrderResult(
            id=order.id,
            is_done=is_done,
            code="" if is_done else f"machine.{record.outcome.value}",
            message=record.detail,
            facts=facts,
        )

    async def _test_read(self, order: Order) -> OrderResult:
        plain: Mapping[str, str] = order.arguments
        if "profile" in plain:
            return await _read_machine(order.id, MachineEntry.model_validate(plain))
        entry = ReaderSettings.model_validate(_reader_fields(plain))
        return await _read_reader(order.id, entry, self._clock)


def _reader_fields(plain: Mapping[str, str]) -> dict[str, object]:
    fields: dict[str, object] = {name: text for name, text in plain.items() if not name.startswith("options.")}
    fields["options"] = {name.partition(".")[2]: text for name, text in plain.items() if name.startswith("options.")}
    if antennas := plain.get("antennas"):
        fields["antennas"] = [int(one) for one in antennas.split(",")]
    return fields


async def _read_reader(identifier: str, entry: ReaderSettings, clock: Clock) -> OrderResult:
    ear = _Ear()
    around = Surroundings(listener=ear, clock=clock, chance=np.random.default_rng())
    driver = factory_of(entry.kind)(entry.line(), around)
    running = asyncio.create_task(driver.run())
    try:
        async with asyncio.timeout(_TEST_READ_S):
            # One tag is enough to prove the way; a refused connection is told by the next status.
            while not ear.readings and not (ear.statuses and ear.statuses[-1].status.value == "offline"):
                await asyncio.sleep(0.02)
    except TimeoutError:
        pass
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    health = driver.health
    facts = {
        "status": health.status.value,
        "identity": health.identity,
        "firmware": health.firmware,
        "model": health.model,
        "clock_offset_ms": str(health.clock_offset_us // 1000),
    }
    lines = sorted(
        {f"{one.tag} antenna {one.antenna}" + (f" chip {one.tid}" if one.tid else "") for one in ear.readings}
    )
    is_heard = health.connections > 0 and health.status.value != "offline"
    code = "" if is_heard else health.detail
    return OrderResult(id=identifier, is_done=is_heard, code=code, lines=lines, facts=facts)


async def _read_machine(identifier: str, entry: MachineEntry) -> OrderResult:
    profile = load_profile(entry.profile)
    bus = ModbusBus(
        BusSettings(line=entry.line(answer_s=_TEST_ANSWER_S), is_serial=bool(entry.device) or entry.is_behind_converter)
    )
    lines: list[str] = []
    try:
        for requests in poll_plan(profile).values():
            for request in requests:
                values = await bus.read(entry.unit, request.table.function_code, request.address, request.count)
                for signal, decoded in AnswerDecoder(request.slots).read(values):
                    lines.append(f"{signal.key} = {decoded.value} ({decoded.quality.name.lower()})")
    finally:
        bus.close()
    return OrderResult(id=identifier, is_done=True, lines=lines[:_MOST_LINES], facts={"status": "online"})
