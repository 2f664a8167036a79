"""Who answers for a device: hand over, give back, reserve, lend; and leave to take it outside."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from assets.model.regions import CustodyState
from assets.model.register import CustodianKind, CustodyPeriod
from assets.rules.egress import Permit
from assets.service.act import Act
from assets.service.availability import change_state
from assets.tables.register import load_asset, regions_of_row
from assets.tables.rows import AssetRow, CustodyRow, PermitRow
from twin.access import Permission
from twin.errors import Refused
from twin.events.things import CustodyChanged


def hand_over(
    session: Session, *, act: Act, asset_id: str, custodian: str, kind: CustodianKind = CustodianKind.PERSON
) -> CustodyPeriod:
    """Let somebody answer for a device from now on; whoever did before is relieved.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who hands it over.
    asset_id, custodian : str
        What, and to whom.
    kind : CustodianKind
        What the custodian is.
    """
    state = CustodyState.LOANED_OUT if kind is CustodianKind.VENDOR else CustodyState.HELD
    return _begin(session, act, CustodyPeriod(asset=asset_id, custodian=custodian, kind=kind, start_at=act.now), state)


def give_back(session: Session, *, act: Act, asset_id: str) -> None:
    """End the present custody or reservation of a device; nothing happens if there is none."""
    row = load_asset(session, asset_id)
    if _close(session, row, act.now):
        change_state(session, act=act, asset_id=asset_id, custody=CustodyState.FREE)
        _tell(session, act, asset_id, "")


def reserve(session: Session, *, act: Act, asset_id: str, custodian: str = "") -> CustodyPeriod:
    """Keep a free, usable device for somebody until they fetch it or give it back.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who reserves; needs ``devices:read``, as every nurse has it.
    asset_id : str
        Which device.
    custodian : str
        For whom; the actor if empty.

    Raises
    ------
    Refused
        If it may not be used now, or somebody holds or reserved it.
    """
    act.actor.require(Permission.DEVICES_READ)
    row = load_asset(session, asset_id)
    reasons = [reason for reason in row.reasons.split(",") if reason]
    if row.custody != CustodyState.FREE:
        reasons.append(f"custody.{row.custody}")
    if reasons:
        raise Refused(f"{asset_id} cannot be reserved now.", reasons=reasons, code="asset.not_free")
    period = CustodyPeriod(
        asset=asset_id, custodian=custodian or act.actor.id, kind=CustodianKind.PERSON, start_at=act.now
    )
    return _begin(session, act, period, CustodyState.RESERVED)


def custody_as_of(session: Session, *, asset_id: str, at: int) -> CustodyPeriod | None:
    """Give who answered for a device at an instant, or None."""
    row = session.exec(
        select(CustodyRow)
        .where(col(CustodyRow.asset) == asset_id, col(CustodyRow.start_at) <= at)
        .where((col(CustodyRow.end_at) == 0) | (col(CustodyRow.end_at) > at))
        .order_by(col(CustodyRow.start_at).desc())
        .limit(1)
    ).first()
    return None if row is None else _period(row)


def custody_of(session: Session, *, asset_id: str, limit: int = 100) -> list[CustodyPeriod]:
    """Give the custody of a device, the latest first."""
    query = select(CustodyRow).where(col(CustodyRow.asset) == asset_id)
    return [_period(row) for row in session.exec(query.order_by(col(CustodyRow.start_at).desc()).limit(limit))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A device that somebody holds or has reserved.

    Parameters
    ----------
    asset, name, category : str
        Which.
    since_at : int
        UTC microseconds.
    is_reservation : bool
        Whether it waits for them; a reservation lapses by itself.
    """

    asset: str
    name: str
    category: str
    since_at: int
    is_reservation: bool


def kept_by(session: Session, *, custodian: str, limit: int = 100) -> list[Kept]:
    """Give what somebody holds or has reserved now, the latest first."""
    query = (
        select(CustodyRow, AssetRow)
        .join(AssetRow, col(AssetRow.id) == col(CustodyRow.asset))
        .where(col(CustodyRow.custodian) == custodian, col(CustodyRow.end_at) == 0)
        .order_by(col(CustodyRow.start_at).desc(), col(CustodyRow.asset))
        .limit(limit)
    )
    return [
        Kept(
            asset=asset.id,
            name=asset.name,
            category=asset.category,
            since_at=period.start_at,
            is_reservation=period.is_reservation,
        )
        for period, asset in session.exec(query)
    ]


