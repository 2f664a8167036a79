"""Keep the devices of a model otherwise than their manufacturer says, and take that back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from assets.model.maintenance import Strategy
from assets.model.strategies import Alternative
from assets.rules.due_dates import local_day
from assets.service import documents, strategies
from assets.service.act import Act
from assets.service.documents import Document
from dash_app.actions.files import HandedFile
from dash_app.actions.port import Commands
from twin.access import Permission
from twin.errors import InputError


def _act(port: Commands, verb: str) -> Act:
    actor, now = port.actor(), port.clock.now()
    actor.require(Permission.DEVICES_WRITE)
    return Act(actor=actor, now=now, key=f"{actor.id}:{verb}:{now}", ledger=port.ledger)


def add_evidence(port: Commands, alternative: str, file: HandedFile) -> Document:
    """Keep a file of evidence with an alternative schedule; files are withdrawn, never overwritten."""
    act = _act(port, "evidence")
    return port.writer.run(lambda session: _attach(session, act, alternative, file))


def _attach(session: Session, act: Act, alternative: str, file: HandedFile) -> Document:
    strategies.get_alternative(session, alternative_id=alternative)
    attachment = documents.Attachment(
        subject=alternative, name=file.name, media_type=file.media_type, content=file.content
    )
    return documents.attach(session, act=act, attachment=attachment)


def begin(port: Commands, facts: Mapping[str, Any], file: HandedFile | None = None) -> Alternative:
    """Give all devices of a model another interval.

    Parameters
    ----------
    port : Commands
        The hospital.
    facts : Mapping[str, Any]
        ``model`` as maker and model parted by a tab, ``strategy``, ``months``, ``evidence``, ``review``, and
        ``imaging``, ``laser``, ``critical`` as entered.
    file : HandedFile or None
        The evidence itself; if it cannot be kept, nothing begins.
    """
    act = _act(port, "alternative")
    maker, _tab, model = (facts.get("model") or "").partition("\t")
    if not model:
        raise InputError("Expected a model.", code="input.model")
    try:
        review_on = date.fromisoformat((facts.get("review") or "").strip())
    except ValueError as error:
        raise InputError("Expected a day.", code="input.instant") from error
    try:
        wanted = Alternative(
            id=f"alternative:{act.key}",
            manufacturer=maker,
            model=model,
            strategy=Strategy(facts.get("strategy") or Strategy.AEM),
            months=int(facts.get("months") or 0),
            evidence=facts.get("evidence") or "",
            review_on=review_on,
            is_imaging=bool(facts.get("imaging")),
            is_laser=bool(facts.get("laser")),
            is_critical=bool(facts.get("critical")),
        )
    except ValueError as error:
        raise InputError(f"{error}", code="input.strategy") from error
    today = local_day(act.now, ZoneInfo(port.settings.time_zone))

    def use_case(session: Session) -> Alternative:
        begun = strategies.begin(session, act=act, alternative=wanted, today=today)
        if file is not None:
            _attach(session, act, begun.id, file)
        return begun

    return port.writer.run(use_case)


def end(port: Commands, alternative: str, reason: str) -> None:
    """Take an alternative schedule back: the former intervals hold again."""
    act = _act(port, "alternative-end")
    port.writer.run(lambda session: strategies.end(session, act=act, alternative_id=alternative, reason=reason))
