"""Alternative maintenance schedules with their figures, and the models that could get one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from assets.model.strategies import Alternative
from assets.rules.alternatives import RateCheck
from assets.service import strategies
from assets.service.documents import Document, documents_of
from assets.tables.rows import AssetRow


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativeLine:
    """An alternative schedule with its failures before and since, and the files of its evidence."""

    alternative: Alternative
    figures: RateCheck | None
    files: tuple[Document, ...]


def alternatives(session: Session, *, now: int) -> list[AlternativeLine]:
    """Give alternatives, the latest first, each with failures before and since and the files of its evidence."""
    return [
        AlternativeLine(
            alternative=one,
            figures=strategies.figures_of(session, alternative=one, now=now),
            files=tuple(documents_of(session, subject=one.id)),
        )
        for one in strategies.list_alternatives(session, limit=50)
    ]


def in_force(session: Session) -> list[Alternative]:
    """Give the alternatives that are in force."""
    return strategies.list_alternatives(session, is_active=True)


def models(session: Session) -> list[tuple[str, str, int]]:
    """Give every maker and model with the number of its devices, by name."""
    query = (
        select(AssetRow.manufacturer, AssetRow.model, func.count())
        .where(col(AssetRow.model) != "")
        .group_by(col(AssetRow.manufacturer), col(AssetRow.model))
        .order_by(col(AssetRow.manufacturer), col(AssetRow.model))
        .limit(2000)
    )
    return [(maker, model, int(count)) for maker, model, count in session.exec(query)]
