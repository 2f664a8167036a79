"""What the hospital does for its devices by itself each hour: maintenance due is ordered, what is overdue flagged."""

from __future__ import annotations

import logging
from zoneinfo import ZoneInfo

from assets.rules.due_dates import local_day
from assets.service.act import Act
from assets.service.custody import lapse_reservations
from assets.service.maintenance import Horizon, flag_overdue, generate
from assets.service.measuring import flag_out_of_date
from server.wiring import Hospital
from twin.access import SYSTEM
from twin.clock import HOUR_US

log = logging.getLogger("hospital_twin.care")

_ORDERS_AT_ONCE = 200  # in one transaction: after an import of thousands of rules, others must get their turn between


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
    if opened or late or expired or lapsed:
        log.info(
            "devices looked after",
            extra={"facts": {"orders": opened, "flags": len(late) + len(expired), "lapsed": len(lapsed)}},
        )
    return opened
