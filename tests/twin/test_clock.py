from __future__ import annotations

import pytest

from twin.clock import EARLIEST_US, LATEST_US, from_text, to_text


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00"])
def test_an_instant_outside_the_years_in_utc_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="within the years"):
        from_text(text)


@pytest.mark.parametrize("at", [EARLIEST_US, LATEST_US])
def test_the_first_and_last_instant_are_read_back(at: int) -> None:
    assert from_text(to_text(at)) == at
