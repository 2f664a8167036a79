"""Uses of sets tied anew to their reprocessing, when a cycle becomes known after them.

A gateway that was cut off tells of a cycle an hour after a set from it was used. What was stored at the use would hide
the exposure from every recall, so that it is put right, and what is newly wrong is told.
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from assets.service.tracing import against_set, chain_of, exposure_alarm, use_of_row, uses_since
from assets.tables.rows import CycleRow, LoadItemRow, LoadRow
from twin.events.watch import AlarmRaised


def retrace(session: Session, *, cycle: CycleRow, source: str, actor: str = "") -> list[AlarmRaised]:
    """Tie to a cycle the uses of its sets after its end that are still tied to an earlier one.

    Parameters
    ----------
    session : Session
        The transaction, with the cycle and its loads written.
    cycle : CycleRow
        One that has ended.
    source, actor : str
        Of the alarms.

    Returns
    -------
    list[AlarmRaised]
        One per use of which something new is wrong, such as that its load was not released.
    """
    query = (
        select(LoadItemRow.set_instance)
        .where(col(LoadItemRow.load) == col(LoadRow.id), col(LoadRow.cycle) == cycle.id)
        .where(col(LoadItemRow.set_instance) != "")
        .distinct()
    )
    alarms = []
    for name in sorted(session.exec(query)):
        for row in uses_since(session, set_instance=name, since=cycle.end_at):
            chain = chain_of(session, set_instance=name, at=row.at)
            if chain.cycle == row.cycle:
                continue  # it was reprocessed again before that use, or is tied to this cycle already
            held = use_of_row(row).flags
            # Anew and not added to: "never reprocessed" is no longer true once its cycle is known.
            flags = against_set(session, set_instance=name, chain=chain, at=row.at)
            row.cycle, row.flags = chain.cycle, ",".join(flags)
            session.add(row)
            if set(flags) - set(held):
                alarms.append(exposure_alarm(use_of_row(row), source=source, actor=actor, why=chain.cycle))
    session.flush()
    return alarms
