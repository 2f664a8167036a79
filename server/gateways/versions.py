"""Settings of gateways, kept by the core: drafted, staged, proven by the gateway itself, or taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import yaml
from sqlmodel import Session, col, select

from rfid_gateway.uplink.configuration import parse_shared
from rfid_gateway.uplink.differences import Difference, differences
from rfid_gateway.uplink.orders import Report
from server.audit.chain import Entry, note
from server.schema.gateways import GatewaySettingsRow
from twin.access import Actor, Permission
from twin.errors import NotFound, Refused

MOST_OCTETS = 1_000_000
_OWN_FILE_ALONE = "{}\n"


class Stage(StrEnum):
    """Where a version of settings stands."""

    DRAFT = "draft"
    STAGED = "staged"
    """Given to the gateway at its next report; it has not proven itself yet."""
    ACTIVE = "active"
    FAILED = "failed"
    """The gateway went back from it; ``problem`` says why."""
    SUPERSEDED = "superseded"


def list_versions(session: Session, gateway: str, *, limit: int = 50) -> list[GatewaySettingsRow]:
    """Give a gateway's versions, newest first."""
    query = select(GatewaySettingsRow).where(GatewaySettingsRow.gateway == gateway)
    return list(session.exec(query.order_by(col(GatewaySettingsRow.version).desc()).limit(limit)))


def _get(session: Session, gateway: str, version: int) -> GatewaySettingsRow:
    row = session.get(GatewaySettingsRow, (gateway, version))
    if row is None:
        raise NotFound("settings", f"{gateway}/{version}")
    return row


def _of_stage(session: Session, gateway: str, stage: Stage) -> GatewaySettingsRow | None:
    query = select(GatewaySettingsRow).where(
        GatewaySettingsRow.gateway == gateway, GatewaySettingsRow.stage == stage.value
    )
    return session.exec(query.order_by(col(GatewaySettingsRow.version).desc()).limit(1)).first()


def _audit(session: Session, actor: Actor, now: int, action: str, row: GatewaySettingsRow) -> None:
    facts = {"version": row.version, "note": row.note}
    note(session, Entry(at=now, actor=actor.id, action=f"gateway.settings_{action}", subject=row.gateway, facts=facts))


def draft(session: Session, gateway: str, text: str, *, actor: Actor, now: int, remark: str = "") -> GatewaySettingsRow:
    """Keep settings as the next version, checked as a whole.

    Parameters
    ----------
    session : Session
        The session of a use case.
    gateway : str
        Id of the gateway.
    text : str
        Settings (YAML) without what only the gateway's own file sets.
    actor : Actor
        Who drafts.
    now : int
        UTC microseconds.
    remark : str
        Why, for those who come later.

    Raises
    ------
    ImportRefused
        If they break a rule; every problem is listed with its place.
    Refused
        If they are too long.
    """
    actor.require(Permission.GATEWAYS_CONFIGURE)
    if len(text.encode()) > MOST_OCTETS:
        raise Refused(f"Settings of a gateway may have {MOST_OCTETS} octets.", code="gateway.settings_too_long")
    parse_shared(text, gateway)
    found = list_versions(session, gateway, limit=1)
    row = GatewaySettingsRow(
        gateway=gateway,
        version=found[0].version + 1 if found else 1,
        text=text,
        stage=Stage.DRAFT.value,
        note=remark[:400],
        author=actor.id[:64],
        created_at=now,
    )
    session.add(row)
    session.flush()
    _audit(session, actor, now, "drafted", row)
    return row


def stage(session: Session, gateway: str, version: int, *, actor: Actor, now: int) -> GatewaySettingsRow:
    """Have the gateway work with a version from its next report on; an older one is a roll-back.

    Raises
    ------
    NotFound
        If there is no such version.
    """
    actor.require(Permission.GATEWAYS_CONFIGURE)
    row = _get(session, gateway, version)
    if row.stage == Stage.ACTIVE.value:
        return row
    earlier = _of_stage(session, gateway, Stage.STAGED)
    if earlier is not None and earlier.version != version:
        earlier.stage = Stage.SUPERSEDED.value
        session.add(earlier)
    row.stage, row.staged_at, row.problem = Stage.STAGED.value, now, ""
    session.add(row)
    session.flush()
    _audit(session, actor, now, "staged", row)
    return row


def discard(session: Session, gateway: str, version: int, *, actor: Actor, now: int) -> GatewaySettingsRow:
    """Put a draft away for good; it stays in the list, for those who ask later.

    Raises
    ------
    NotFound
        If there is no such version.
    Refused
        If it is no draft any more.
    """
    actor.require(Permission.GATEWAYS_CONFIGURE)
    row = _get(session, gateway, version)
    if row.stage != Stage.DRAFT.value:
        raise Refused(f"Version {version} of {gateway} is no draft: go back instead.", code="gateway.no_draft")
    row.stage = Stage.SUPERSEDED.value
    session.add(row)
    session.flush()
    _audit(session, actor, now, "discarded", row)
    return row


