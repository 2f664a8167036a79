"""Alternative maintenance schedules with their figures, and the models that could get one."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from assets.model.strategies import Alternative
from assets.rules.alternatives import RateCheck
from assets.service import strategies
from assets.tables.rows import AssetRow


def alternatives(session: Session, *, now: int) -> list[tuple[Alternative, RateCheck | None]]:
    """Give alternatives, the latest first, each with failures before and since."""
    found = strategies.list_alternatives(session, limit=50)
    return [(one, strategies.figures_of(session, alternative=one, now=now)) for one in found]


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
