"""The desk where gateways report, and where people leave what a gateway shall do."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol, cast

from rfid_gateway.uplink.orders import ORDER_LIFE_S, Order, OrderKind, OrderResult, Report
from server.wiring import Hospital
from twin.access import Actor
from twin.clock import SECOND_US, Clock, SystemClock
from twin.errors import NotFound, Unavailable

NAME, KEYS = "gateway_desk", "gateway_keys"
SILENT_US = 30 * SECOND_US
"""After so long without a report a gateway is taken to be away, and no order is left for it."""


@dataclass(slots=True)
class _Waiting:
    order: Order
    until: int
    result: Future[OrderResult]
    is_fetched: bool = False


@dataclass(slots=True)
class _Start:
    """A gateway that was started at an instant of its own clock, and when it was heard, by the core's."""

    started_at: int
    first_at: int
    last_at: int


@dataclass(frozen=True, slots=True)
class Reported:
    """What a gateway said last.

    Parameters
    ----------
    report : Report
        The report.
    at : int
        When it came, UTC microseconds of the core.
    readings_per_s : float
        Tag readings and samples per second since the report before.
    is_doubled : bool
        Whether two gateways report under this id, such as after a disk was copied with its settings: readers serve the
        one or the other, and orders reach either.
    """

    report: Report
    at: int
    readings_per_s: float = 0.0
    is_doubled: bool = False


class ChangesKeys(Protocol):
    """Gives gateways new keys; :mod:`server.gateways.rotation` meets it, and the application fills it in."""

    def change(self, gateway: str, actor: Actor) -> str:
        """Have a gateway go over to a new key; give the key's id."""

    def has_superseded(self, gateway: str, key_id: str) -> bool:
        """Tell whether the key of a report was made to replace others that still hold."""

    async def end_superseded(self, gateway: str, key_id: str) -> None:
        """End them."""


