"""Agreements about devices, and what runs out soon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session, col, select

from assets.model.agreements import Agreement, AgreementKind
from assets.model.regions import GONE
from assets.rules.due_dates import local_day
from assets.service.act import Act
from assets.tables.records import AgreementAssetRow, AgreementRow
from assets.tables.register import asset_of_row, load_asset
from assets.tables.rows import AssetRow
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningOut:
    """Something that ends soon, or has ended without being returned or renewed.

    Parameters
    ----------
    kind : AgreementKind
        What it is; a warranty may stand in the register alone.
    agreement : str
        Its id; empty for a warranty of the register.
    assets : tuple[str, ...]
        Devices that it covers.
    party : str
        The other side.
    ends_on, act_by : date
        Last day, and the day by which somebody must act.
    """

    kind: AgreementKind
    agreement: str
    assets: tuple[str, ...]
    party: str
    ends_on: date
    act_by: date


def save_agreement(session: Session, *, act: Act, agreement: Agreement) -> Agreement:
    """Keep an agreement, new or changed.

    Raises
    ------
    NotFound
        If it names a device that is not in the register.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    for asset in agreement.assets:
        load_asset(session, asset)
    session.merge(
        AgreementRow(
            id=agreement.id,
            kind=agreement.kind.value,
            ends_on=agreement.ends_on.isoformat() if agreement.ends_on is not None else "",
            body=msgspec.json.encode(agreement).decode(),
        )
    )
    for old in session.exec(select(AgreementAssetRow).where(col(AgreementAssetRow.agreement) == agreement.id)):
        if old.asset not in agreement.assets:
            session.delete(old)
    for asset in dict.fromkeys(agreement.assets):
        session.merge(AgreementAssetRow(agreement=agreement.id, asset=asset))
    session.flush()
    return agreement


def end_agreement(session: Session, *, act: Act, agreement_id: str, on: date) -> Agreement:
    """End an agreement on a day: the device went back, or the contract was given up.

    Raises
    ------
    FieldError
        If the day lies before its start.
    """
    agreement = get_agreement(session, agreement_id=agreement_id)
    try:
        ended = replace(agreement, ends_on=on, notice_days=0)
    except ValueError as error:
        problem = FieldProblem(field="on", place="agreement", message=str(error), cure="Give a later day.")
        raise FieldError(problem) from error
    return save_agreement(session, act=act, agreement=ended)


def get_agreement(session: Session, *, agreement_id: str) -> Agreement:
    """Give one agreement."""
    row = session.get(AgreementRow, agreement_id)
    if row is None:
        raise NotFound("agreement", agreement_id)
    return msgspec.json.decode(row.body, type=Agreement)


def agreements_of(session: Session, *, asset: str = "", limit: int = 200) -> list[Agreement]:
    """Give agreements by id, about one device or all."""
    query = select(AgreementRow)
    if asset:
        query = query.where(col(AgreementAssetRow.agreement) == col(AgreementRow.id))
        query = query.where(col(AgreementAssetRow.asset) == asset)
    rows = session.exec(query.order_by(col(AgreementRow.id)).limit(limit))
    return [msgspec.json.decode(row.body, type=Agreement) for row in rows]


def running_out(session: Session, *, today: date, zone: ZoneInfo, days: int = 0, limit: int = 500) -> list[RunningOut]:
    """Give what somebody must act on by now or within some days: the earliest first.

    Parameters
    ----------
    session : Session
        Any session.
    today : date
        The hospital's day.
    zone : ZoneInfo
        The hospital's; a warranty's end in the register is an instant.
    days : int
        Look this many days further ahead than each one's own notice.
    limit : int
        At most this many.
    """
    found = []
    rows = session.exec(select(AgreementRow).where(col(AgreementRow.ends_on) != "").order_by(col(AgreementRow.ends_on)))
    for row in rows:
        agreement = msgspec.json.decode(row.body, type=Agreement)
        assert agreement.ends_on is not None  # noqa: S101  # the query takes only those with an end
        act_by = agreement.ends_on - timedelta(days=agreement.notice_days)
        # What was ended on purpose asks for nothing any more once its day is over.
        is_done = agreement.notice_days == 0 and agreement.ends_on < today
        if act_by <= today + timedelta(days=days) and not is_done:
            found.append(
                RunningOut(
                    kind=agreement.kind,
                    agreement=agreement.id,
                    assets=agreement.assets,
                    party=agreement.party,
                    ends_on=agreement.ends_on,
                    act_by=act_by,
                )
            )
    return sorted([*found, *_warranties(session, today, zone, days)], key=lambda one: (one.act_by, one.assets))[:limit]


_WARRANTY_NOTICE = timedelta(days=60)  # time to claim what is faulty while the maker still pays


def _warranties(session: Session, today: date, zone: ZoneInfo, days: int) -> list[RunningOut]:
    found = []
    states = [state.value for state in GONE]
    for row in session.exec(select(AssetRow).where(col(AssetRow.operational).not_in(states))):
        asset = asset_of_row(row)
        if not asset.warranty_until:
            continue
        end = local_day(asset.warranty_until, zone)
        if today <= end and end - _WARRANTY_NOTICE <= today + timedelta(days=days):
            found.append(
                RunningOut(
                    kind=AgreementKind.WARRANTY,
                    agreement="",
                    assets=(asset.id,),
                    party=asset.manufacturer,
                    ends_on=end,
                    act_by=end - _WARRANTY_NOTICE,
                )
            )
    return found
