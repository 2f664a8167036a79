"""Safety notices: received, matched with every device now and later, closed device by device with proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlmodel import Session, col, select

from assets.model.notices import Certainty, MatchState, Notice, NoticeMatch
from assets.model.regions import ComplianceFlag
from assets.model.register import DeviceModel
from assets.rules.notices import notice_applies
from assets.service.act import Act
from assets.service.availability import settle, tell
from assets.tables.register import asset_of_row, load_asset, regions_of_row
from assets.tables.rows import AssetRow, ModelRow, NoticeMatchRow, NoticeRow
from twin.access import Permission
from twin.errors import NotFound, Refused
from twin.events.things import AvailabilityChanged

OPEN_LIMIT = 10_000
"""Most open notices that a device is matched with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """How far a notice is from being closed.

    Parameters
    ----------
    matched, actioned, not_affected, open : int
        Devices; matched is always the sum of the others.
    """

    matched: int
    actioned: int
    not_affected: int
    open: int


def receive_notice(session: Session, *, act: Act, notice: Notice) -> list[NoticeMatch]:
    """Keep a notice and match it with all devices.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who received it; needs ``devices:write``.
    notice : Notice
        What it says; received again, it is matched again and what was closed stays closed.

    Returns
    -------
    list[NoticeMatch]
        All matches, by device.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    body = msgspec.json.encode(notice).decode()
    session.merge(NoticeRow(id=notice.id, is_open=True, received_at=notice.received_at or act.now, body=body))
    session.flush()
    aliases = _aliases(session)
    for row in session.exec(select(AssetRow).order_by(col(AssetRow.id))):
        changed = _match(session, row, notice, aliases, act.now)
        if changed is not None:
            tell(session, act, changed)
    return matches_of(session, notice_id=notice.id)


def rematch_rows(session: Session, rows: Sequence[tuple[AssetRow, int]]) -> list[AvailabilityChanged | None]:
    """Match devices with all open notices, as when they were added; give what changes for each.

    Parameters
    ----------
    session : Session
        The transaction.
    rows : Sequence[tuple[AssetRow, int]]
        Devices, each with the instant at which it is matched, UTC microseconds.
    """
    query = select(NoticeRow).where(col(NoticeRow.is_open)).limit(OPEN_LIMIT)
    notices = [msgspec.json.decode(row.body, type=Notice) for row in session.exec(query)]
    aliases = _aliases(session) if notices else {}
    found: list[AvailabilityChanged | None] = []
    for row, at in rows:
        changed = None
        for notice in notices:
            changed = _match(session, row, notice, aliases, at) or changed
        found.append(changed)
    return found


def close_match(
    session: Session, *, act: Act, notice_id: str, asset_id: str, state: MatchState, evidence: str
) -> NoticeMatch:
    """Close one device of a notice with proof; one that was not located is closed again when it turns up.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who closes it; needs ``devices:write``.
    notice_id, asset_id : str
        Which device of which notice.
    state : MatchState
        What became of it.
    evidence : str
        Proof in words; what was said before stays beside it.

    Raises
    ------
    Refused
        If there is no proof, or it was dealt with already.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    row = session.get(NoticeMatchRow, (notice_id, asset_id))
    if row is None:
        raise NotFound("notice match", f"{notice_id}/{asset_id}")
    is_closable = row.state in (MatchState.OPEN, MatchState.NOT_LOCATED) and state.value != row.state
    if not is_closable or state is MatchState.OPEN or not evidence.strip():
        message = f"Expected an open match, an outcome and evidence; it is {row.state}."
        raise Refused(message, code="notice.not_closable")
    row.evidence = f"{row.evidence}\n{evidence}" if row.evidence else evidence
    row.state, row.actor, row.closed_at = state.value, act.actor.id, act.now
    session.add(row)
    session.flush()
    changed = _settle_use(session, load_asset(session, asset_id), act.now)
    if changed is not None:
        tell(session, act, changed)
    return _match_of_row(row)


def _settle_use(session: Session, row: AssetRow, at: int) -> AvailabilityChanged | None:
    """Flag a device that a notice keeps from use, and unflag it once none does."""
    regions = regions_of_row(row)
    flag = frozenset({ComplianceFlag.NOTICE_OPEN})
    wanted = regions.compliance | flag if _is_kept_from_use(session, row.id) else regions.compliance - flag
    return settle(session, row, replace(regions, compliance=wanted), at=at) if wanted != regions.compliance else None


