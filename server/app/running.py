"""A hospital at work: everything that runs beside the requests, and the server around it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from zoneinfo import ZoneInfo

import msgspec
import uvicorn

from dash_app.actions.access import SERVICE as ACCESS_DESK
from dash_app.actions.upkeep import SERVICE as UPKEEP
from server.access.desk import Desk as AccessDesk
from server.alarms.distress import Distress
from server.alarms.engine import AlarmEngine
from server.alarms.entrances import Entrances
from server.alarms.watches import Watches
from server.app.factory import App, build_app
from server.app.figures import keep_figures
from server.app.ui import pages_of
from server.broker import broker_intake
from server.care import count_replacements, look_after, next_count
from server.deadlines import each
from server.doors.idempotency import forget_old
from server.gateways.copies import CopyWatch
from server.gateways.desk import desk_of
from server.gateways.setting_up import NAME as SETTING_UP
from server.gateways.setting_up import SettingUp
from server.imports.desk import Desk
from server.jobs.runner import JobRunner
from server.listening import mllp_server
from server.notifying import Notifier
from server.partners import tell_partners
from server.rounds import next_local, start_rounds
from server.runs.forecasts import EVERY_US, ForecastDesk
from server.upkeep.backing_up import AT_NIGHT, Upkeep
from server.wiring import Hospital, follow
from twin.clock import DAY_US, HOUR_US, MINUTE_US
from twin.collecting import collecting_rarely
from twin.ledger.retention import archive_and_prune

log = logging.getLogger("hospital_twin.server")

SHUTDOWN_S = 8
SWITCH_INTERVAL_S = 0.001
_encoder = msgspec.json.Encoder(enc_hook=str)
_HEAD_EVERY_US = 5 * MINUTE_US
_SWEEP_EVERY_US = HOUR_US
_PRUNE_EVERY_US = 6 * HOUR_US


class JsonLines(logging.Formatter):
    """Log records as lines of JSON, without anybody's identity."""

    def __init__(self) -> None:
        super().__init__()
        self._second = (0, "")

    def _time(self, record: logging.LogRecord) -> str:
        second = int(record.created)
        known = self._second
        if known[0] != second:  # a busy server writes thousands of lines in a second
            known = self._second = (second, self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"))
        return known[1]

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        told: dict[str, object] = {
            "at": self._time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        facts = getattr(record, "facts", None)
        if isinstance(facts, dict):
            told |= facts
        request_id = getattr(record, "request_id", "")
        if request_id:
            told["request_id"] = request_id
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return _encoder.encode(told).decode()


def log_to_standard_error(*, level: int = logging.INFO) -> None:
    """Send our own log records to standard error as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    ours = logging.getLogger("hospital_twin")
    ours.handlers = [handler]
    ours.setLevel(level)
    ours.propagate = False
    # the packages below the server name their loggers by module
    for name in (
        "server",
        "dash_app",
        "twin",
        "assets",
        "inventory",
        "scheduling",
        "simulation",
        "interop",
        "rfid_gateway",
    ):
        package = logging.getLogger(name)
        package.handlers = [handler]
        package.setLevel(level)
        package.propagate = False
    for name in ("uvicorn", "uvicorn.error"):
        other = logging.getLogger(name)
        other.handlers = [handler]
        other.propagate = False


def _watch_over(hospital: Hospital, engine: AlarmEngine) -> None:
    """Start what tells the alarm engine of fences and climate, of doors, of calls for help, and of copied tags."""
    Watches(hospital, engine).start()
    Entrances(hospital, engine).start()
    Distress(hospital, engine).start()
    CopyWatch(hospital).start()


@contextmanager
def at_work(hospital: Hospital, *, with_pages: bool = True) -> Iterator[App]:
    """Start jobs, alarms, deadlines and the application of a hospital.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    with_pages : bool, optional
        Whether the pages are served beside the API.
    """
    # The writer gives up the interpreter at each statement; by default it would wait 5 ms to get it back.
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    tell_partners(hospital)
    hospital.services["telemetry"] = hospital.telemetry
    desk_of(hospital)
    hospital.services[SETTING_UP] = SettingUp(hospital)
    hospital.services["imports"] = Desk(hospital)
    runner = JobRunner(hospital)
    hospital.jobs = runner
    engine = AlarmEngine(hospital)
    desk = ForecastDesk(hospital)
    hospital.services["forecast"] = desk
    runner.start()
    engine.start()
    _watch_over(hospital, engine)
    notifier = Notifier(hospital)
    notifier.start()
    app = build_app(hospital, ui=pages_of(hospital) if with_pages else None)
    hospital.services[ACCESS_DESK] = AccessDesk(hospital, app.access)
    if hospital.settings.mllp_port > 0:
        app.api.state.background.append(lambda: mllp_server(hospital))
    if hospital.settings.mqtt_url:
        app.api.state.background.append(lambda: broker_intake(hospital))
    repeat = hospital.deadlines.repeat
    repeat("audit-head", app.access.write_head, next_at=each(_HEAD_EVERY_US))
    repeat("idempotency", lambda: _sweep(hospital), next_at=each(_SWEEP_EVERY_US))
    repeat("retention", lambda: _prune(hospital), next_at=each(_PRUNE_EVERY_US), is_long=True)
    repeat("ledger-retry", lambda: retry_handlers(hospital), next_at=each(MINUTE_US))
    repeat("forecast", desk.want, next_at=each(EVERY_US))
    repeat("device-care", lambda: look_after(hospital), next_at=each(HOUR_US), is_long=True)
    repeat("replacements", partial(count_replacements, hospital), next_at=partial(next_count, hospital), is_long=True)
    upkeep = Upkeep(hospital, engine)
    hospital.services[UPKEEP] = upkeep
    repeat("upkeep", upkeep.look, next_at=each(HOUR_US))
    if hospital.settings.is_backing_up_nightly:
        zone = ZoneInfo(hospital.settings.time_zone)
        at_night = partial(next_local, zone=zone, hour=AT_NIGHT[0], minute=AT_NIGHT[1])
        repeat("backup", upkeep.nightly, next_at=at_night, is_long=True)
    keep_figures(hospital)
    start_rounds(hospital)
    # The past is read beside the first requests: before them it would only make everybody wait for the pages.
    follow(hospital)
    desk.start()
    hospital.deadlines.start()
    try:
        with collecting_rarely():
            yield app
    finally:
        sys.setswitchinterval(before)
        # in this order: what gives work to others ends before those who do it
        hospital.deadlines.stop()
        desk.stop()
        upkeep.stop()
        notifier.stop()
        engine.stop()
        runner.stop()
        hospital.ledger.take_snapshot().result()  # so that the next start replays nothing
        app.access.close()


def retry_handlers(hospital: Hospital) -> int:
    """Run handlers again that failed and are due; give how many still fail, which the log shows.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    """
    failing = hospital.write_now(hospital.ledger.retry)
    if failing:
        log.warning("%d handlers still fail; they are tried again", failing)
    return failing


def _sweep(hospital: Hospital) -> None:
    now = hospital.clock.now()
    hospital.write_now(lambda session: forget_old(session, now=now))


def _prune(hospital: Hospital) -> None:
    """Take out what is past its retention; the ledger only if the settings say so."""
    settings, now = hospital.settings, hospital.clock.now()
    hospital.ledger.forget_closed(now - settings.closed_kept_days * DAY_US)
    telemetry = hospital.telemetry
    # piece by piece: one large deletion would hold up everybody who stores something
    while hospital.write_now(
        lambda session: telemetry.prune(session, now=now, retention_days=settings.telemetry_retention_days)
    ):
        pass
    if settings.ledger_retention_days:
        hospital.ledger.take_snapshot().result()
        archive_and_prune(
            hospital.database, settings.data_dir / "archive", now=now, retention_days=settings.ledger_retention_days
        )


def server_of(app: App, hospital: Hospital) -> uvicorn.Server:
    """Give the server that answers for an application; ``run()`` serves until a signal comes.

    Parameters
    ----------
    app : App
        What answers.
    hospital : Hospital
        Its settings say where.
    """
    settings = hospital.settings
    config = uvicorn.Config(
        app.asgi,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=SHUTDOWN_S,
        lifespan="on",
        h11_max_incomplete_event_size=65_536,
        ssl_certfile=str(settings.tls_certificate) if settings.tls_certificate else None,
        ssl_keyfile=str(settings.tls_key) if settings.tls_key else None,
    )
    return uvicorn.Server(config)
