"""Hours of theatres as one line of text: read, ranked, refused by entry."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import ConfigurationError, InputError
from twin.opening_hours import WEEKDAYS, opening_hours
from twin.settings import Settings

TEXT = "mon-fri 08:00-16:00; OR-1 mon,wed 07:30-18:00; OR-2 sat 09:00-13:00; OR-1 fri closed; fri 08:00-12:00"


@pytest.mark.parametrize(
    ("place", "weekday", "hours"),
    [
        ("OR-1", 0, (450, 1080)),  # its own entry
        ("OR-1", 1, (480, 960)),  # that of all
        ("OR-1", 4, (0, 0)),  # closed, though a later entry of all is open
        ("OR-2", 4, (480, 720)),  # of two for all the last one
        ("OR-2", 5, (540, 780)),
        ("OR-3", 5, None),  # nothing is said
    ],
)
def test_the_entry_that_names_the_theatre_outranks_those_of_all(
    place: str, weekday: int, hours: tuple[int, int] | None
) -> None:
    assert opening_hours(TEXT).of(place, weekday) == hours


def test_days_may_go_over_the_weekend_and_hours_to_midnight() -> None:
    hours = opening_hours("sat-mon 20:00-24:00")

    assert [hours.of("OR-1", day) is not None for day in range(7)] == [True, False, False, False, False, True, True]
    assert hours.of("OR-1", 6) == (1200, 1440)


@pytest.mark.parametrize(
    "text",
    [
        "mon-fri",  # no hours
        "mon-fri 8:00-16:00",  # one digit
        "mon-fri 16:00-08:00",  # the wrong way round
        "mon-fri 08:00-08:00",  # neither open nor called closed
        "mon-fri 08:00-25:00",
        "funday 08:00-16:00",
        "mon-fun 08:00-16:00",
        "OR 1 mon 08:00-16:00",  # an id has no blank
        "mon 08:00",
    ],
)
def test_what_cannot_be_read_is_named_and_no_setting(text: str) -> None:
    with pytest.raises(InputError, match="theatre hours"):
        opening_hours(f"mon closed; {text}")
    with pytest.raises((ConfigurationError, ValueError), match="theatre"):
        Settings(theatre_hours=text)


@given(text=st.text(alphabet=" ;,-:0123456789monfrisatclosedOR", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        hours = opening_hours(text)
        for entry in hours.entries:
            assert 0 <= entry.opens <= entry.closes <= 1440
            assert entry.weekdays <= set(range(len(WEEKDAYS)))
