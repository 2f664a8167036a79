"""Keeps a gateway in touch with its core: reports, orders, and settings that are taken back if they cut the line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rfid_gateway.uplink.configuration import GatewaySettings, merged_settings
from rfid_gateway.uplink.doing import Doer
from rfid_gateway.uplink.key import UplinkKey
from rfid_gateway.uplink.orders import DeviceReport, Order, OrderKind, OrderResult, Orders, Report
from rfid_gateway.uplink.runtime import GatewayRuntime
from twin.clock import Clock
from twin.errors import HospitalTwinError

_LOG = logging.getLogger(__name__)


class Desk(Protocol):
    """The core's end: takes reports and gives orders."""

    async def exchange(self, report: Report) -> Orders:
        """Hand in a report and get what shall be done.

        Raises
        ------
        Unavailable
            If the core cannot be reached.
        """

    async def close(self) -> None:
        """Give up connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """How the line to the core's desk is kept.

    Parameters
    ----------
    report_s : float
        Pause between two reports, seconds.
    trial_s : float
        How long new settings may go without reaching the core before they are taken back.
    kept : Path or None
        Where the settings that proved themselves are kept for the next start.
    key : UplinkKey or None
        What the core may change by an order; None where the key is somebody else's.
    """

    report_s: float = 2.0
    trial_s: float = 60.0
    kept: Path | None = None
    key: UplinkKey | None = None


@dataclass(slots=True)
class _Version:
    settings: GatewaySettings
    number: int = 0
    text: str = ""


@dataclass(slots=True)
class _Trial:
    before: _Version
    ends_at: float


@dataclass(slots=True)
class _Failure:
    number: int = 0
    problem: str = ""


class GatewayControl:
    """A gateway with its line to the core; starts and stops it, also with new settings.

    Parameters
    ----------
    own : GatewaySettings
        Settings of the gateway's own file: they name it, its spool and its uplink.
    build : Callable[[GatewaySettings], GatewayRuntime]
        Makes a gateway.
    desk : Desk
        The core's end.
    clock : Clock
        The gateway's clock.
    settings : ControlSettings, optional
        How the line is kept.
    """

    def __init__(
        self,
        own: GatewaySettings,
        build: Callable[[GatewaySettings], GatewayRuntime],
        desk: Desk,
        clock: Clock,
        settings: ControlSettings | None = None,
    ) -> None:
        self._own = own
        self._build = build
        self._desk = desk
        self._clock = clock
        self._settings = settings or ControlSettings()
        self._now = _Version(own)
        self._trial: _Trial | None = None
        self._failure = _Failure()
        self._started_at = 0
        self._results: list[OrderResult] = []
        self._seen: dict[str, None] = {}
        self._doing: set[asyncio.Task[None]] = set()
        self.gateway = build(own)
        self._doer = Doer(self.gateway, clock)

    @property
    def version(self) -> int:
        """Version of the core's settings that the gateway works with; 0 for its own file's."""
        return self._now.number

    async def run(self) -> None:
        """Serve until cancelled."""
        self._started_at = self._clock.now()
        self._restore()
        await self.gateway.start()
        try:
            while True:
                await self.step()
                await asyncio.sleep(self._settings.report_s)
        finally:
            for task in self._doing:
                task.cancel()
            await asyncio.gather(*self._doing, return_exceptions=True)
            try:
                await self.gateway.stop()
            finally:  # also when its end is cut short, or the connection to the core would stay open
                await self._desk.close()

    async def step(self) -> None:
        """Report once and do what the core wants."""
        results, self._results = self._results, []
        try:
            orders = await self._desk.exchange(self.report(results))
        except HospitalTwinError as error:
            _LOG.warning("Desk: %s", error.message)
            # Results that were not told yet go into the next report, before newer ones.
            self._results = results + self._results
            await self._end_trial_without_core()
            return
        # The core was reached with the settings on trial: they have proved themselves.
        if self._trial is not None:
            self._trial = None
            self._keep()
        for order in orders.orders:
            self._begin(order)
        if orders.settings and orders.settings_version not in (self._now.number, self._failure.number):
            await self._try(orders.settings_version, orders.settings)

    def _begin(self, order: Order) -> None:
        if order.id in self._seen:
            return
        self._seen[order.id] = None
        while len(self._seen) > 1000:
            # Remembered, since an order is repeated until its result has come; the last thousand cover far more than
            # its life.
            del self._seen[next(iter(self._seen))]
        task = asyncio.create_task(self._do(order))
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)

    async def _do(self, order: Order) -> None:
        result = self._change_key(order) if order.kind is OrderKind.KEY else await self._doer.do(order)
        # Only now: each report takes the list away, and an order may take several reports' time.
        self._results.append(result)

    def _change_key(self, order: Order) -> OrderResult:
        key = self._settings.key
        try:
            if key is None:
                raise ValueError("this gateway's key is not its own")
            key.change(order.arguments.get("key", ""))
        except (OSError, ValueError) as error:
            # The reason only: an order's arguments must not come back in a report.
            return OrderResult(id=order.id, is_done=False, code="gateway.key", message=f"The key stays: {error}.")
        return OrderResult(id=order.id, is_done=True)

    async def _try(self, number: int, text: str) -> None:
        """Go over to new settings; those that cannot even be started are taken back at once."""
        before = self._now
        try:
            settings = merged_settings(self._own, text, f"version {number}")
            gateway = self._build(settings)
        except (HospitalTwinError, OSError) as error:
            self._failure = _Failure(number, str(error)[:900])
            return
        await self._replace(gateway, _Version(settings, number, text))
        self._trial = _Trial(before, asyncio.get_running_loop().time() + self._settings.trial_s)

    async def _end_trial_without_core(self) -> None:
        trial = self._trial
        if trial is None or asyncio.get_running_loop().time() < trial.ends_at:
            return
        self._failure = _Failure(self._now.number, "The core was not reached any more with these settings.")
        self._trial = None
        await self._replace(self._build(trial.before.settings), trial.before)

    async def _replace(self, gateway: GatewayRuntime, version: _Version) -> None:
        await self.gateway.stop(drain_s=1.0)
        self.gateway, self._now = gateway, version
        self._doer = Doer(gateway, self._clock)
        await gateway.start()

    def _keep(self) -> None:
        kept = self._settings.kept
        if kept is not None:
            # Written aside and renamed, so that a crash leaves the old ones or the new ones.
            part = kept.with_suffix(".part")
            try:
                part.write_text(f"# version {self._now.number}\n{self._now.text}", encoding="utf-8")
                part.replace(kept)
            except OSError as error:  # a full disk costs the settings of the next start, not the gateway at work
                _LOG.error("Settings %d cannot be kept in %s: %s", self._now.number, kept, error)

    def _restore(self) -> None:
        """Begin with the settings that proved themselves last, so that a core that is away changes nothing."""
        kept = self._settings.kept
        if kept is None or not kept.is_file():
            return
        try:
            head, _, text = kept.read_text(encoding="utf-8").partition("\n")
            settings = merged_settings(self._own, text, str(kept))
            number = int(head.removeprefix("# version "))
            gateway = self._build(settings)
        except (HospitalTwinError, ValueError, OSError) as error:
            _LOG.warning("Kept settings %s cannot be used: %s", kept, error)
            return
        self.gateway, self._now = gateway, _Version(settings, number, text)
        self._doer = Doer(gateway, self._clock)

    def report(self, results: list[OrderResult]) -> Report:
        """Give how the gateway does.

        Parameters
        ----------
        results : list[OrderResult]
            What became of orders.
        """
        gateway, uplink = self.gateway, self.gateway.uplink_figures
        kinds = {one.id: one.kind for one in self._now.settings.readers}
        kinds |= {one.id: one.profile for one in self._now.settings.machines}
        devices = [
            DeviceReport(
                device=device,
                kind=kinds.get(device, ""),
                status=health.status.value,
                detail=health.detail,
                last_heard_at=health.last_heard_at,
                connections=health.connections,
                messages=health.messages,
                readings=health.readings,
                errors=health.errors,
                clock_offset_us=health.clock_offset_us,
                usual_delay_us=gateway.cleaning.progress_of(device).usual_delay_us,
                late=gateway.cleaning.progress_of(device).late,
                identity=health.identity[:200],
                firmware=health.firmware[:200],
                model=health.model[:200],
            )
            for device, health in gateway.health.items()
        ]
        return Report(
            gateway=self._own.id,
            started_at=self._started_at,
            settings_version=self._now.number,
            settings_problem=self._failure.problem,
            failed_version=self._failure.number,
            waiting_rows=gateway.waiting_rows,
            dropped_rows=gateway.dropped_rows,
            sent_rows=uplink.sent,
            refused_rows=gateway.refused_rows,
            uplink_error=uplink.last_error if not uplink.is_connected else "",
            devices=devices,
            results=results,
        )
