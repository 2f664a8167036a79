"""What speaks for each device's replacement, counted by night and kept: it changes by days, and takes long to count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

import msgspec
from sqlalchemy import delete, func, insert
from sqlmodel import Session, col, select

from assets.model.regions import GONE
from assets.service.replacing import DeviceCase, device_cases
from assets.tables.records import ReplacementCaseRow
from assets.tables.rows import AssetRow

_PIECE = 500  # in one transaction: others must get their turn at the writer between
_IN_USE = col(AssetRow.operational).not_in([state.value for state in GONE])

Read = Callable[[], AbstractContextManager[Session]]
Write = Callable[[Callable[[Session], None]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCases:
    """Cases as they were counted last.

    Parameters
    ----------
    cases : tuple[DeviceCase, ...]
        The highest score first; of devices that are still in the register.
    count : int
        How many there are in all, where only the first are given.
    counted_at : int
        When the oldest of them was counted, UTC microseconds; 0 if none was yet.
    missing : int
        Devices in the register that came after the count.
    """

    cases: tuple[DeviceCase, ...]
    count: int
    counted_at: int
    missing: int


def count_anew(read: Read, write: Write, *, now: int) -> int:
    """Count what speaks for the replacement of every device in the register, and keep it in place of the last count.

    Parameters
    ----------
    read : Callable
        Opens a reading session, so that nobody waits for the arithmetic.
    write : Callable
        Runs a use case in a transaction of its own; called once for each few hundred devices.
    now : int
        UTC microseconds.

    Returns
    -------
    int
        How many devices were counted.
    """
    with read() as session:
        cases = device_cases(session, now=now)
    for start in range(0, len(cases), _PIECE):
        write(partial(_keep, cases=cases[start : start + _PIECE], counted_at=now))
    write(partial(_forget, before=now))
    return len(cases)


def _keep(session: Session, *, cases: Sequence[DeviceCase], counted_at: int) -> None:
    session.execute(delete(ReplacementCaseRow).where(col(ReplacementCaseRow.asset).in_([one.asset for one in cases])))
    rows = [
        {
            "asset": one.asset,
            "category": one.category,
            "score": one.score.score,
            "counted_at": counted_at,
            "body": msgspec.json.encode(one).decode(),
        }
        for one in cases
    ]
    session.execute(insert(ReplacementCaseRow), rows)


def _forget(session: Session, *, before: int) -> None:
    session.execute(delete(ReplacementCaseRow).where(col(ReplacementCaseRow.counted_at) < before))


def kept_cases(session: Session, *, category: str = "", limit: int | None = None) -> KeptCases:
    """Give what was counted last; nothing is computed per device.

    Parameters
    ----------
    session : Session
        Any session.
    category : str
        Only this kind of device; all if empty.
    limit : int, optional
        Cases at most; all by default.
    """
    # A device that was retired since the count is asked for no more: the register says so today.
    kept = select(ReplacementCaseRow.body).join(AssetRow, col(AssetRow.id) == ReplacementCaseRow.asset).where(_IN_USE)
    figures = (
        select(func.count(), func.min(ReplacementCaseRow.counted_at))
        .select_from(ReplacementCaseRow)
        .join(AssetRow, col(AssetRow.id) == ReplacementCaseRow.asset)
        .where(_IN_USE)
    )
    held = select(func.count()).select_from(AssetRow).where(_IN_USE)
    if category:
        kept = kept.where(col(AssetRow.category) == category)
        figures = figures.where(col(AssetRow.category) == category)
        held = held.where(col(AssetRow.category) == category)
    count, counted_at = session.exec(figures).one()
    bodies = session.exec(kept.order_by(col(ReplacementCaseRow.score).desc(), ReplacementCaseRow.asset).limit(limit))
    return KeptCases(
        cases=tuple(msgspec.json.decode(body, type=DeviceCase) for body in bodies),
        count=count,
        counted_at=counted_at or 0,
        missing=session.exec(held).one() - count,
    )


def was_counted(session: Session) -> bool:
    """Tell whether anything was counted yet."""
    return session.exec(select(ReplacementCaseRow.asset).limit(1)).first() is not None
