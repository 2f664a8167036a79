"""Safety notices to be dealt with, maintenance over weeks, reliability by model, replacement over years."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from assets.model.notices import Notice, NoticeMatch
from assets.model.studio import Scenario, Studio
from assets.model.work import WorkOrder
from assets.rules.due_dates import compliance_of, local_day
from assets.rules.reliability.repairable import CumulativeStep, History, mean_cumulative
from assets.rules.shares import Share, share_of
from assets.service import fleet, notices, scenarios
from assets.service.agreements import RunningOut, running_out
from assets.service.incidents import list_incidents
from assets.service.levelling import WEEK, WeekPlan, level_maintenance, monday_of
from assets.service.maintenance import performed_in
from assets.service.replacement_counts import KeptCases, kept_cases
from assets.service.replacing import StudioPlan, plan_cases, rank_stability
from assets.service.tracing import RecallClosure, against_set, chain_of, recall_closure, uses_of
from assets.service.work import open_planned
from dash_app.queries.studio_rules import text_of, with_rules

MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """A notice with its matched devices; open ones first."""

    notice: Notice
    matches: tuple[NoticeMatch, ...]

    @property
    def open_count(self) -> int:
        """Devices that nobody has dealt with."""
        return sum(match.state.value == "open" for match in self.matches)


def triage(session: Session, *, is_open: bool = True) -> list[Triage]:
    """Give notices with their devices: those with the most open devices first."""
    found = [
        Triage(
            notice=notice,
            matches=tuple(
                sorted(
                    notices.matches_of(session, notice_id=notice.id),
                    key=lambda match: (match.state.value != "open", match.certainty.value, match.asset),
                )
            ),
        )
        for notice in notices.list_notices(session, is_open=is_open, limit=200)
    ]
    return sorted(found, key=lambda one: (-one.open_count, one.notice.received_at, one.notice.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Maintenance by week.

    Parameters
    ----------
    first_on : date
        Monday of the first week.
    weeks : tuple[tuple[WorkOrder, ...], ...]
        Orders per week, by the week for which they were planned, or in which they are due.
    overdue : tuple[WorkOrder, ...]
        Due before the first week.
    strict, adjusted : Share
        Compliance of the last twelve months by due day, of all that was due and of all that was not excused in time.
    running_out : tuple[RunningOut, ...]
        Agreements on which somebody must act.
    incidents : int
        Open incidents.
    """

    first_on: date
    weeks: tuple[tuple[WorkOrder, ...], ...]
    overdue: tuple[WorkOrder, ...]
    strict: Share
    adjusted: Share
    running_out: tuple[RunningOut, ...]
    incidents: int


def calendar(session: Session, *, now: int, zone: ZoneInfo, weeks: int) -> Calendar:
    """Give the maintenance of the next weeks and how well the last year's was kept.

    Parameters
    ----------
    session : Session
        Any session.
    now : int
        UTC microseconds.
    zone : ZoneInfo
        The hospital's.
    weeks : int
        How many, above 0.
    """
    today = local_day(now, zone)
    first = monday_of(today)
    held: list[list[WorkOrder]] = [[] for _ in range(weeks)]
    overdue = []
    for order in open_planned(session):
        day = date.fromisoformat(order.planned_on or order.due_date)
        index = (day - first).days // 7
        if index < 0:
            overdue.append(order)
        elif index < weeks:
            held[index].append(order)
    done = performed_in(session, start_on=today - timedelta(days=365), end_on=today, zone=zone)
    figures = compliance_of(done, as_of=today)
    return Calendar(
        first_on=first,
        weeks=tuple(map(tuple, held)),
        overdue=tuple(overdue),
        strict=share_of(figures.in_window, figures.due),
        adjusted=share_of(figures.in_window, figures.due - figures.excused),
        running_out=tuple(running_out(session, today=today, zone=zone, days=30, limit=50)),
        incidents=len(list_incidents(session, is_open=True, limit=1000)),
    )


def levelled(session: Session, *, now: int, zone: ZoneInfo, weeks: int, minutes: int) -> WeekPlan:
    """Give the maintenance of the next weeks spread over technicians' minutes a week."""
    today = local_day(now, zone)
    return level_maintenance(session, today=today, weeks=weeks, capacity={"": minutes}, seconds=5.0)


def week_label(first_on: date, index: int) -> date:
    """Give the Monday of a week."""
    return first_on + index * WEEK


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """Figures of every model, and the curve of one.

    Parameters
    ----------
    groups : tuple[fleet.FleetGroup, ...]
        The most failures first.
    chosen : fleet.FleetGroup or None
        The one whose curve is shown.
    curve : tuple[CumulativeStep, ...]
        Mean failures per device by age in days; empty below three failures.
    """

    groups: tuple[fleet.FleetGroup, ...]
    chosen: fleet.FleetGroup | None
    curve: tuple[CumulativeStep, ...]