def lapse_reservations(session: Session, *, act: Act, before: int) -> list[str]:
    """End reservations that began before an instant, and give their devices: nobody has fetched them.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        In whose name.
    before : int
        UTC microseconds.

    Notes
    -----
    Without this a device that was reserved and forgotten would be missing to everybody until somebody noticed.
    """
    query = select(CustodyRow.asset).where(
        col(CustodyRow.end_at) == 0, col(CustodyRow.is_reservation), col(CustodyRow.start_at) < before
    )
    # Read to the end before anything is given back: that changes what the query goes over.
    lapsed = list(session.exec(query.order_by(col(CustodyRow.asset)).limit(1000)))
    for asset in lapsed:
        give_back(session, act=act, asset_id=asset)
    return lapsed


def permit_leaving(session: Session, *, act: Act, permit: Permit, reason: str) -> None:
    """Let a device be outside for a time: a transfer, a loan, a return to its vendor."""
    act.actor.require(Permission.DEVICES_WRITE)
    load_asset(session, permit.asset)
    session.merge(
        PermitRow(asset=permit.asset, start_at=permit.start_at, end_at=permit.end_at, reason=reason, actor=act.actor.id)
    )
    session.flush()


def end_permits(session: Session, *, act: Act, asset_id: str) -> None:
    """End the permits of a device that hold now, and take back those to come; what was outside before stays known."""
    act.actor.require(Permission.DEVICES_WRITE)
    load_asset(session, asset_id)
    query = (
        select(PermitRow)
        .where(col(PermitRow.asset) == asset_id)
        .where((col(PermitRow.end_at) == 0) | (col(PermitRow.end_at) > act.now))
    )
    for row in session.exec(query):
        # A permit that never held leaves no trace; one that did is needed to tell why something was outside.
        if row.start_at >= act.now:
            session.delete(row)
        else:
            row.end_at = act.now
            session.add(row)
    session.flush()


def permits_of(session: Session, asset_id: str) -> tuple[Permit, ...]:
    """Give all permits of a device."""
    rows = session.exec(select(PermitRow).where(col(PermitRow.asset) == asset_id).limit(1000))
    return tuple(Permit(asset=row.asset, start_at=row.start_at, end_at=row.end_at) for row in rows)


def _period(row: CustodyRow) -> CustodyPeriod:
    return CustodyPeriod(
        asset=row.asset,
        custodian=row.custodian,
        kind=CustodianKind(row.kind),
        start_at=row.start_at,
        end_at=row.end_at,
    )


def _begin(session: Session, act: Act, period: CustodyPeriod, state: CustodyState) -> CustodyPeriod:
    row = load_asset(session, period.asset)
    _close(session, row, period.start_at)
    session.add(
        CustodyRow(
            asset=period.asset,
            start_at=period.start_at,
            custodian=period.custodian,
            kind=period.kind.value,
            is_reservation=state is CustodyState.RESERVED,
        )
    )
    session.flush()
    change_state(session, act=act, asset_id=period.asset, custody=state)
    _tell(session, act, period.asset, period.custodian)
    return period


def _close(session: Session, row: AssetRow, at: int) -> bool:
    """End the open period; one that began at the very same instant never was."""
    current = session.exec(
        select(CustodyRow).where(col(CustodyRow.asset) == row.id, col(CustodyRow.end_at) == 0)
    ).first()
    if current is None:
        return regions_of_row(row).custody is not CustodyState.FREE
    if at < current.start_at:
        message = f"{row.id} is in custody since a later instant: act again with the present time."
        raise Refused(message, code="custody.order")
    if at == current.start_at:
        session.delete(current)
    else:
        current.end_at = at
        session.add(current)
    session.flush()
    return True


def _tell(session: Session, act: Act, asset_id: str, custodian: str) -> None:
    act.ledger.append(
        session,
        [
            CustodyChanged(
                thing=asset_id,
                occurred_at=act.now,
                source=act.source,
                source_key=f"{act.key}:custody:{asset_id}",
                actor=act.actor.id,
                custodian=custodian,
            )
        ],
    )
