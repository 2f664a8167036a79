"""The demo hospital's waiting list: who is booked for the coming days, with operation, surgeon and usual stay."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from itertools import cycle

import numpy as np

from scheduling.loaders.waiting_rows import COLUMNS
from server.demo.theatre_kits import PROCEDURES
from twin.clock import DAY_US
from twin.state.live import LiveState
from twin.state.model import EncounterStatus

FILE_NAME = "waiting-list.csv"
OPERATED_SHARE = 0.7
MINUTES = (45, 60, 75, 90, 120, 150, 180)
MEAN_STAY_D = 3.2
PATIENCE_DAYS = 4
"""How many days after the one booked an admission may still come, when it is not urgent."""
URGENT_SHARE = 0.6
LARGE_MINUTES = 150
"""An operation of at least so long may be followed by intensive care."""
INTENSIVE_SHARE = 0.6
"""Of those who have a large operation and need not come."""


def waiting_list(live: LiveState, now: int, *, days: int, seed: int) -> str:
    """Give the list as CSV text with the columns of :mod:`scheduling.loaders.waiting_rows`.

    Parameters
    ----------
    live : LiveState
        Whose booked encounters and surgeons are taken.
    now : int
        UTC microseconds; the list begins with the next midnight.
    days : int
        How many days it covers.
    seed : int
        The same seed and hospital give the same list.
    """
    start = (now // DAY_US + 1) * DAY_US
    surgeons = sorted(key for key, member in live.staff.items() if member.role == "surgeon")
    random = np.random.default_rng([seed, 11])
    after = np.random.default_rng([seed, 12])
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    rows.writeheader()
    codes = cycle(PROCEDURES)  # in turn, not drawn: a draw more would give every list of a seed other patients
    for key, encounter in sorted(live.encounters.items()):
        is_booked = encounter.status is EncounterStatus.PLANNED and encounter.arrival_mode == "elective"
        if not is_booked or not start <= encounter.expected_at < start + days * DAY_US:
            continue
        release = encounter.expected_at // DAY_US
        is_urgent = random.random() < URGENT_SHARE
        due = release + (1 if is_urgent else PATIENCE_DAYS)
        is_operated = bool(surgeons) and random.random() < OPERATED_SHARE
        row: dict[str, object] = {
            "patient": key,
            "gender": random.choice(["female", "male"]),
            "age": int(random.triangular(16, 62, 92)),
            "days": 1 + int(random.gamma(1.3, MEAN_STAY_D / 1.3)),
            "release": _date(release),
            "due": _date(due),
            "mandatory": "yes" if is_urgent else "no",
        }
        if is_operated:
            minutes = int(random.choice(MINUTES))
            row |= {
                "minutes": minutes,
                "surgeon": surgeons[int(random.integers(len(surgeons)))],
                "procedure": next(codes),
            }
            # who must come could find intensive care full, and the demo's first plan is to keep every must
            if minutes >= LARGE_MINUTES and not is_urgent and after.random() < INTENSIVE_SHARE:
                row["intensive"] = 1
        rows.writerow(row)
    return text.getvalue()


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_US / 1e6, UTC).date().isoformat()
