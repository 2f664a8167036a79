"""What the hospital does for its devices by itself each hour: maintenance due is ordered, what is overdue flagged."""

from __future__ import annotations

import logging
from functools import partial
from zoneinfo import ZoneInfo

from assets.rules.due_dates import local_day
from assets.service import drift, strategies
from assets.service.act import Act
from assets.service.custody import lapse_reservations
from assets.service.following import good_reader
from assets.service.maintenance import Horizon, flag_overdue, generate
from assets.service.measuring import flag_out_of_date
from assets.service.replacement_counts import count_anew, was_counted
from server.rounds import next_local
from server.wiring import Hospital
from twin.access import SYSTEM
from twin.clock import HOUR_US, MINUTE_US

log = logging.getLogger("hospital_twin.care")

_ORDERS_AT_ONCE = 200  # in one transaction: after an import of thousands of rules, others must get their turn between

COUNT_AT = (3, 0)
"""Local time at which what speaks for replacements is counted: after the plan of par levels, as both take a while."""
_RESERVATION_US = 4 * HOUR_US  # half a shift: what was not fetched by then is not fetched


def look_after(hospital: Hospital) -> int:
    """Open the orders that are due, and flag devices past their maintenance or calibration; give how many were opened.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.

    Notes
    -----
    Each hour rather than each day: a hospital whose server was down at midnight is then late by an hour, and running
    it again changes nothing.
    """
    now = hospital.clock.now()
    zone = ZoneInfo(hospital.settings.time_zone)
    horizon = Horizon(today=local_day(now, zone), zone=zone)

    def act(name: str) -> Act:
        return Act(actor=SYSTEM, now=now, key=f"care:{name}:{now}", ledger=hospital.ledger)

    opened = 0
    while True:
        made = hospital.write_now(
            lambda session: len(generate(session, act=act("orders"), horizon=horizon, limit=_ORDERS_AT_ONCE))
        )
        opened += made
        if made < _ORDERS_AT_ONCE:
            break
    late = hospital.write_now(lambda session: flag_overdue(session, act=act("overdue"), horizon=horizon))
    expired = hospital.write_now(lambda session: flag_out_of_date(session, act=act("calibration")))
    lapsed = hospital.write_now(
        lambda session: lapse_reservations(session, act=act("lapse"), before=now - _RESERVATION_US)
    )
    with hospital.read() as session:
        going = strategies.to_be_taken_back(session, now=now, today=horizon.today)
    if going:
        hospital.write_now(partial(strategies.take_back, act=act("strategies"), going=going))
    alerts = watch_drift(hospital, act("drift"))
    if opened or late or expired or lapsed or alerts or going:
        facts = {"orders": opened, "flags": len(late) + len(expired), "lapsed": len(lapsed), "drift": alerts}
        facts["taken_back"] = len(going)
        log.info("devices looked after", extra={"facts": facts})
    return opened + alerts


def watch_drift(hospital: Hospital, act: Act) -> int:
    """Take the new figures of all drift watches and judge them; give how many orders were opened.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    act : Act
        Who lets it run, and when.
    """
    read = good_reader(hospital.telemetry)
    with hospital.read() as session:
        watches = drift.list_watches(session, is_on=True)
    for asset in dict.fromkeys(watch.asset for watch in watches):
        while True:
            # Read beside the writer and written shortly after: a long cycle takes longer to read than others may wait.
            with hospital.read() as session:
                found = drift.gather(session, asset=asset, now=act.now, read=read)
            for gathered in found:
                hospital.write_now(partial(drift.keep, gathered=gathered))
            if not any(gathered.has_more for gathered in found):
                break
    alerts = [hospital.write_now(partial(drift.look, act=act, watch_id=watch.id)) for watch in watches]
    return sum(alert is not None for alert in alerts)


def count_replacements(hospital: Hospital) -> int:
    """Count what speaks for the replacement of every device; give of how many.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    """
    return count_anew(hospital.read, hospital.write_now, now=hospital.clock.now())


def next_count(hospital: Hospital, now: int) -> int:
    """Give when replacements are counted next: at night, or within a minute where nothing was counted yet.

    Parameters
    ----------
    hospital : Hospital
        Open.
    now : int
        UTC microseconds.
    """
    with hospital.read() as session:
        if not was_counted(session):
            return now + MINUTE_US
    return next_local(now, ZoneInfo(hospital.settings.time_zone), hour=COUNT_AT[0], minute=COUNT_AT[1])
