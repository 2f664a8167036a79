"""Which guesses matter: a guess that the measure rests on does, one that it does not touch does not."""

from __future__ import annotations

import pytest

from simulation.experiments.hospital import Capacities, ParameterSheet
from simulation.experiments.request import ExperimentRequest
from simulation.experiments.scaling import scaled
from simulation.experiments.sensitivity import SheetStudy, sheet_of
from simulation.model.distributions import read_distribution
from simulation.model.problems import PathwayError
from tests.simulation.pathways import MONDAY

pytestmark = pytest.mark.timeout(240)  # the first run on a fresh machine compiles the kernel as well

SIZE = Capacities(ed=12, icu=4, theatres=2, recovery=3, cleaners=3, wards={"A": 30}, ward_present=24, hour=12)
SHEET = ParameterSheet(ed_arrivals_per_day=70.0)
RUNS = ExperimentRequest(pathway={}, start_at=MONDAY, horizon_s=7 * 86_400.0, replications=10, threads=2)


def test_the_time_in_intensive_care_is_felt_there_and_recovery_after_theatre_is_not() -> None:
    found = {one.entry: one for one in SheetStudy(SIZE, SHEET, RUNS, "pool.icu.occupied").vary_all()}

    assert found["icu_stay"].low.mean < 0 < found["icu_stay"].high.mean
    assert found["icu_stay"].is_felt
    assert abs(found["recovery"].high.mean) < found["icu_stay"].high.mean / 2
    assert "electives_per_weekday" not in found  # 0: it follows from the theatres


def test_what_is_felt_most_stands_first() -> None:
    found = SheetStudy(SIZE, SHEET, RUNS, "pool.ed.occupied", share=0.3).vary_all()
    felt = [one.is_felt for one in found]

    assert found[0].entry in {"ed_major_stay", "ed_arrivals_per_day", "ed_minor_share", "ed_minor_stay"}
    assert felt == sorted(felt, reverse=True)


@pytest.mark.parametrize(("share", "measure"), [(0.0, "cost"), (1.0, "cost"), (float("nan"), "cost"), (0.2, "wait.x")])
def test_a_question_that_cannot_be_asked_is_refused(share: float, measure: str) -> None:
    with pytest.raises(PathwayError):
        SheetStudy(SIZE, SHEET, RUNS, measure, share=share).vary_all()


def test_a_sheet_takes_what_is_told_and_refuses_what_it_does_not_know() -> None:
    made = sheet_of({"icu_stay": "exp:mean=2d", "ed_arrivals_per_day": 90, "ward_stays": {"A": "exp:mean=3d"}}, SHEET)

    assert (made.icu_stay, made.ed_arrivals_per_day, made.stay_of("A")) == ("exp:mean=2d", 90.0, "exp:mean=3d")
    for broken in ({"icu_stays": "1 d"}, {"icu_stay": 3}, {"ed_minor_share": "half"}, {"ed_minor_share": True}):
        with pytest.raises(PathwayError, match="sheet"):
            sheet_of(broken, SHEET)


@pytest.mark.parametrize(
    "duration",
    ["const:3h", "exp:mean=3h", "lognormal:mean=3h,sd=2h", "gamma:2,1.5", "weibull:2,3", "values:1,3,5"],
)
@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_a_scaled_law_has_the_scaled_mean(duration: str, factor: float) -> None:
    before = read_distribution(duration, unit_us=3.6e9, place="stay").mean
    after = read_distribution(scaled(duration, factor, unit_us=3.6e9, place="stay"), unit_us=3.6e9, place="stay").mean

    assert after == pytest.approx(factor * before, rel=1e-5)
