import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.imports.conversion import LogConversion, pseudonym
from server.imports.mapping import Columns, LogMapping, LogShape
from server.imports.reading import Row
from twin.events.patients import EncounterDeparted, EncounterFinished, EncounterMoved, EncounterStarted, StageReached

KEY = bytes(range(32))
VISITS = LogMapping(
    name="visits", shape=LogShape.VISITS, columns=Columns(case="id", start="in", end="out", place="ward")
)
STEPS = LogMapping(
    name="steps",
    shape=LogShape.ACTIVITIES,
    columns=Columns(case="id", activity="what", time="when", lifecycle="phase"),
    finish=("Exit",),
    moves={"To ICU": "ICU"},
)


def convert(mapping, *rows, places=()):
    numbered = [Row(number, dict(values)) for number, values in enumerate(rows, start=2)]
    return LogConversion(mapping, key=KEY, places=frozenset(places)).convert(numbered)


def visit(case="1", start="2026-01-01 10:00", end="2026-01-02 10:00", ward=""):
    return {"id": case, "in": start, "out": end, "ward": ward}


def step(what, when, case="1", phase="complete"):
    return {"id": case, "what": what, "when": f"2026-01-01 {when}", "phase": phase}


def test_a_visit_starts_finishes_and_departs():
    result = convert(VISITS, visit(ward="2A"), places={"2A"})

    assert [type(event) for event in result.events] == [EncounterStarted, EncounterFinished, EncounterDeparted]
    assert result.events[0].place == "2A"
    assert result.n_problems == 0


def test_a_visit_without_an_end_is_still_in_the_hospital():
    result = convert(VISITS, visit(end=""))

    assert [type(event) for event in result.events] == [EncounterStarted]
    assert result.open_encounters == 1


def test_a_ward_that_the_twin_does_not_know_is_counted_not_invented():
    result = convert(VISITS, visit(ward="X9"), visit(case="2", ward="X9"))

    assert result.unknown_places == {"X9": 2}
    assert all(event.place == "" for event in result.events if isinstance(event, EncounterStarted))


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (visit(case=""), "id"),  # nobody
        (visit(start=""), "in"),  # never came
        (visit(start="yesterday"), "in"),  # no instant
        (visit(end="2026-01-01 09:59"), "out"),  # left before coming
    ],
)
def test_a_bad_row_is_named_with_field_row_and_cure(row, field):
    result = convert(VISITS, visit(case="ok"), row)

    assert [(problem.field, problem.place) for problem in result.problems] == [(field, "row 3")]
    assert result.problems[0].cure


def test_a_case_that_stands_twice_is_named():
    result = convert(VISITS, visit(), visit())

    assert result.problems[0].place == "row 3"


def test_activities_become_stages_moves_and_an_end():
    rows = [
        step("Exit", "12:00"),
        step("Triage", "10:05", phase="start"),
        step("Arrive", "10:00"),
        step("To ICU", "11:00"),
    ]

    result = convert(STEPS, *rows, places={"ICU"})

    assert [type(event) for event in result.events] == [
        EncounterStarted,
        StageReached,
        StageReached,
        EncounterMoved,
        StageReached,
        EncounterFinished,
        EncounterDeparted,
    ]
    assert [event.stage for event in result.events if isinstance(event, StageReached)] == [
        "arrive",
        "triage_started",
        "exit",
    ]


def test_a_case_without_its_last_activity_stays_open():
    result = convert(STEPS, step("Arrive", "10:00"))

    assert result.open_encounters == 1
    assert not any(isinstance(event, EncounterFinished) for event in result.events)


def test_no_event_shows_the_case_key():
    result = convert(VISITS, visit(case="MRN-4711"))

    assert all("4711" not in repr(event) for event in result.events)


@given(st.text(max_size=20), st.text(max_size=20))
def test_pseudonyms_are_equal_only_for_equal_cases_of_one_log(first, second):
    one, other = (pseudonym(case, name="log", key=KEY) for case in (first, second))

    assert (one == other) == (first == second)
    assert pseudonym(first, name="other", key=KEY) != one


@given(st.permutations([step(f"a{i}", f"{10 + i}:00") for i in range(6)]))
def test_the_order_of_the_rows_does_not_matter(rows):
    stages = [event.stage for event in convert(STEPS, *rows).events if isinstance(event, StageReached)]

    assert stages == [f"a{i}" for i in range(6)]


def test_the_same_log_read_twice_gives_the_same_keys():
    keys = [[event.source_key for event in convert(VISITS, visit(), visit(case="2")).events] for _ in range(2)]

    assert keys[0] == keys[1]
    assert len(set(keys[0])) == len(keys[0])
