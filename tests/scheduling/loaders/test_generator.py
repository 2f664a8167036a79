"""Generated problems are whole, of the size asked for, the same for the same seed, and can be written and read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.loaders.generator import Wanted, generate
from scheduling.loaders.ihtc import problem_from_bytes, problem_to_bytes
from twin.errors import InputError


@settings(max_examples=25, deadline=None)
@given(
    patients=st.integers(1, 80),
    days=st.integers(7, 28),
    share=st.floats(0, 1),
    load=st.floats(0.3, 1.5),
    seed=st.integers(0, 1000),
)
def test_a_generated_problem_can_be_written_and_read_back(
    patients: int, days: int, share: float, load: float, seed: int
) -> None:
    made = generate(Wanted(patients=patients, days=days, mandatory_share=share, load=load, seed=seed))

    assert problem_from_bytes(problem_to_bytes(made)) == made
    assert (len(made.patients), made.days) == (patients, days)
    beds = sum(room.capacity for room in made.rooms)
    assert len({(found.room, found.gender) for found in made.occupants}) == len({o.room for o in made.occupants})
    assert len(made.occupants) <= beds
    for day in range(days):
        for shift in range(3):
            assert sum(any((s.day, s.shift) == (day, shift) for s in nurse.shifts) for nurse in made.nurses) >= 2


def test_the_same_wish_gives_the_same_problem_and_another_seed_another() -> None:
    assert generate(Wanted(seed=4)) == generate(Wanted(seed=4))
    assert generate(Wanted(seed=4)) != generate(Wanted(seed=5))


@pytest.mark.parametrize("wrong", [{"patients": 0}, {"days": 6}, {"mandatory_share": 1.5}, {"load": 0.0}, {"seed": -1}])
def test_wishes_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Wanted(**wrong)  # type: ignore[arg-type]  # that is what is tested
