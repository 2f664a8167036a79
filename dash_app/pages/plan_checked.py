"""What the independent checker says of a plan, and what publishing it needs: a reason for each rule that it breaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dash_app.pages.asking import asks_first
from dash_app.pages.states import shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import plans
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import number
from twin.events.watch import AlarmPriority

REASON = "plan-reason"
PUBLISH = "plan-publish"


def check(result: Mapping[str, Any] | None) -> list[Component]:
    """Build the checker's report.

    Parameters
    ----------
    result : Mapping[str, Any] or None
        With ``report``; None gives that nothing is against it.
    """
    rows: list[list[Cell]] = [
        [
            codes.code_text(codes.PLAN_RULES, line.rule),
            _("must hold") if line.is_hard else _("should hold"),
            line.violations,
            number(line.cost, 1),
        ]
        for line in plans.check_lines(result)
        if line.violations or line.cost
    ]
    if not rows:
        return [html.P(_("The independent checker has nothing against it."))]
    headings = [_("Rule"), _("Kind"), _("Broken"), _("Cost")]
    return [html.H3(_("What the independent checker says")), table(_("Checker's report"), headings, rows)]


def broken(result: Mapping[str, Any] | None) -> list[str]:
    """Give the rules that must hold and do not, by the checker's report."""
    return [line.rule for line in plans.check_lines(result) if line.is_hard and line.violations]


def publishing(rules: list[str]) -> list[Component]:
    """Build what publishing needs: a reason for each broken rule, and the button.

    Parameters
    ----------
    rules : list[str]
        Rules that must hold and are broken.
    """
    asked: list[Component] = [
        dmc.TextInput(
            id={"type": REASON, "rule": rule},
            label=_("Why “{rule}” may be broken").format(rule=codes.code_text(codes.PLAN_RULES, rule)),
            required=True,
        )
        for rule in rules
    ]
    if rules:
        text = _("Rules that must hold are broken: it is published only with a reason for each.")
        asked.insert(0, html.P([shape(AlarmPriority.MEDIUM), text], className="status p2"))
    button = html.Button(_("Publish"), id=PUBLISH, className="action primary", n_clicks=0)
    if rules:
        told = _("Wards and theatres work by it from now on although {count} rules are broken; your reasons are kept.")
        asks_first(button, told.format(count=len(rules)))
    return [*asked, button]
