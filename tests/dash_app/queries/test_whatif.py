import json
import math

from hypothesis import given
from hypothesis import strategies as st

from dash_app.queries.whatif import Change, Question, answer_of, question_text

CHANGES = st.builds(
    Change,
    path=st.text(min_size=1, max_size=30),
    action=st.sampled_from(["set", "add", "scale"]),
    value=st.floats(-1e6, 1e6),
)
RESULT = {
    "address": "abc",
    "engine_version": "1",
    "complete": True,
    "scenarios": [
        {
            "name": "as it is",
            "replications": 20,
            "measures": {"pool.icu-bed.occupied": {"mean": 8.0, "half_width": 0.4, "n": 20}},
            "bands": [{"name": "pool.icu-bed.occupied", "at": [0, 1], "mean": [8, 9], "low": [7, 8], "high": [9, 10]}],
        },
        {
            "name": "changed",
            "replications": 18,
            "measures": {"pool.icu-bed.occupied": {"mean": 7.5, "half_width": None, "n": 1}},
            "bands": [],
        },
    ],
    "comparisons": [
        {
            "scenario": "changed",
            "measure": "pool.icu-bed.occupied",
            "difference": {"mean": -0.5, "half_width": 0.6, "n": 18},
            "verdict": "not_distinguishable",
        }
    ],
}


@given(st.lists(CHANGES, max_size=5), st.integers(1, 168), st.integers(2, 500), st.integers(0, 2**32 - 1))
def test_a_question_travels_as_plain_json(changes, horizon, replications, seed):
    question = Question(changes=tuple(changes), horizon_h=horizon, replications=replications, seed=seed)

    back = json.loads(question_text(question))
    assert back["seed"] == seed
    assert back["horizon_s"] == horizon * 3600
    assert len(back["scenarios"]) == (2 if changes else 1)


def test_an_answer_is_read_with_its_intervals_and_verdicts():
    answer = answer_of(RESULT)

    assert answer.is_complete
    assert answer.replications == 18
    (compared,) = answer.comparisons
    assert compared.base.mean == 8.0
    assert math.isinf(compared.changed.half_width)
    assert compared.verdict == "not_distinguishable"
    assert answer.spreads[0].middle == (8, 9)


def test_nothing_gives_an_empty_answer():
    assert answer_of(None).measures == {}
    assert answer_of({}).comparisons == ()
