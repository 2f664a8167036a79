"""Pages of devices' records, drift, strategies, permits, figures and kept plans: what is entered is kept and seen."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from assets.model.drift import DriftWatch, Feature
from assets.model.electrical import Method, Quantity
from assets.model.incidents import Severity
from assets.model.maintenance import CalendarRule, Rule
from assets.model.work import StepKind, WorkKind
from assets.service import drift, work
from assets.service.maintenance import save_rule
from assets.service.templates import Template
from assets.tables.records import DriftPointRow
from dash_app.actions import device_records as actions
from dash_app.actions import scenarios as scenario_actions
from dash_app.actions import strategies as strategy_actions
from dash_app.actions.files import file_handed_over
from dash_app.actions.replacing import recount
from dash_app.pages import checklists, devices, fleet_figures, incidents, measurements, replacement, strategies
from dash_app.pages import drift as drift_page
from dash_app.pages.device_permit import permit_desk
from dash_app.pages.page import Visit
from dash_app.pages.replacement_rules import scenario_table
from dash_app.queries import device_planning
from dash_app.queries.studio_rules import text_of, with_rules
from tests.dash_app.pages.test_device_pages import Kept, failures, registered, words
from tests.dash_app.small_hospital import HOUR, NOW, small_port
from twin.access import Role
from twin.errors import FieldError, Forbidden, InputError, Refused

UTC = ZoneInfo("UTC")


@pytest.fixture
def kept() -> Kept:
    return registered()


PAGES = (checklists, drift_page, fleet_figures, incidents, measurements, strategies)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", [Role.NURSE, Role.BIOMED])
def test_pages_open_on_an_empty_register(page: Any, role: Role) -> None:
    text = words(page.layout(small_port(role), Visit(path=page.PAGE.path, query={})))

    assert len(text) > 40


def test_an_incident_is_reported_by_a_scan_and_stays_until_reported_and_concluded(kept: Kept) -> None:
    told = {"device": "C-1", "severity": "serious", "description": "Free flow", "happened": "2026-09-21 10:00"}

    made = actions.report_incident(kept.port, told)
    running = words(incidents.content(kept.port, {}))
    with pytest.raises(Refused):
        actions.close_incident(kept.port, made.id, "Latch worn")
    actions.note_report(kept.port, made.id, "BfArM 17")
    noted = words(incidents.content(kept.port, {}))
    actions.close_incident(kept.port, made.id, "Latch worn")

    assert (made.asset, made.severity) == ("IP-1", Severity.SERIOUS)
    assert ("15 d 0 h left" in running, "BfArM 17" in noted) == (True, True)
    assert "No incident" in words(incidents.content(kept.port, {}))
    assert "Latch worn" in words(incidents.content(kept.port, {"closed": "1"}))


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"device": "nobody"}, "input.device"),
        ({"device": ""}, "input.device"),
        ({"device": "C-1", "happened": "yesterday"}, "input.instant"),
    ],
)
def test_an_incident_that_names_no_device_or_no_time_is_refused(
    kept: Kept,
    facts: dict[str, str | None],
    code: str,
) -> None:
    with pytest.raises(InputError) as refused:
        actions.report_incident(kept.port, {"severity": "serious", "description": "x"} | facts)

    assert refused.value.code == code


def test_a_calibration_is_pasted_line_by_line_and_an_instrument_out_of_tolerance_puts_results_in_doubt(
    kept: Kept,
) -> None:
    actions.enter_safety_test(
        kept.port,
        device="IP-1",
        instrument="C-2",
        measurements=[
            (Quantity.EQUIPMENT_LEAKAGE, "I", Method.DIRECT, 80.0),
            (Quantity.APPLIED_PART_LEAKAGE, "BF", Method.NONE, None),
        ],
        passed=(True, True),
    )
    kept.port.clock.advance(60)
    told: dict[str, str | None] = {
        "device": "C-2",
        "valid_until": "2026-10-01",
    }

    result = actions.enter_calibration(kept.port, told, [["leak", "µA", "100", "130,5", "100", "5", ""]])

    board = words(measurements.content(kept.port, {}))
    trace = words(measurements.content(kept.port, {"instrument": "IP-2"}))
    assert (result.is_passed, result.is_left_good) == (False, True)
    assert "leak 100 µA: found 130.5, left 100, allowed ± 5" in board
    assert "Instruments out of tolerance" in board
    assert "Devices to be tested again: 1, results: 1" in trace
    assert "Equipment leakage, µA: 80.0 (I direct)" in board


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([], "points"),
        ([["flow", "ml/h", "100", "x", "", "5", ""]], "as_found"),
        ([["flow", "ml/h", "100", "", "", "", ""]], "as_found"),
        ([["", "ml/h", "100", "99", "", "5", ""]], "quantity"),
        ([["flow", "ml/h", "100", "99", "", "5", ""], ["flow", "ml/h", "100", "99", "", "0", ""]], "tolerance"),
    ],
)
def test_a_point_that_cannot_be_read_names_its_line_and_field(rows: list[list[str]], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        actions.points_entered(rows)

    assert refused.value.problem.field == field
    assert refused.value.problem.place == f"line {max(len(rows), 1)}"


def test_a_checklist_grows_by_typed_steps_and_an_order_takes_it_as_it_is(kept: Kept) -> None:
    entered = {
        "label": "Flow",
        "step": "number",
        "unit": "ml/h",
        "low": 95,
        "high": 105,
        "choices": "",
        "required": True,
    }
    empty = Template(kind=WorkKind.PREVENTIVE, category="infusion_pump", steps=())
    first = actions.change_checklist(kept.port, actions.with_step(empty, checklists.step_entered(empty, entered)))
    choice = entered | {"label": "State", "step": "choice", "choices": "good, worn"}
    second = actions.change_checklist(kept.port, actions.with_step(first, checklists.step_entered(first, choice)))
    order = actions.open_order(kept.port, device="C-1", template=second, title="Yearly")
    third = actions.change_checklist(kept.port, actions.without_step(actions.moved_up(second, "s2"), "s1"))

    text = words(checklists.content(kept.port, {"work": "preventive", "kind": "infusion_pump"}))
    with kept.port.read() as session:
        held, _version = work.get_work_order(session, order_id=order.id)
    assert [step.kind for step in held.steps] == [StepKind.NUMBER, StepKind.CHOICE]
    assert (third.version, [step.id for step in third.steps]) == (3, ["s2"])
    assert ("version 3" in text, "good / worn" in text, "95 – 105 ml/h" in text) == (True, True, False)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"label": " "}, "input.step"), ({"low": 9, "high": 1}, "input.number")],
)
def test_a_step_that_asks_for_nothing_is_refused(changes: dict[str, Any], code: str) -> None:
    entered = {"label": "x", "step": "number", "unit": "", "low": None, "high": "", "choices": "", "required": True}
    empty = Template(kind=WorkKind.PREVENTIVE, category="", steps=())

    with pytest.raises(InputError) as refused:
        checklists.step_entered(empty, entered | changes)

    assert refused.value.code == code


def test_a_permit_is_given_and_taken_back_on_the_device_page(kept: Kept) -> None:
    before = words(permit_desk(kept.port, "IP-1"))
    actions.give_permit(kept.port, asset="IP-1", until="2026-09-30", reason="Loan")
    held = words(permit_desk(kept.port, "IP-1"))
    kept.port.clock.advance(60)
    actions.end_permits(kept.port, "IP-1")
    over = words(permit_desk(kept.port, "IP-1"))

    assert ("It must stay in the house" in before, "holds now" in held, "over" in over) == (True, True, True)
    for until, reason, code in (("2020-01-01", "x", "input.permit_end"), ("", " ", "input.reason")):
        with pytest.raises(InputError) as refused:
            actions.give_permit(kept.port, asset="IP-1", until=until, reason=reason)
        assert refused.value.code == code
    with pytest.raises(Forbidden):
        actions.give_permit(small_port(Role.NURSE), asset="IP-1", until="", reason="x")


def test_a_drift_is_shown_with_its_charts_its_order_and_its_plot(kept: Kept) -> None:
    told: dict[str, str | float | None] = {"device": "C-1", "feature": "mean", "quantity": "temperature_c"}
    watch = actions.save_watch(kept.port, told | {"direction": "up", "baseline_n": 20})
    learning = words(drift_page.content(kept.port, {"watch": watch.id}))
    values = [5.0 + 0.1 * (n % 3) for n in range(30)] + [8.0, 8.5]
    kept.keep(*(DriftPointRow(watch=watch.id, at=NOW + n * HOUR, value=value) for n, value in enumerate(values)))
    kept.do(drift.look, watch_id=watch.id)

    board = words(drift_page.content(kept.port, {"watch": watch.id}))
    device = words(devices.device_content(kept.port, "IP-1"))

    assert "learns: 0 of 20" in learning
    assert ("drift since observation 31" in board, "n = 20" in board) == (True, True)
    assert "Settled alerts that were right: 0 of 0" in board
    assert f"drift-{watch.id}.svg" in device
    actions.begin_anew(kept.port, watch.id)
    actions.stop_watch(kept.port, watch.id)
    assert "Charted: 0" in words(drift_page.content(kept.port, {}))


def test_a_figure_that_cannot_be_charted_is_refused(kept: Kept) -> None:
    for facts in ({"feature": "mean"}, {"feature": "hold_s", "baseline_n": 3}):
        with pytest.raises(InputError) as refused:
            actions.save_watch(kept.port, {"device": "C-1", "baseline_n": 50} | facts)
        assert refused.value.code == "input.drift"


def test_long_ids_give_a_short_watch_id() -> None:
    short = actions._watch_id("IP-1", Feature.HOLD_S, "P134")
    long = actions._watch_id("x" * 90, Feature.DEEPEST_VACUUM_KPA, "P134")

    assert short == "IP-1:hold_s:P134"
    assert len(long) <= 60
    assert long != actions._watch_id("x" * 91, Feature.DEEPEST_VACUUM_KPA, "P134")
    assert DriftWatch(id=long, asset="a", feature=Feature.HOLD_S).baseline_n == 50


def test_a_model_is_kept_otherwise_and_taken_back_on_its_page(kept: Kept) -> None:
    failures(kept, 2, 2, 1, 1)
    rule = Rule(id="r", asset="IP-1", calendar=CalendarRule(months=12, anchor_on=date(2026, 1, 1)))
    kept.do(save_rule, rule=rule)
    told = {"model": "Acme\tM100", "strategy": "aem", "months": 24, "evidence": "File 7", "review": "2027-09-30"}

    begun = strategy_actions.begin(kept.port, told | {"critical": True})
    kept.port.clock.advance(90 * 86_400)
    text = words(strategies.content(kept.port))
    strategy_actions.end(kept.port, begun.id, "Not accepted")

    assert len(begun.months_by_rule) == 1
    assert ("24 months" in text, "File 7" in text, "device-years" in text, "interval" in text) == (True,) * 4
    assert "by hand (Not accepted)" in words(strategies.content(kept.port))
    for wrong, code in (
        ({"model": ""}, "input.model"),
        ({"review": "soon"}, "input.instant"),
        ({"months": 0}, "input.strategy"),
    ):
        with pytest.raises(InputError) as refused:
            strategy_actions.begin(kept.port, told | wrong)
        assert refused.value.code == code


PDF = "data:application/pdf;base64," + base64.b64encode(b"%PDF-1.7 our evaluation").decode()


def evidence_told(**fields: Any) -> dict[str, Any]:
    own = {"model": "Acme\tM100", "strategy": "aem", "months": 24, "evidence": "Shared drive", "review": "2028-01-01"}
    return own | {"critical": True} | fields


def test_evidence_comes_as_a_file_with_the_form_and_stands_beside_the_schedule(kept: Kept) -> None:
    failures(kept, 2, 2, 1, 1)
    rule = Rule(id="r", asset="IP-1", calendar=CalendarRule(months=12, anchor_on=date(2026, 1, 1)))
    kept.do(save_rule, rule=rule)
    file = file_handed_over(PDF, "evaluation.pdf")

    begun = strategy_actions.begin(kept.port, evidence_told(), file)
    sheet = file_handed_over("data:application/vnd.ms-excel;base64,YSxi", "rates.csv")
    assert sheet is not None
    strategy_actions.add_evidence(kept.port, begun.id, sheet)

    text = words(strategies.content(kept.port))
    assert ("evaluation.pdf" in text, "rates.csv" in text) == (True, True)


def test_nothing_begins_on_evidence_that_cannot_be_kept(kept: Kept) -> None:
    failures(kept, 2, 2, 1, 1)
    script = file_handed_over("data:text/html;base64,PHNjcmlwdD4=", "x.html")

    with pytest.raises(FieldError):
        strategy_actions.begin(kept.port, evidence_told(), script)
    with pytest.raises(InputError):
        file_handed_over("data:application/pdf;base64,broken!", "x.pdf")

    assert file_handed_over(None, None) is None
    assert "All devices are kept as their manufacturers say" in words(strategies.content(kept.port))


def test_use_and_cost_say_nothing_below_three_devices_and_give_intervals_above(kept: Kept) -> None:
    text = words(fleet_figures.content(kept.port, {"days": "30"}))

    assert "0.0 % (0.0 – 0.0; n = 4)" in text
    assert "at most" in text


def test_the_studio_keeps_forced_years_bundles_and_coverage_and_keeps_plans_by_name(kept: Kept) -> None:
    failures(kept, 4, 0, 1, 0)
    query = {"budget": "5000", "years": "2", "risk": "100", "force": "C-4; 1", "bundle": "pair; IP-2, IP-3"}
    recount(kept.port)

    with kept.port.read() as session:
        view = device_planning.replacement(session, query=query)
        asked = device_planning.query_of_studio(view.studio)
        again = with_rules(session, device_planning.studio_of(asked), asked)
    text = words(replacement.content(kept.port, query))
    scenario_actions.keep(kept.port, "Modest", view.studio, view.found)

    years = view.found.plan.year_by_asset
    assert years["IP-4"] == 0
    assert ("IP-2" in years) == ("IP-3" in years)
    assert again == view.studio
    assert text_of(view.studio)["bundle"] == "pair; IP-2, IP-3"
    assert "Replaced: " in text
    shown = words(scenario_table(kept.port))
    assert "Modest" in shown
    scenario_actions.drop(kept.port, "Modest")
    assert "No plan is kept yet" in words(scenario_table(kept.port))


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"force": "C-1"}, "force"),
        ({"force": "C-1; soon"}, "force"),
        ({"force": "nobody; 1"}, "force"),
        ({"force": "C-1; 9"}, "rules"),  # beyond the plan
        ({"bundle": "a; C-1, C-2\nb; C-2, C-3"}, "rules"),  # one device in two bundles
        ({"cover": "W1; infusion_pump"}, "cover"),
    ],
)
def test_a_rule_that_cannot_be_kept_names_its_line(kept: Kept, rules: dict[str, str], field: str) -> None:
    recount(kept.port)
    with kept.port.read() as session, pytest.raises(FieldError) as refused:
        device_planning.replacement(session, query={"budget": "5000", "years": "2"} | rules)

    assert refused.value.problem.field == field
