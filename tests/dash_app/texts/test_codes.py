import pytest

from dash_app.texts import codes, gateway_words
from dash_app.texts.happenings import HAPPENINGS, happening_text
from dash_app.texts.measures import lever_text, measure_text, pool_text, scale_of
from interop.service.messages import Outcome
from interop.service.subscriptions import State
from twin.events.patients import BedReadiness
from twin.events.registry import EVENT_TYPES
from twin.events.supply import Verdict
from twin.events.things import DeviceReadiness
from twin.events.watch import GatewayStatus
from twin.events.work import TaskKind
from twin.state.model import TaskStatus, TicketStatus
from twin.state.reconciling import Difference


@pytest.mark.parametrize(
    ("table", "enumeration"),
    [
        (codes.TASK_KINDS, TaskKind),
        (codes.TASK_STATUSES, TaskStatus),
        (gateway_words.GATEWAY_STATUSES, GatewayStatus),
        (codes.VERDICTS, Verdict),
        (codes.READINESS, DeviceReadiness),
        (codes.READINESS, BedReadiness),
        (codes.TICKET_STATUSES, TicketStatus),
        (codes.MESSAGE_OUTCOMES, Outcome),
        (codes.SUBSCRIPTION_STATES, State),
        (codes.DIFFERENCES, Difference),
    ],
    ids=str,
)
def test_every_code_of_the_events_has_a_text(table, enumeration):
    assert {member.value for member in enumeration} <= set(table)


def test_an_unknown_code_is_shown_in_its_own_words():
    assert codes.code_text(codes.REASONS, "odd_new_reason") == "odd new reason"


def test_a_code_with_a_detail_falls_back_to_its_head():
    assert codes.code_text({"odd": "Odd"}, "odd.new_thing") == "Odd (new thing)"


def test_happenings_name_events_that_exist():
    assert set(HAPPENINGS) <= set(EVENT_TYPES)


def test_a_happening_without_a_sentence_shows_its_kind():
    assert happening_text("PathClosed", "lift") == "PathClosed lift"


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        ("pool.icu-bed.occupied", "icu bed: in use"),
        ("wait.triage.p95_s", "Wait for triage: 95 % within, minutes"),
        ("pool.icu.utilisation_share", "Intensive care: share in use"),
        ("stay.major.unfinished", "Stay of the seriously ill: not over at the end, patients"),
        ("wait.ed-to-icu.mean_s", "Wait for an intensive care bed, from emergency: mean, minutes"),
        ("wait.ed-to-W1.mean_s", "Wait for a bed on Ward 1, from emergency: mean, minutes"),
        ("pool.ward-W1.waiting", "Ward 1: waiting"),
        ("left.wait-for-bay", "Left before a bay in emergency"),
        ("exits.home", "Discharged to home"),
        ("patients.arrived", "Patients: arrived"),
        ("cost", "Cost"),
        ("something", "something"),
    ],
)
def test_measures_have_words_and_units(measure, text):
    assert measure_text(measure, {"ward-W1": "Ward 1"}) == text


def test_seconds_are_told_in_minutes():
    assert scale_of("wait.triage.p95_s") == 60
    assert scale_of("pool.icu.waiting") == 1


@pytest.mark.parametrize(
    ("kind", "subject", "name", "text"),
    [
        ("capacity", "icu", "", "Beds in intensive care"),
        ("capacity", "ward-W1", "Ward 1", "Beds on Ward 1"),
        ("rate", "emergency", "", "Emergency: arrivals per hour"),
        ("count", "elective", "", "Planned operations: number a day"),
        ("capacity", "dialysis", "", "dialysis: places"),
    ],
)
def test_what_can_be_changed_has_words(kind, subject, name, text):
    assert lever_text(kind, subject, name) == text


def test_a_pool_has_the_name_that_the_hospital_gives_it():
    assert pool_text("icu", {}) == "Intensive care"
    assert pool_text("ward-W1", {"ward-W1": "Ward 1"}) == "Ward 1"
    assert measure_text("cost.ward-W1", {"ward-W1": "Ward 1"}) == "Cost of Ward 1"
