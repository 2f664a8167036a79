import json
import math

from hypothesis import given
from hypothesis import strategies as st

from dash_app.queries.whatif import (
    Answer,
    Change,
    Compared,
    Estimate,
    Question,
    Situated,
    Spread,
    answer_of,
    most_apart,
    question_text,
    telling_first,
    told_apart,
)

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


def test_who_began_in_a_pathway_of_ones_own_is_read_with_the_answer():
    answer = answer_of({**RESULT, "placed": {"in_place": 214, "left_out": {"stay-W9": 12}}})

    assert (answer.in_place, answer.left_out) == (214, {"stay-W9": 12})
    assert answer_of(RESULT).in_place == -1


def test_nothing_gives_an_empty_answer():
    assert answer_of(None).measures == {}
    assert answer_of({}).comparisons == ()


def _compared(measure, base, difference, verdict):
    estimate = Estimate(mean=difference, half_width=0.1, n=20)
    base = Estimate(mean=base, half_width=0.1, n=20)
    return Compared(scenario="s", measure=measure, base=base, changed=None, difference=estimate, verdict=verdict)


def test_what_got_worse_stands_first_and_what_cannot_be_told_apart_last():
    rows = [
        _compared("alike", 1.0, 0.9, "not_distinguishable"),
        _compared("better by a tenth", 10.0, 1.0, "better"),
        _compared("better by half", 2.0, 1.0, "better"),
        _compared("worse", 10.0, 0.1, "worse"),
    ]

    assert [row.measure for row in telling_first(rows)] == ["worse", "better by half", "better by a tenth", "alike"]


def _spread(scenario, name, middle):
    return Spread(scenario=scenario, name=name, at=(0, 1), low=middle, middle=middle, high=middle)


def test_the_quantities_that_differ_most_are_drawn_first():
    spreads = [_spread("a", "x", (1.0, 1.0)), _spread("a", "y", (1.0, 1.0))]

    assert most_apart(spreads) == ["x", "y"]
    assert most_apart([*spreads, _spread("b", "x", (1.0, 1.1)), _spread("b", "y", (1.0, 4.0))]) == ["y", "x"]


def test_situations_prices_and_one_more_travel_with_the_question():
    question = Question(
        situations=(Situated(name="ward_closure", values={"beds": 4, "ward": "ward-A"}),),
        one_more=True,
        prices={"icu": 300.0, "ed": 0.0},
    )

    asked = question.arguments()

    assert asked["scenarios"][1]["situations"] == [{"name": "ward_closure", "values": {"beds": 4, "ward": "ward-A"}}]
    assert asked["one_more"] is True
    assert asked["costs"] == {"pools": {"icu": {"per_hour": 300.0, "overtime_per_hour": 450.0}}}
    assert "one_more" not in Question().arguments()


def test_one_more_of_each_is_told_apart_and_ranked_by_the_wait_for_a_bay():
    def more(pool, measure, difference):
        one = _compared(measure, 10.0, difference, "better")
        return Compared(**{field: getattr(one, field) for field in Compared.__slots__} | {"scenario": f"+1 {pool}"})

    asked = _compared("wait.wait-for-bay.mean_s", 10.0, -1.0, "better")
    rows = (
        more("icu", "wait.wait-for-bay.mean_s", -2.0),
        more("ed", "wait.wait-for-bay.mean_s", -5.0),
        more("ed", "patients.left", 1.0),
        asked,
    )

    found, ranked = told_apart(Answer(comparisons=rows))

    assert found == [asked]
    assert [one.scenario for one in ranked] == ["+1 ed", "+1 icu"]
    assert told_apart(Answer()) == ([], [])
