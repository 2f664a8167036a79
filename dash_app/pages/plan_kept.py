"""The part of the plan board with the plans that are kept: their list, and one of them with all that can be done."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.pages import plan_futures, plan_moving, plan_pins, plan_repair, plan_talk
from dash_app.pages.plan_checked import check, publishing
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import plans
from dash_app.queries.names import place_name, staff_label
from dash_app.queries.people import person_names
from dash_app.queries.plans import KeptPlan
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import calendar_day, moment, number
from scheduling.model.plans import PlanKind, PlanStatus
from scheduling.service.crossings import Crossing
from twin.access import Permission


def draft_name(plan: KeptPlan) -> str:
    """Write which draft of which plan it is: ``12.3``, and from which one it was made."""
    own = f"{plan.number}.{plan.draft}"
    if not plan.based_on_draft:
        return own
    return _("{draft}, from {base}").format(draft=own, base=f"{plan.number}.{plan.based_on_draft}")


def undoing(plan: KeptPlan, page: str) -> list[Component]:
    """Build the way back to the draft from which this one was made; nothing for the first.

    Parameters
    ----------
    plan : KeptPlan
        The draft that is looked at; it stays in the list.
    page : str
        ``plan`` or ``roster``.
    """
    if not plan.based_on_draft:
        return []
    text = _("Undo: back to draft {draft}").format(draft=f"{plan.number}.{plan.based_on_draft}")
    return [dcc.Link(text, href=f"/ui/{page}?plan={quote(plan.based_on)}", id=f"{page}-undo", className="action")]


def draft_report(port: HospitalPort, query: Mapping[str, str], *, may_publish: bool) -> list[Component]:
    """Build one kept plan: what the checker says, publishing, and everything that can be asked of it or changed.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : Mapping[str, str]
        ``plan``, and ``who`` for the patient who is talked about.
    may_publish : bool
        Whether the reader may put plans in force.
    """
    plan = query["plan"]
    with port.read() as session:
        found = plans.find_kept(session, plan)
    if found is None:
        return [html.P(_("This plan is not kept here."), className="state-error")]
    kept, report = found
    parts = [*_head(kept), *check({"report": report})]
    parts += [
        html.P(
            _("Accepted: {rule}, because: {reason}").format(
                rule=codes.code_text(codes.PLAN_RULES, override.rule), reason=override.reason
            )
        )
        for override in kept.overrides
    ]
    if kept.status is PlanStatus.DRAFT and may_publish:
        with port.read() as session:
            outside = plans.outside(session, plan)
        parts += [*_crossings(port, outside.crossings), *publishing(outside.rules)]
    # Only a plan of admissions can be argued with and played; a roster has a page of its own.
    if kept.kind != PlanKind.ADMISSIONS.value:
        return parts
    return [*parts, *_arguing(port, plan, query.get("who", ""))]


def _head(kept: KeptPlan) -> list[Component]:
    text = _("{status}: {title}, {draft}").format(
        status=codes.code_text(codes.PLAN_STATUSES, kept.status.value),
        title=kept.title or _("without a title"),
        draft=_("plan {draft}").format(draft=draft_name(kept)),
    )
    facts = _("Cost {cost}, {broken} rules broken").format(cost=number(kept.cost), broken=number(kept.n_violations))
    undo = undoing(kept, "plan")
    return [
        html.P(text, className="summary"),
        html.P(facts),
        *([html.Div(undo, className="filters")] if undo else []),
    ]


def _arguing(port: HospitalPort, plan: str, who: str) -> list[Component]:
    may_edit = port.actor().may(Permission.PLANS_EDIT)
    return [
        *plan_talk.asking(port, plan, who),
        *(plan_moving.moving(port, plan, who) if may_edit else []),
        *plan_pins.pinned(port, plan),
        *(plan_repair.asking(port, plan) if may_edit else []),
        *plan_moving.comparing(port, plan),
        *plan_futures.asking(port, plan),
    ]


def _crossings(port: HospitalPort, found: list[Crossing]) -> list[Component]:
    """Build the table of people who would stand on two wards with too little rest between."""
    if not found:
        return []
    state, chinese = port.state(), wants_chinese()
    rows: list[list[Cell]] = [
        [
            staff_label(state, one.staff),
            moment(one.from_at),
            moment(one.other_at),
            place_name(state, one.place, chinese=chinese) if one.place else _("Hospital"),
            number(one.rest_minutes / 60, 1),
        ]
        for one in found
    ]
    headings = [_("Who"), _("Shift here"), _("Shift there"), _("Where"), _("Rest between, hours")]
    title = _("Too little rest between wards")
    return [html.H3(title), table(title, headings, rows)]


def kept_plans(port: HospitalPort) -> list[Component]:
    """Build the list of kept plans, the newest first; nothing if there are none.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    with port.read() as session:
        found = plans.kept(session)
    if not found:
        return []
    names = person_names(port, {actor for plan in found for actor in (plan.created_by, plan.published_by)})
    rows: list[list[Cell]] = [
        [
            draft_name(plan),
            dcc.Link(plan.title or moment(plan.created_at), href=f"/ui/plan?plan={quote(plan.id)}"),
            codes.code_text(codes.PLAN_STATUSES, plan.status.value),
            _("{day}, {count} days").format(day=calendar_day(plan.start_at), count=plan.days),
            number(plan.cost),
            plan.n_violations,
            f"{names.get(plan.created_by, plan.created_by)}, {moment(plan.created_at)}",
            f"{names.get(plan.published_by, plan.published_by)}, {moment(plan.published_at)}"
            if plan.published_at
            else "",
            html.A(_("Calendar"), href=f"/v1/plans/{quote(plan.id)}/calendar.ics", download="plan.ics"),
        ]
        for plan in found
    ]
    headings = [
        _("Draft"),
        _("Plan"),
        _("Status"),
        _("Horizon"),
        _("Cost"),
        _("Broken"),
        _("Made by"),
        _("Published by"),
        _("Calendar"),
    ]
    return [panel(_("Kept plans"), table(_("Kept plans"), headings, rows), wide=True)]