def _is_kept_from_use(session: Session, asset_id: str) -> bool:
    """Tell whether a notice that stops use certainly means this device and is not dealt with."""
    # What could not be found is not safe to use when it turns up again.
    unsafe = (MatchState.OPEN.value, MatchState.NOT_LOCATED.value)
    query = select(NoticeRow.body).where(
        col(NoticeRow.id) == col(NoticeMatchRow.notice),
        col(NoticeMatchRow.asset) == asset_id,
        col(NoticeMatchRow.state).in_(unsafe),
        # What only may apply is looked at by a person: it takes no device out of use.
        col(NoticeMatchRow.certainty) == Certainty.CERTAIN.value,
    )
    return any(msgspec.json.decode(body, type=Notice).stops_use for body in session.exec(query))


def close_notice(session: Session, *, act: Act, notice_id: str) -> Closure:
    """Close a notice; it is refused while any matched device is open.

    Raises
    ------
    Refused
        If a matched device is open; each is named.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    row = session.get(NoticeRow, notice_id)
    if row is None:
        raise NotFound("notice", notice_id)
    left = [match.asset for match in matches_of(session, notice_id=notice_id) if match.state is MatchState.OPEN]
    if left:
        raise Refused(f"{notice_id} has {len(left)} open devices.", reasons=left, code="notice.open_devices")
    row.is_open = False
    session.add(row)
    session.flush()
    return closure_of(session, notice_id=notice_id)


def require(session: Session, *, notice_id: str) -> None:
    """Let pass the id of a notice that is there: an unknown one has no devices, which would read as none affected.

    Raises
    ------
    NotFound
        If there is none.
    """
    if session.get(NoticeRow, notice_id) is None:
        raise NotFound("notice", notice_id)


def closure_of(session: Session, *, notice_id: str) -> Closure:
    """Give how many devices were matched, dealt with, found not affected, and are open."""
    states = [match.state for match in matches_of(session, notice_id=notice_id)]
    return Closure(
        matched=len(states),
        actioned=sum(s in (MatchState.FIXED, MatchState.REMOVED, MatchState.NOT_LOCATED) for s in states),
        not_affected=states.count(MatchState.NOT_AFFECTED),
        open=states.count(MatchState.OPEN),
    )


def matches_of(session: Session, *, notice_id: str) -> list[NoticeMatch]:
    """Give all matches of a notice, by device."""
    query = select(NoticeMatchRow).where(col(NoticeMatchRow.notice) == notice_id).order_by(col(NoticeMatchRow.asset))
    return [_match_of_row(row) for row in session.exec(query)]


def list_notices(session: Session, *, is_open: bool = True, limit: int = 200) -> list[Notice]:
    """Give notices by id."""
    query = select(NoticeRow).where(col(NoticeRow.is_open) == is_open).order_by(col(NoticeRow.id)).limit(limit)
    return [msgspec.json.decode(row.body, type=Notice) for row in session.exec(query)]


def _match_of_row(row: NoticeMatchRow) -> NoticeMatch:
    return NoticeMatch(
        notice=row.notice,
        asset=row.asset,
        certainty=Certainty(row.certainty),
        state=MatchState(row.state),
        evidence=row.evidence,
        actor=row.actor,
        matched_at=row.matched_at,
        closed_at=row.closed_at,
    )


def _aliases(session: Session) -> dict[str, tuple[str, ...]]:
    """Give all UDI-DIs of a model by each of them, so that a notice on a box finds what came in it."""
    found: dict[str, tuple[str, ...]] = {}
    for row in session.exec(select(ModelRow)):
        model = msgspec.json.decode(row.body, type=DeviceModel)
        found.update(dict.fromkeys(model.device_identifiers, model.device_identifiers))
    return found


def _match(
    session: Session, row: AssetRow, notice: Notice, aliases: dict[str, tuple[str, ...]], at: int
) -> AvailabilityChanged | None:
    certainty = notice_applies(asset_of_row(row), notice, aliases=aliases.get(row.gtin, ()))
    if certainty is Certainty.NONE:
        return None
    known = session.get(NoticeMatchRow, (notice.id, row.id))
    if known is None:
        known = NoticeMatchRow(
            notice=notice.id, asset=row.id, certainty=certainty.value, state=MatchState.OPEN.value, matched_at=at
        )
    elif known.certainty == Certainty.POSSIBLE and known.state == MatchState.OPEN:
        # Its lot was entered in the meantime, or the notice was received again in clearer words.
        known.certainty = certainty.value
    session.add(known)
    session.flush()
    return _settle_use(session, row, at)
