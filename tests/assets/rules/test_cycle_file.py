"""Recorded cycles of other hands: intervals, channels and limits as they are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rules.cycle_file import read_cycles
from assets.rules.verdict import judge
from twin.errors import ImportRefused

DRAWN: dict[str, Any] = {
    "ID": "d",
    "band": [134, 137],
    "required_hold_s": 180,
    "breakpoints_s_C": [[0, 60], [420, 134.5], [660, 134.5], [720, 105]],
}


@pytest.mark.parametrize(
    ("sampling", "interval_s"),
    [
        ("1 s, linear between breakpoints", 1.0),
        ("every 2 seconds", 2.0),
        ("500 ms", 0.5),
        ("0.5min", 30.0),
        ("2 Hz", 0.5),
        ("0,5 s", 0.5),  # a decimal comma
        (".5 s", 0.5),
        (0.25, 0.25),
        (3, 3.0),
        (None, 1.0),
    ],
)
def test_the_interval_between_samples_is_read_in_its_unit(sampling: object, interval_s: float) -> None:
    (cycle,) = read_cycles({"sampling": sampling, "cycles": [DRAWN]})

    assert cycle.programme.sample_interval_s == interval_s
    assert cycle.trace.times_us[1] == round(interval_s * 1e6)
    assert (cycle.id, cycle.ignored) == ("d", ())


@pytest.mark.parametrize("sampling", ["now and then", "0 s", 0, [1], "1e-1 s", "-2 s", "1.000.5 s", True])
def test_an_interval_that_is_not_understood_is_told(sampling: object) -> None:
    (cycle,) = read_cycles({"sampling": sampling, "cycles": [DRAWN]})

    assert (cycle.programme.sample_interval_s, cycle.ignored) == (1.0, ("sampling",))


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"t": [0, 1], "alarm": [0, 0], "Alarms": [0, 1]}, "Alarms"),
        ({"t": [0, 1], "P_abs": [300, 300], "pressure kPa": [100, 100]}, "pressure kPa"),
        ({"t": [0, 1], "time_s": [0, 60]}, "time_s"),
    ],
)
def test_a_channel_that_is_given_twice_is_refused(columns: dict[str, Any], field: str) -> None:
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    for samples in (columns, rows):
        with pytest.raises(ImportRefused) as refused:
            read_cycles([{"band": [134, 137], "required_hold_s": 3, "samples": samples}])
        assert refused.value.problems[0].field == field


NUMBERS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
VALUES = st.recursive(NUMBERS, lambda inner: st.lists(inner, max_size=4), max_leaves=12)
KEYS = st.sampled_from(
    [
        *("band", "setpoint", "required_hold_s", "breakpoints_s_C", "samples", "missing_seconds", "air_fraction"),
        *("kind", "phases", "required_evidence", "preconditions", "min_f0", "theoretical_limit_K", "sample_interval_s"),
    ]
)
SAMPLES = st.dictionaries(st.sampled_from(["t", "T_control", "P_abs", "phase", "alarm", "door", "x"]), VALUES)


@given(row=st.dictionaries(KEYS, VALUES | SAMPLES), sampling=VALUES, is_whole=st.booleans())
def test_no_document_breaks_the_reader_and_none_of_them_passes(
    row: dict[str, Any], sampling: Any, is_whole: bool
) -> None:
    document = {"sampling": sampling, "cycles": [DRAWN | row if is_whole else row]}
    try:
        (cycle,) = read_cycles(document)
    except ImportRefused:
        return

    found = judge(cycle.trace, cycle.programme, cycle.preconditions)

    # Whatever else the document says, a pass has a hold as long as it asks for.
    assert found.verdict.name != "PASS" or found.hold_s >= cycle.programme.required_hold_s


def test_seconds_that_are_missing_the_wrong_way_round_are_refused_and_not_passed_over() -> None:
    for told in ([600, 430], [[100, 200], [600, 430]]):
        with pytest.raises(ImportRefused) as refused:
            read_cycles(DRAWN | {"missing_seconds": told})
        assert refused.value.problems[0].field == "missing_seconds"


def test_what_says_how_samples_are_drawn_is_told_as_ignored_beside_samples_that_are_given() -> None:
    samples = {"t": [0, 1], "T_control": [134.5, 134.5], "P_abs": [310, 310]}
    told = {"samples": samples, "missing_seconds": [0, 1], "air_fraction": 0.05}

    (cycle,) = read_cycles(DRAWN | told)

    assert cycle.ignored == ("air_fraction", "breakpoints_s_C", "missing_seconds")


def test_a_limit_under_two_spellings_of_one_key_is_refused() -> None:
    with pytest.raises(ImportRefused, match="given twice"):
        read_cycles(DRAWN | {"Required_Hold_S": 60})


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"max_air_share": 6}, "max_air_share"),  # per cent: no cycle would ever have too much air
        ({"air_suspected_share": 0.5}, "air_suspected_share"),  # suspected only after it has failed
        ({"f0_reference_c": 1211}, "f0_reference_c"),  # a lost decimal point
        ({"tref": -121.1}, "f0_reference_c"),
        ({"min_f0": -1}, "min_f0_minutes"),
        ({"band": [134, 13700]}, "band_low_c"),
        ({"samples": {"t": [1.7e13, 1.7e13 + 1], "T_control": [134, 134]}}, "t"),  # milliseconds
    ],
)
def test_a_limit_in_another_unit_is_refused_and_never_judges_mildly(limits: dict[str, Any], field: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        read_cycles(DRAWN | limits)

    assert refused.value.problems[0].field == field
