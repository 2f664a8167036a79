"""Conditions as text: read, or refused with their place."""

from __future__ import annotations

import pytest

from simulation.model.conditions import read_condition
from simulation.model.distributions import read_distribution
from simulation.model.operations import Comparison, Subject
from simulation.model.problems import PathwayError

CLASSES = ("minor", "major")


@pytest.mark.parametrize("text", ["class == 'major'", "class=='major'", "class  ==  'major'"])
def test_class_is_read_with_and_without_blanks(text: str) -> None:
    (term,) = read_condition(text, classes=CLASSES, unit_us=1, place="test")

    assert (term.subject, term.comparison, term.value) == (Subject.CLASS, Comparison.EQUAL, 1)


def test_pool_whose_name_holds_the_word_class_keeps_it() -> None:
    (term,) = read_condition("free('first class beds') > 0", classes=CLASSES, unit_us=1, place="test")

    assert term.name == "first class beds"


@pytest.mark.parametrize("text", ["age > 1e999", "age > " + "9" * 30, "(" * 5000, "age > 1\0", "elapsed > 1e300"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(PathwayError):
        read_condition(text, classes=CLASSES, unit_us=1, place="test")


def test_parameters_may_have_blanks_around_their_sign() -> None:
    spaced = read_distribution("lognormal: mean = 30min, sd = 20min", unit_us=1, place="test")

    assert spaced == read_distribution("lognormal:mean=30min,sd=20min", unit_us=1, place="test")
