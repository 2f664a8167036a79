import numpy as np
import pytest

from server.demo.truth.patients import PatientFlow, Rooms
from twin.clock import DAY_US, HOUR_US
from twin.events.patients import (
    BedReadiness,
    BedReadinessChanged,
    EncounterArrived,
    EncounterDeparted,
    EncounterFinished,
    EncounterPlanned,
    EncounterStarted,
)

START = 20_000 * DAY_US


def rooms():
    wards = tuple(f"W-{i}" for i in range(60))
    icu = tuple(f"ICU-{i}" for i in range(8))
    bays = tuple(f"ED-{i}" for i in range(16))
    departments = dict.fromkeys(wards, "MED") | dict.fromkeys(icu, "ICU") | dict.fromkeys(bays, "ED")
    return Rooms(ward_beds=wards, icu_beds=icu, ed_bays=bays, triage="T", waiting="WAIT", department_by_bed=departments)


def flow(seed=1, **options):
    return PatientFlow(rooms(), np.random.default_rng(seed), START, **options)


def test_the_same_seed_gives_the_same_patients():
    one, other = (flow().advance(START + 3 * DAY_US) for _ in range(2))

    assert one == other
    assert flow(seed=2).advance(START + 3 * DAY_US) != one


def test_small_steps_and_one_big_step_tell_the_same_story():
    small = flow()
    pieces = [event for hour in range(48) for event in small.advance(START + (hour + 1) * HOUR_US)]

    assert pieces == flow().advance(START + 2 * DAY_US)


@pytest.mark.parametrize("seed", range(5))
def test_no_bed_ever_holds_two_patients_and_none_is_entered_before_it_is_clean(seed):
    holder: dict[str, str] = {}
    dirty: set[str] = set()
    for event in flow(seed).advance(START + 20 * DAY_US):
        match event:
            case EncounterArrived(place=place, thing=encounter) if place != "WAIT":
                assert holder.get(place, encounter) == encounter
                assert place not in dirty
                holder[place] = encounter
            case EncounterDeparted(place=place, thing=encounter) if place != "WAIT":
                assert holder.pop(place) == encounter
            case BedReadinessChanged(thing=bed, readiness=readiness):
                (dirty.add if readiness is BedReadiness.DIRTY else dirty.discard)(bed)


def test_events_come_in_order_and_never_from_the_future():
    patients = flow()
    for hour in range(1, 100):
        until = START + hour * HOUR_US
        events = patients.advance(until)
        instants = [event.occurred_at for event in events]
        assert instants == sorted(instants)
        assert not instants or instants[-1] <= until


def test_everybody_who_finished_had_started():
    started: set[str] = set()
    for event in flow().advance(START + 10 * DAY_US):
        if isinstance(event, EncounterStarted):
            started.add(event.thing)
        if isinstance(event, EncounterFinished):
            assert event.thing in started


def test_emergency_arrivals_follow_the_day():
    events = flow().advance(START + 60 * DAY_US)
    hours = [
        event.occurred_at % DAY_US // HOUR_US
        for event in events
        if isinstance(event, EncounterStarted) and event.service == "ED"
    ]

    per_day = len(hours) / 60
    night, noon = (sum(hour in window for hour in hours) for window in ((2, 3, 4), (10, 11, 12)))

    assert 105 < per_day < 119  # 112 a day, five standard errors of 60 days
    assert noon > 3.5 * night


def test_a_bed_waits_for_the_real_cleaners_when_they_are_asked():
    clean: set[str] = set()
    patients = flow(is_clean=clean.__contains__)
    events = patients.advance(START + 5 * DAY_US)
    left = {event.place for event in events if isinstance(event, EncounterDeparted) and event.place != "WAIT"}
    first = {
        bed: min(e.occurred_at for e in events if isinstance(e, EncounterDeparted) and e.place == bed) for bed in left
    }

    entered = [
        e for e in events if isinstance(e, EncounterArrived) and e.place in left and e.occurred_at > first[e.place]
    ]

    assert left
    assert entered == []


def test_a_week_of_admissions_is_booked_at_every_moment():
    patients, booked = flow(), []
    for day in range(1, 20):
        now = START + day * DAY_US
        booked += [event for event in patients.advance(now) if isinstance(event, EncounterPlanned)]
        for ahead in range(7):
            midnight = now + ahead * DAY_US
            is_weekend = (midnight // DAY_US + 3) % 7 >= 5
            coming = [event for event in booked if midnight <= event.expected_at < midnight + DAY_US]
            assert bool(coming) is not is_weekend
