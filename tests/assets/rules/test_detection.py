"""Cycle boundaries that do not depend on how samples are cut into chunks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assets.model.machine import DetectedEnd, DetectedStart, DetectionState
from assets.rules.detection import LONGEST_CYCLE_US, DetectionSample, detect

SECOND = 1_000_000


def poll(second: int, running: int, number: int = -1) -> DetectionSample:
    return DetectionSample(at_us=second * SECOND, is_running=bool(running), number=number)


def series(pattern: str, number: int = -1) -> list[DetectionSample]:
    return [poll(i + 1, mark == "r", number) for i, mark in enumerate(pattern)]


def test_a_cycle_lies_between_its_first_running_and_the_first_idle_sample() -> None:
    _, found = detect(DetectionState(), series("..rrrr.."))

    assert found == [
        DetectedStart(start_us=3 * SECOND, number=-1, programme=0),
        DetectedEnd(start_us=3 * SECOND, end_us=7 * SECOND, number=-1, programme=0),
    ]


def test_one_bad_poll_does_not_cut_a_cycle_in_two() -> None:
    _, found = detect(DetectionState(), series("rrr.rrr.."))

    assert [type(item) for item in found] == [DetectedStart, DetectedEnd]


def test_a_restart_of_the_reading_side_within_a_cycle_goes_on_with_it() -> None:
    state, first = detect(DetectionState(), [poll(1, 1, 7), poll(2, 1, 7)])
    _, second = detect(state, [poll(600, 1, 7), poll(601, 0, 7), poll(602, 0, 7)])

    assert [type(item) for item in first + second] == [DetectedStart, DetectedEnd]


def test_another_cycle_number_ends_the_cycle_even_when_no_idle_sample_was_seen() -> None:
    _, found = detect(DetectionState(), [poll(1, 1, 7), poll(2, 1, 7), poll(500, 1, 8)])

    assert found[1] == DetectedEnd(start_us=SECOND, end_us=2 * SECOND + 1, number=7, programme=0)
    assert found[2] == DetectedStart(start_us=500 * SECOND, number=8, programme=0)


def test_the_same_number_after_a_reset_of_the_controller_is_another_cycle() -> None:
    late = 2 * SECOND + LONGEST_CYCLE_US
    samples = [poll(1, 1, 1), poll(2, 1, 1), DetectionSample(at_us=late + SECOND, is_running=True, number=1)]

    _, found = detect(DetectionState(), samples)

    assert [type(item) for item in found] == [DetectedStart, DetectedEnd, DetectedStart]


def test_the_same_number_again_after_an_idle_machine_is_another_cycle() -> None:
    _, found = detect(DetectionState(), series("rr...rr..", number=1))

    assert [type(item) for item in found] == [DetectedStart, DetectedEnd, DetectedStart, DetectedEnd]


@given(st.text("r.", max_size=80), st.lists(st.integers(0, 80), max_size=6))
def test_any_split_and_repetition_of_the_samples_gives_the_same_cycles(pattern: str, cuts: list[int]) -> None:
    samples = series(pattern)
    whole_state, whole = detect(DetectionState(), samples)

    state, parts = DetectionState(), []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(samples)], strict=True):
        state, found = detect(state, samples[max(0, start - 5) : end])
        parts += found

    assert (state, parts) == (whole_state, whole)


@given(st.text("r.", max_size=120))
def test_starts_and_ends_alternate_and_do_not_overlap(pattern: str) -> None:
    _, found = detect(DetectionState(), series(pattern))

    edges = [item.start_us if isinstance(item, DetectedStart) else item.end_us for item in found]
    assert edges == sorted(edges)
    assert [isinstance(item, DetectedStart) for item in found] == [i % 2 == 0 for i in range(len(found))]
