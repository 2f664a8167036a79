"""What a technician reports of a work order in one go: begun, found, signed; hours later if there was no network."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlmodel import Session

from assets.model.work import WorkOrder, WorkState
from assets.service.act import Act
from assets.service.work import Finding, close_work_order, get_work_order, record_work, start_work


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was done at a device, as it happened.

    Parameters
    ----------
    begins, signs : bool
        Whether the work was begun by it, and whether the technician signs that it is done.
    finding : Finding
        What is added.
    """

    begins: bool = False
    finding: Finding = field(default_factory=Finding)
    signs: bool = False


def report_work(session: Session, *, act: Act, order_id: str, report: Report) -> WorkOrder:
    """Take in a report, all of it or nothing.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who reports; ``now`` is when it was done.
    order_id : str
        Which work order.
    report : Report
        What was done.

    Returns
    -------
    WorkOrder
        As it stands afterwards.

    Raises
    ------
    Refused
        If the order is closed already, or it is signed while something is missing or out of limits.

    Notes
    -----
    No version is asked for: what two people found at one device is kept side by side, the later answer of a step
    counts, and the earlier one stays on record.
    """
    order, version = get_work_order(session, order_id=order_id)

    def step(name: str) -> Act:
        # Each part tells its own consequence; under one key the second would be taken for the first told twice.
        return replace(act, key=f"{act.key}:{name}")

    if report.begins and order.state is WorkState.OPEN:
        order, version = start_work(session, act=step("start"), order_id=order_id, version=version), version + 1
    if report.finding != Finding():
        found = {"order_id": order_id, "version": version, "finding": report.finding}
        order, version = record_work(session, act=step("findings"), **found), version + 1  # type: ignore[arg-type]
    if report.signs:
        order = close_work_order(session, act=step("closing"), order_id=order_id, version=version)
    return order