def explore(session: Session, *, now: int, category: str, model: str, confidence: float) -> Explored:
    """Give the reliability of the fleet by model.

    Parameters
    ----------
    session : Session
        Any session.
    now : int
        UTC microseconds.
    category, model : str
        Only this kind; the model whose curve is shown.
    confidence : float
        Two-sided, of all intervals.
    """
    watched = fleet.watched(session, now=now, category=category)
    groups = fleet.groups_of(watched, confidence=confidence)
    chosen = next((group for group in groups if model and group.model == model), groups[0] if groups else None)
    curve: tuple[CumulativeStep, ...] = ()
    if chosen is not None and not chosen.refused.get("growth", "").endswith("too_few_events"):
        devices = watched[chosen.category, chosen.manufacturer, chosen.model]
        curve = mean_cumulative([History(times=d.failures, start=d.start, end=d.end) for d in devices])
    return Explored(groups=tuple(groups), chosen=chosen, curve=curve)


def scores(session: Session, *, category: str, most: int) -> KeptCases:
    """Give the devices for whose replacement most speaks, as it was counted last."""
    return kept_cases(session, category=category, limit=most)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioView:
    """A replacement plan, what was set for it, how firm its ranking is, and what it rests on."""

    found: StudioPlan
    studio: Studio
    stability: float
    kept: KeptCases


def replacement(session: Session, *, query: Mapping[str, str]) -> StudioView:
    """Give a replacement plan by the settings of the address line, from what was counted last.

    Parameters
    ----------
    session : Session
        Any session.
    query : Mapping[str, str]
        Settings of the studio.
    """
    studio = with_rules(session, studio_of(query), query)
    kept = kept_cases(session, category=studio.category)
    found = plan_cases(kept.cases, studio=studio, seconds=5.0)
    return StudioView(found=found, studio=studio, stability=rank_stability(found.cases), kept=kept)


def kept_scenarios(session: Session) -> list[Scenario]:
    """Give the plans that are kept, the latest first."""
    return scenarios.list_scenarios(session)


def query_of_studio(studio: Studio) -> dict[str, str]:
    """Give the address line's settings of a studio, so that a kept plan can be opened again."""
    return text_of(studio) | {
        "kind": studio.category,
        "budget": str(studio.budgets[0] // 100),
        "years": str(len(studio.budgets)),
        "risk": str(round(studio.risk_weight * 100)),
        "models": str(studio.most_models),
        "installs": str(studio.most_per_year),
    }


def studio_of(query: Mapping[str, str]) -> Studio:
    """Read the studio's settings from the address line; what is missing or no number takes its default."""

    def whole(name: str, default: int, low: int, high: int) -> int:
        text = query.get(name, "")
        return min(max(int(text), low), high) if text.isdigit() else default

    years = whole("years", 5, 1, 10)
    budget = whole("budget", 500_000, 0, 10_000_000_000)
    return Studio(
        budgets=(budget * 100,) * years,
        category=query.get("kind", ""),
        risk_weight=whole("risk", 30, 0, 1000) / 100,
        most_models=whole("models", 0, 0, 100),
        most_per_year=whole("installs", 0, 0, 100_000),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTrace:
    """Where a set stands, and its uses.

    Parameters
    ----------
    cycle, load, state : str
        Its latest reprocessing; empty if it never was.
    expires_at : int
        End of its storage life, UTC microseconds; 0 if none.
    flags : tuple[str, ...]
        Why it must not be issued now.
    uses : tuple[tuple[int, str, str, tuple[str, ...]], ...]
        When, in which case, after which cycle, and what was wrong then; the latest first.
    """

    cycle: str
    load: str
    state: str
    expires_at: int
    flags: tuple[str, ...]
    uses: tuple[tuple[int, str, str, tuple[str, ...]], ...]


def set_trace(session: Session, *, name: str, now: int) -> SetTrace:
    """Give where a set stands and where it was used."""
    chain = chain_of(session, set_instance=name, at=now)
    uses = uses_of(session, set_instance=name, limit=100)
    return SetTrace(
        cycle=chain.cycle,
        load=chain.load,
        state=chain.state.value if chain.state is not None else "",
        expires_at=chain.expires_at,
        flags=against_set(session, set_instance=name, chain=chain, at=now),
        uses=tuple((use.at, use.case_id, use.cycle, use.flags) for use in uses),
    )


def closure(session: Session, *, cycle: str) -> RecallClosure:
    """Give all that a failed indicator of a cycle would reach."""
    return recall_closure(session, cycle_id=cycle)