@dataclass(slots=True)
class GatewayDesk:
    """Reports and orders of all gateways; safe to use from several threads.

    Parameters
    ----------
    clock : Clock
        The core's clock, in real time: orders must not wait longer in a demo that runs fast.
    new_id : Callable[[], str]
        Source of ids.
    """

    clock: Clock
    _reports: dict[str, Reported] = field(default_factory=dict)
    _starts: dict[str, list[_Start]] = field(default_factory=dict)
    _waiting: dict[str, list[_Waiting]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _count: int = 0

    def take(self, report: Report) -> list[Order]:
        """Take a gateway's report and give the orders that wait for it.

        Parameters
        ----------
        report : Report
            As sent.
        """
        now = self.clock.now()
        with self._lock:
            before = self._reports.get(report.gateway)
            starts = self._starts.setdefault(report.gateway, [])
            is_doubled = _is_doubled(starts, report.started_at, now)
            self._reports[report.gateway] = Reported(report, now, _rate(before, report, now), is_doubled)
            waiting = self._waiting.setdefault(report.gateway, [])
            results = {one.id: one for one in report.results}
            for one in waiting:
                if one.order.id in results and not one.result.done():
                    one.result.set_result(results[one.order.id])
            waiting[:] = [one for one in waiting if not one.result.done() and one.until > now]
            orders = [one.order for one in waiting if not one.is_fetched]
            for one in waiting:
                one.is_fetched = True
        return orders

    def is_silent(self, one: Reported) -> bool:
        """Tell whether a gateway has not reported for so long that it is taken to be away."""
        return self.clock.now() - one.at > SILENT_US

    def reported(self) -> list[Reported]:
        """Give the last report of every gateway, by id."""
        with self._lock:
            return [self._reports[key] for key in sorted(self._reports)]

    def last(self, gateway: str) -> Reported:
        """Give the last report of a gateway.

        Raises
        ------
        NotFound
            If it has not reported since the core started.
        """
        with self._lock:
            found = self._reports.get(gateway)
        if found is None:
            raise NotFound("gateway", gateway)
        return found

    def leave(self, gateway: str, kind: OrderKind, arguments: Mapping[str, str], actor: Actor) -> Future[OrderResult]:
        """Leave an order for a gateway and give what its result will be in.

        Raises
        ------
        NotFound
            If the gateway has not reported since the core started.
        Unavailable
            If it has not reported lately.
        """
        now = self.clock.now()
        if self.is_silent(self.last(gateway)):
            raise Unavailable(f"Gateway {gateway} does not report: start it, then try again.", code="gateway.silent")
        with self._lock:
            self._count += 1
            order = Order(
                id=f"{now}-{self._count}",
                kind=kind,
                arguments=dict(arguments),
                actor=actor.id,
                roles=sorted(role.value for role in actor.roles),
            )
            entry = _Waiting(order, now + round(ORDER_LIFE_S * SECOND_US), Future())
            self._waiting.setdefault(gateway, []).append(entry)
        return entry.result

    def withdraw(self, gateway: str, result: Future[OrderResult]) -> bool:
        """Take an order back; False if the gateway has fetched it and may have carried it out."""
        with self._lock:
            waiting = self._waiting.get(gateway, [])
            found = next((one for one in waiting if one.result is result), None)
            if found is None or found.is_fetched:
                return False
            waiting.remove(found)
        return True

    async def ask(self, gateway: str, kind: OrderKind, arguments: Mapping[str, str], actor: Actor) -> OrderResult:
        """Leave an order and wait for what becomes of it.

        Raises
        ------
        NotFound, Unavailable
            As :meth:`leave`, or if no result comes in time.
        """
        result = self.leave(gateway, kind, arguments, actor)
        try:
            async with asyncio.timeout(ORDER_LIFE_S):
                return await asyncio.shield(asyncio.wrap_future(result))
        except TimeoutError as error:
            raise self._too_late(gateway, result) from error

    def ask_now(self, gateway: str, kind: OrderKind, arguments: Mapping[str, str], actor: Actor) -> OrderResult:
        """Leave an order and wait in this thread for what becomes of it; not for the event loop.

        Raises
        ------
        NotFound, Unavailable
            As :meth:`ask`.
        """
        result = self.leave(gateway, kind, arguments, actor)
        try:
            return result.result(timeout=ORDER_LIFE_S)
        except TimeoutError as error:
            raise self._too_late(gateway, result) from error

    def _too_late(self, gateway: str, result: Future[OrderResult]) -> Unavailable:
        if self.withdraw(gateway, result):
            return Unavailable(f"Gateway {gateway} did not come for the order: nothing was done.", code="gateway.late")
        return Unavailable(
            f"Gateway {gateway} took the order and told no result: look at the device before you try again.",
            code="gateway.unknown_result",
        )


def _is_doubled(starts: list[_Start], started_at: int, now: int) -> bool:
    """Note a report of a gateway that was started at an instant; tell whether another one reports beside it.

    One that was started anew ends before the next begins. Two at once come by turns: then the one that was known first
    is heard again after the other.
    """
    known = next((one for one in starts if one.started_at == started_at), None)
    if known is None:
        starts.append(_Start(started_at, now, now))
    else:
        known.last_at = now
    starts[:] = [one for one in starts if now - one.last_at <= SILENT_US]
    return any(one.last_at > other.first_at for one, other in itertools.pairwise(starts))


def _rate(before: Reported | None, report: Report, now: int) -> float:
    if before is None or before.report.started_at != report.started_at or now <= before.at:
        return 0.0
    told = sum(one.readings for one in report.devices) - sum(one.readings for one in before.report.devices)
    return max(told, 0) / ((now - before.at) / SECOND_US)


def keys_of(hospital: Hospital) -> ChangesKeys:
    """Give what changes the keys of gateways.

    Raises
    ------
    Unavailable
        If this process has none.
    """
    held = hospital.services.get(KEYS)
    if held is None:
        raise Unavailable("Keys of gateways are changed by the server: use `hospital-twin serve`.")
    return cast(ChangesKeys, held)


def desk_of(hospital: Hospital) -> GatewayDesk:
    """Give the hospital's desk, set up the first time."""
    held = hospital.services.get(NAME)
    if not isinstance(held, GatewayDesk):
        held = hospital.services[NAME] = GatewayDesk(SystemClock())
    return held