def newest_draft(session: Session, gateway: str) -> GatewaySettingsRow | None:
    """Give the draft that somebody works on: the newest version, if it is one."""
    found = list_versions(session, gateway, limit=1)
    return found[0] if found and found[0].stage == Stage.DRAFT.value else None


def difference(session: Session, gateway: str, version: int) -> list[Difference]:
    """Give what a version would change against the one that the gateway works with, or against its own file alone.

    Raises
    ------
    NotFound
        If there is no such version.
    """
    row = _get(session, gateway, version)
    active = _of_stage(session, gateway, Stage.ACTIVE)
    return differences(active.text if active is not None else "", row.text)


def working_settings(session: Session, gateway: str) -> dict[str, object]:
    """Give the settings that somebody works on, as plain values: the newest draft, else what the gateway shall use."""
    base = newest_draft(session, gateway) or wanted(session, gateway)
    found = yaml.safe_load(base.text) if base else None
    return dict(found) if isinstance(found, dict) else {}


def merge(plain: Mapping[str, object], entries: Mapping[str, Sequence[Mapping[str, object]]]) -> str:
    """Give settings with entries put in; each takes the place of one with its id, or of its antenna.

    Parameters
    ----------
    plain : Mapping[str, object]
        Settings as plain values.
    entries : Mapping[str, Sequence[Mapping[str, object]]]
        New entries by list of the settings, such as ``readers``.
    """
    merged = dict(plain)
    for section, told in entries.items():
        before = merged.get(section)
        held = [one for one in before if isinstance(one, Mapping)] if isinstance(before, list) else []
        names, antennas = {one.get("id") for one in told}, {_antenna_of(one) for one in told} - {None}
        kept = [one for one in held if one.get("id") not in names and _antenna_of(one) not in antennas]
        merged[section] = [dict(one) for one in (*kept, *told)]
    return yaml.safe_dump(merged, allow_unicode=True, sort_keys=False)


def _antenna_of(entry: Mapping[str, object]) -> tuple[object, object] | None:
    """Give the antenna of a read point; of one antenna there is one read point."""
    return (entry["reader"], entry.get("antenna", 0)) if "reader" in entry else None


def roll_back(session: Session, gateway: str, *, actor: Actor, now: int) -> GatewaySettingsRow:
    """Have the gateway work with the version that it worked with before the present one, or with its own file alone.

    Raises
    ------
    Refused
        If it works with its own file alone already.
    """
    proven = [
        row for row in list_versions(session, gateway) if row.stage == Stage.SUPERSEDED.value and row.settled_at > 0
    ]
    if not proven:
        if _of_stage(session, gateway, Stage.ACTIVE) is None:
            raise Refused(f"Gateway {gateway} has no earlier settings that worked.", code="gateway.no_earlier_settings")
        # Before its first version it worked with its own file: a version that adds nothing to it says the same.
        own = draft(session, gateway, _OWN_FILE_ALONE, actor=actor, now=now)
        return stage(session, gateway, own.version, actor=actor, now=now)
    return stage(session, gateway, max(proven, key=lambda row: row.settled_at).version, actor=actor, now=now)


def wanted(session: Session, gateway: str) -> GatewaySettingsRow | None:
    """Give the version that a gateway shall work with; None for its own file's."""
    return _of_stage(session, gateway, Stage.STAGED) or _of_stage(session, gateway, Stage.ACTIVE)


def settle(session: Session, report: Report, *, now: int) -> None:
    """Take in what a gateway says of the version that it works with, or went back from.

    Parameters
    ----------
    session : Session
        The session of a use case.
    report : Report
        Of the gateway.
    now : int
        UTC microseconds.
    """
    staged = _of_stage(session, report.gateway, Stage.STAGED)
    if staged is None:
        return
    if staged.version == report.settings_version:
        active = _of_stage(session, report.gateway, Stage.ACTIVE)
        if active is not None:
            active.stage = Stage.SUPERSEDED.value
            session.add(active)
        staged.stage, staged.settled_at = Stage.ACTIVE.value, now
    elif staged.version == report.failed_version:
        staged.stage, staged.problem = Stage.FAILED.value, report.settings_problem[:400]
    else:
        return
    session.add(staged)
    session.flush()
    action = "active" if staged.stage == Stage.ACTIVE.value else "failed"
    facts = {"version": staged.version, "problem": staged.problem}
    entry = Entry(
        at=now,
        actor=f"gateway:{report.gateway}",
        action=f"gateway.settings_{action}",
        subject=report.gateway,
        facts=facts,
    )
    note(session, entry)
