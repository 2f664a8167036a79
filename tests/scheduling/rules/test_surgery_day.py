"""A day of operating as it is expected to go on."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.model.surgery_day import Case, CaseStatus, Hours, TheatreDay
from scheduling.rules.surgery_day import MINUTE_US, better_day, openings, overtime_and_delay, project, put

OPENS = 8 * 60 * MINUTE_US
HOURS = Hours(opens_at=OPENS, closes_at=OPENS + 480 * MINUTE_US, turnover_minutes=20)
THEATRES = ("t1", "t2")


def at(minute: int) -> int:
    return OPENS + minute * MINUTE_US


def case(name: str, position: int = 0, start: int = 0, minutes: int = 60, **changes: object) -> Case:
    made = Case(id=name, theatre="t1", position=position, planned_start_at=at(start), planned_minutes=minutes)
    return replace(made, **changes)  # type: ignore[arg-type]  # names are checked by the dataclass


def day_of(days: tuple[TheatreDay, ...], theatre: str) -> TheatreDay:
    return next(one for one in days if one.theatre == theatre)


def test_cases_follow_each_other_with_a_turnover_between() -> None:
    cases = [case("b", 1, 60), case("a", 0, 0)]

    told = day_of(project(cases, THEATRES, HOURS, at(0)), "t1")

    assert [(one.case.id, one.starts_at, one.ends_at) for one in told.cases] == [
        ("a", at(0), at(60)),
        ("b", at(80), at(140)),
    ]
    assert [one.delay_minutes for one in told.cases] == [0, 20]
    assert day_of(project(cases, THEATRES, HOURS, at(0)), "t2").cases == ()


def test_an_overrun_pushes_what_follows_and_shows_as_overtime() -> None:
    running = case("a", status=CaseStatus.IN_THEATRE, started_at=at(0))

    told = day_of(project([running, case("b", 1, 90, minutes=300)], THEATRES, HOURS, at(200)), "t1")

    assert told.cases[0].ends_at == at(200)  # its planned end is over: it ends now at the earliest
    assert told.cases[1].starts_at == at(220)
    assert told.cases[1].ends_late
    assert told.overtime_minutes == 40


def test_theatres_with_hours_of_their_own_open_and_close_by_them() -> None:
    own = {"t1": (at(-30), at(60)), "t2": (OPENS, OPENS)}  # early and short; closed
    hours = replace(HOURS, by_theatre=own)
    cases = [case("a", start=-30, minutes=120), case("b", theatre="t2", start=200, minutes=90)]

    first, second = project(cases, THEATRES, hours, at(-60))
    empty = day_of(project([], THEATRES, hours, at(0)), "t2")

    assert (first.cases[0].starts_at, first.overtime_minutes) == (at(-30), 30)
    assert (second.overtime_minutes, second.cases[0].ends_late) == (90, True)  # all of it, not from the morning on
    assert empty.overtime_minutes == 0


def test_a_surgeon_operates_in_one_theatre_at_a_time() -> None:
    cases = [case("a", surgeon="s"), case("b", theatre="t2", surgeon="s")]

    days = project(cases, THEATRES, HOURS, at(0))

    assert [day_of(days, name).cases[0].starts_at for name in THEATRES] == [at(0), at(60)]


def test_what_is_cancelled_takes_no_time_and_stands_last() -> None:
    cases = [case("a", status=CaseStatus.CANCELLED), case("b", 1)]

    told = day_of(project(cases, THEATRES, HOURS, at(0)), "t1")

    assert [one.case.id for one in told.cases] == ["b", "a"]
    assert told.cases[0].starts_at == at(0)


def test_an_emergency_goes_where_it_hurts_least() -> None:
    cases = [case("a", minutes=240), case("b", 1, 260, minutes=240), case("c", theatre="t2", minutes=60)]
    emergency = case("e", start=0, minutes=90, is_emergency=True)

    found = openings(cases, THEATRES, HOURS, at(0), emergency)

    assert len(found) == 5  # three places in one theatre, two in the other
    assert (found[0].theatre, found[0].position, found[0].starts_at) == ("t2", 1, at(80))
    assert (found[0].delay_minutes, found[0].overtime_minutes) == (0, 0)
    assert found[-1].delay_minutes + found[-1].overtime_minutes > 0


def test_a_full_theatre_is_relieved_by_an_empty_one_and_suitability_binds() -> None:
    cases = [case("a", minutes=240), case("b", 1, 240, minutes=240)]

    [shift] = better_day(cases, THEATRES, HOURS, at(0))

    assert shift.theatre == "t2"
    assert (shift.overtime_minutes, shift.delay_minutes) == (0, 0)
    bad = dict.fromkeys(("a", "b"), frozenset({"t2"}))
    assert all(one.theatre == "t1" for one in better_day(cases, THEATRES, HOURS, at(0), bad))


drawn_cases = st.lists(
    st.tuples(
        st.sampled_from(THEATRES),
        st.integers(0, 400),
        st.integers(1, 300),
        st.sampled_from(["", "s1", "s2"]),
        st.sampled_from(["planned", "cancelled"]),
    ),
    max_size=7,
).map(
    lambda rows: [
        case(f"c{at_}", at_, start, minutes, theatre=theatre, surgeon=surgeon, status=CaseStatus(status))
        for at_, (theatre, start, minutes, surgeon, status) in enumerate(rows)
    ]
)


@settings(max_examples=60, deadline=None)
@given(drawn_cases, st.integers(-60, 900))
def test_nobody_is_in_two_places_and_nothing_begins_in_the_past(cases: list[Case], minute: int) -> None:
    now = at(minute)

    days = project(cases, THEATRES, HOURS, now)

    told = [one for day in days for one in day.cases]
    assert sorted(one.case.id for one in told) == sorted(one.id for one in cases)
    waiting = [one for one in told if one.case.status is CaseStatus.PLANNED]
    assert all(one.starts_at >= max(now, one.case.planned_start_at) for one in waiting)
    for key in ("theatre", "surgeon"):
        by_who: dict[str, list[tuple[int, int]]] = {}
        for one in waiting:
            if getattr(one.case, key):
                by_who.setdefault(getattr(one.case, key), []).append((one.starts_at, one.ends_at))
        for spans in by_who.values():
            spans.sort()
            assert all(first[1] <= second[0] for first, second in zip(spans, spans[1:], strict=False))


@settings(max_examples=40, deadline=None)
@given(drawn_cases)
def test_each_change_of_a_replan_is_better_and_none_breaks_the_list(cases: list[Case]) -> None:
    current, last = list(cases), overtime_and_delay(project(cases, THEATRES, HOURS, at(0)))

    for shift in better_day(cases, THEATRES, HOURS, at(0)):
        current = put(current, next(one for one in current if one.id == shift.case), shift.theatre, shift.position)
        now = overtime_and_delay(project(current, THEATRES, HOURS, at(0)))
        assert now == (shift.overtime_minutes, shift.delay_minutes)
        assert 2 * now[0] + now[1] < 2 * last[0] + last[1]
        last = now
    assert sorted(one.id for one in current) == sorted(one.id for one in cases)


def test_positions_close_up_when_a_case_moves() -> None:
    cases = [case("a", 0), case("b", 1), case("c", 2)]

    after = put(cases, cases[2], "t1", 0)

    assert {one.id: one.position for one in after} == {"c": 0, "a": 1, "b": 2}
