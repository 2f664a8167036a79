"""The checking doors of the device organ, as a program calls them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from server.console import run
from server.tree import build_tree


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, Any]:
    code = run(build_tree(), ["assets", *arguments])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else None, json.loads(said.err)["error"] if said.err else None


def test_judge_prints_verdicts_with_reasons_and_figures(capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
    file = data_dir / "assets" / "15_sterilizer_cycles.json"

    code, said, _ = call(capsys, "judge", str(file))

    assert code == 0
    for cycle, row in zip(said["cycles"], json.loads(file.read_text())["cycles"], strict=True):
        assert (cycle["id"], cycle["verdict"]) == (row["id"], row["expect"]["verdict"])
        assert {"reasons", "f0_minutes", "longest_hold_s", "not_evaluated", "input_hash"} <= set(cycle)
        if row["missing_seconds"] is None:
            assert cycle["f0_minutes"] == pytest.approx(row["expect"]["F0_trapezoid_1s_Tref121_1"], rel=1e-9)
            assert cycle["longest_hold_s"] == row["expect"]["longest_continuous_hold_s"]


SAMPLED = {
    "id": "s",
    "band": [134, 137],
    "required_hold_s": 3,
    "samples": {
        "t": [0, 1, 2, 3, 4, 5, 6],
        "T_control": [120, 134.5, 134.5, 134.5, 134.5, 134.5, 120],
        "P_abs": [200, 308.9, 308.9, 308.9, 308.9, 308.9, 200],
    },
}


def test_judge_reads_samples_as_columns_and_as_rows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    columns = SAMPLED["samples"]
    assert isinstance(columns, dict)
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    (tmp_path / "a.json").write_text(json.dumps([SAMPLED, SAMPLED | {"samples": rows}]))

    code, said, _ = call(capsys, "judge", str(tmp_path / "a.json"))

    assert code == 0
    first, second = said["cycles"]
    assert (first["verdict"], first["longest_hold_s"]) == ("PASS", 4.0)
    assert first["input_hash"] == second["input_hash"]


DRAWN = {
    "id": "d",
    "setpoint": 134,
    "required_hold_s": 180,
    "breakpoints_s_C": [[0, 60], [300, 106], [420, 134.5], [660, 134.5], [720, 105]],
}


@pytest.mark.parametrize(
    ("change", "verdict", "code"),
    [
        ({}, "PASS", None),
        # a clock that was set back within the plateau
        (
            {"breakpoints_s_C": [[0, 60], [420, 134.5], [560, 134.5], [500, 134.5], [760, 134.5], [800, 100]]},
            "UNDETERMINED",
            "clock_step",
        ),
        # two gaps, one of them in the plateau
        ({"missing_seconds": [[20, 40], [500, 520]]}, "UNDETERMINED", "hold_not_evidenced"),
        # a sensor that reads what no steam can be
        ({"breakpoints_s_C": [[0, 60], [420, 134.5], [660, 134.5], [670, 900], [700, 100]]}, "FAIL", "over_band"),
        # limits under another spelling still bind
        ({"air_fraction": 0.03, "theoretical_limit_K": 1.0}, "FAIL", "theoretical_temperature"),
        ({"air_fraction": 0.025, "theoretical_limit_K": 1.0}, "UNDETERMINED", "air_suspected"),
        ({"preconditions": {"Bowie_Dick": False}}, "FAIL", "precondition.air_removal_test"),
    ],
)
def test_judge_reads_drawn_cycles_of_other_hands(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, change: dict[str, object], verdict: str, code: str | None
) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"cycles": [DRAWN | change]}))

    _, said, _ = call(capsys, "judge", str(tmp_path / "a.json"))

    (cycle,) = said["cycles"]
    assert cycle["verdict"] == verdict
    assert code is None or code in [reason["code"] for reason in cycle["reasons"]]


def test_judge_flags_suspected_air_and_names_what_it_did_not_understand(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(DRAWN | {"air_fraction": 0.045, "colour": "red"}))

    _, said, _ = call(capsys, "judge", str(tmp_path / "a.json"))

    (cycle,) = said["cycles"]
    assert (cycle["verdict"], cycle["flags"], cycle["ignored"]) == ("PASS", ["AIR_SUSPECTED"], ["colour"])


def test_judge_reads_channels_by_the_names_that_machines_give(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    columns = SAMPLED["samples"]
    assert isinstance(columns, dict)
    other = {
        "time_s": columns["t"],
        "T control": columns["T_control"],
        "p_abs_kPa": columns["P_abs"],
        "cycle number": [7] * 7,
        "door": ["closed"] * 7,
        "Alarms": [0] * 7,
    }
    stamps = {**other, "time_s": [f"2026-03-01T10:00:0{second}Z" for second in columns["t"]]}
    (tmp_path / "a.json").write_text(json.dumps([SAMPLED | {"samples": other}, SAMPLED | {"samples": stamps}]))

    _, said, _ = call(capsys, "judge", str(tmp_path / "a.json"))

    for cycle in said["cycles"]:
        assert (cycle["verdict"], cycle["longest_hold_s"]) == ("PASS", 4.0)
        assert {"door", "alarms", "cycle_number"} <= set(cycle["evaluated"])


@pytest.mark.parametrize(
    ("content", "code", "field"),
    [
        ("{", "file.json", ""),
        ('{"cycles": []}', "input.import", "cycles"),
        ('[{"band": [134]}]', "input.import", "band"),
        ('[{"band": [134, "x"], "required_hold_s": 3}]', "input.import", "1"),
        ('[{"band": [137, 134], "required_hold_s": 3}]', "input.import", "programme"),
        ('[{"band": [134, 137]}]', "input.import", "required_hold_s"),
        ('[{"band": [134, 137], "required_hold_s": 3}]', "input.import", "breakpoints_s_C"),
        ('[{"band": [134, 137], "required_hold_s": 3, "kind": "magic"}]', "input.import", "programme"),
        ('[{"band": [134, 137], "required_hold_s": 3, "required_evidence": ["x"]}]', "input.import", "programme"),
        (
            '[{"band": [1, 2], "required_hold_s": 3, "breakpoints_s_C": [[0, 1], [0, 2]]}]',
            "input.import",
            "breakpoints_s_C",
        ),
        (
            '[{"band": [1, 2], "required_hold_s": 3, "breakpoints_s_C": [[0, 1], [9e9, 2]]}]',
            "input.import",
            "breakpoints_s_C",
        ),
        (
            '[{"band": [1, 2], "required_hold_s": 3, "breakpoints_s_C": [[0, 1], [9, 2]], "air_fraction": 1}]',
            "input.import",
            "air_fraction",
        ),
        ('[{"band": [1, 2], "required_hold_s": 3, "samples": {"t": [1], "T": [2]}}]', "input.import", "T"),
        (
            '[{"band": [1, 2], "required_hold_s": 3, "samples": {"t": [1], "P_abs": [2, 3]}}]',
            "input.import",
            "pressure_kpa",
        ),
        ('[{"band": [1, 2], "required_hold_s": 3, "samples": {"t": [null]}}]', "input.import", "t"),
        ("[3]", "input.import", "cycle"),
    ],
)
def test_judge_refuses_what_it_cannot_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str, code: str, field: str
) -> None:
    (tmp_path / "a.json").write_text(content)

    exit_code, said, error = call(capsys, "judge", str(tmp_path / "a.json"))

    assert (exit_code, said, error["code"]) == (2, None, code)
    if field:
        assert error["problems"][0]["field"] == field
        assert error["problems"][0]["cure"]


def test_reliability_of_lifetimes(capsys: pytest.CaptureFixture[str], data_dir: Path, tmp_path: Path) -> None:
    case = json.loads((data_dir / "assets" / "01_weibull_mle_nist_8_4_1_2.json").read_text())
    rows = [(t, 1) for t in case["input"]["failures"]] + [(t, 0) for t in case["input"]["right_censored"]]
    lines = [f"d{i},0,{t},{event}" for i, (t, event) in enumerate(rows)]
    (tmp_path / "f.csv").write_text("\n".join(["asset,start,end,event", *lines]))

    code, said, _ = call(capsys, "reliability", str(tmp_path / "f.csv"))

    assert (code, said["devices"], said["events"], said["is_repairable"]) == (0, 20, 10, False)
    assert said["weibull"]["shape"] == pytest.approx(case["expect"]["beta_shape"], rel=1e-5)
    assert said["weibull"]["scale"] == pytest.approx(case["expect"]["alpha_scale"], rel=1e-5)
    assert said["weibull"]["shape_low"] < said["weibull"]["shape"] < said["weibull"]["shape_high"]
    assert said["rate"]["low"] < said["rate"]["point"] < said["rate"]["high"]


def test_reliability_of_a_repaired_device(capsys: pytest.CaptureFixture[str], data_dir: Path, tmp_path: Path) -> None:
    case = json.loads((data_dir / "assets" / "03_crow_amsaa_failure_terminated_22.json").read_text())
    ages = [0.0, *case["input"]["times"]]
    lines = [f"pump,{a},{b},1" for a, b in zip(ages, ages[1:], strict=False)]
    (tmp_path / "f.csv").write_text("\n".join(["Asset, Start, End, Event", *lines]))

    code, said, _ = call(capsys, "reliability", str(tmp_path / "f.csv"))

    assert (code, said["is_repairable"], said["weibull"]) == (0, True, None)
    assert said["refused"]["weibull"] == "reliability.repairable"
    assert said["power_law"]["shape"] == pytest.approx(case["expect"]["beta_mle"], rel=1e-6)
    assert said["power_law"]["rate"] == pytest.approx(case["expect"]["lambda_mle"], rel=1e-6)
    assert len(said["mean_cumulative"]) == 22


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (
            ["a,0,5,1", "b,0,6,1", "c,0,7,0"],
            dict.fromkeys(("rate", "weibull", "survival"), "reliability.too_few_events"),
        ),
        (["a,0,5,1", "b,0,5,1", "c,0,5,1"], {"weibull": "reliability.no_spread"}),
    ],
)
def test_reliability_says_what_it_does_not_say(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, lines: list[str], refused: dict[str, str]
) -> None:
    (tmp_path / "f.csv").write_text("\n".join(["asset,start,end,event", *lines]))

    code, said, _ = call(capsys, "reliability", str(tmp_path / "f.csv"))

    assert (code, said["refused"], said["weibull"]) == (0, refused, None)


def test_reliability_below_three_events_gives_an_interval_and_no_point(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "f.csv").write_text("asset,start,end,event\na,0,5,1\na,5,9,1\na,9,20,0")

    _, said, _ = call(capsys, "reliability", str(tmp_path / "f.csv"))

    assert (said["events"], said["rate"]["point"]) == (2, None)
    assert 0 < said["rate"]["low"] < said["rate"]["high"]
    assert all(said[name] is None for name in ("power_law", "trend", "mean_cumulative", "weibull", "survival"))
    assert set(said["refused"]) == {"rate", "power_law", "trend", "mean_cumulative", "weibull", "survival"}


def test_rows_of_one_watch_are_one_lifetime(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    ages = [120.0, 180.0, 260.0, 300.0, 410.0]
    whole = [f"d{i},10,{age},1" for i, age in enumerate(ages)]
    split = [line for i, age in enumerate(ages) for line in (f"d{i},10,50,0", f"d{i},50,{age},1")]
    found = []
    for lines in (whole, split):
        (tmp_path / "f.csv").write_text("\n".join(["asset,start,end,event", *lines]))
        found.append(call(capsys, "reliability", str(tmp_path / "f.csv"))[1])

    assert found[0] == found[1]
    assert found[0]["is_repairable"] is False


@pytest.mark.parametrize(
    "lines",
    [
        # semicolons with a comma as decimal mark, as a German spreadsheet writes them
        ["asset;start;end;event", "a;0;100,5;1", "b;0;200,25;1", "c;0;300;1", "d;0;400;0"],
        # tabs
        ["asset\tstart\tend\tevent", "a\t0\t100.5\t1", "b\t0\t200.25\t1", "c\t0\t300\t1", "d\t0\t400\t0"],
        # calendar days: ages count from each device's first start
        [
            "asset,start,end,event",
            "a,2020-01-01,2020-04-10T12:00:00,failure",
            "b,2021-01-01,2021-07-20T06:00:00Z,1",
            "c,2020-01-01,2020-10-27,1",
            "d,2019-01-01,2020-02-05,censored",
        ],
    ],
)
def test_reliability_reads_other_spreadsheets(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, lines: list[str]
) -> None:
    (tmp_path / "f.csv").write_text("\n".join(lines))

    code, said, _ = call(capsys, "reliability", str(tmp_path / "f.csv"))

    assert (code, said["devices"], said["events"]) == (0, 4, 3)
    assert said["time"] == pytest.approx(1000.75)
    assert [step["age"] for step in said["survival"]] == pytest.approx([100.5, 200.25, 300.0])


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("asset,start,end\na,0,1", ["row 1"]),
        ("asset,start,end,event\n", ["row 2"]),
        ("asset,start,end,event\na,0,x,1\n,0,1,1\nb,5,4,1\nc,0,1,maybe", ["row 2", "row 3", "row 4", "row 5"]),
        ("asset,start,end,event\na,0,5,1\na,4,9,1", ["row 3"]),
    ],
)
def test_reliability_names_each_bad_row(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, places: list[str]
) -> None:
    (tmp_path / "f.csv").write_text(text)

    code, _, error = call(capsys, "reliability", str(tmp_path / "f.csv"))

    assert (code, error["code"]) == (2, "input.import")
    assert [problem["place"] for problem in error["problems"]] == places


def test_udi_prints_fields_or_a_coded_error(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = call(capsys, "udi", "(01)00844588003288(17)141120(10)7654321D(21)10987654d321")
    assert (code, said["gtin"], said["expires_on"], said["lot"]) == (0, "00844588003288", "2014-11-20", "7654321D")

    code, said, error = call(capsys, "udi", "(01)00844588003289")
    assert (code, said, error["code"], error["offset"]) == (2, None, "udi.check_digit", 17)

    code, said, _ = call(capsys, "udi", "01008445880032881076543\\x1d21S1")
    assert (said["lot"], said["serial"]) == ("76543", "S1")


def test_a_file_that_is_not_there_is_a_coded_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, error = call(capsys, "judge", str(tmp_path / "none.json"))
    assert (code, error["code"]) == (2, "file.unreadable")

    (tmp_path / "b.csv").write_bytes(b"asset,start,end,event\n\xff")
    code, _, error = call(capsys, "reliability", str(tmp_path / "b.csv"))
    assert (code, error["code"]) == (2, "file.encoding")


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        # Blank lines count: a person looks for the line in an editor.
        ("asset,start,end,event\n\na,0,5,2\n", "row 3", "no event"),
        # The second telling of a watch names the first.
        ("asset,start,end,event\nb,0,1,0\na,0,5,1\na,0,5,1\n", "row 4", "row 3"),
        # Excel's own first line is not the header, and counts as a line.
        ("sep=;\nasset;start;end;event\na;0;x;1\n", "row 3", "no number"),
        # A field that no spreadsheet holds.
        (f"asset,start,end,event\na,0,{'9' * 200_000},1\n", "row 2", "field limit"),
    ],
)
def test_reliability_names_the_line_of_what_it_refuses(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str, place: str, message: str
) -> None:
    (tmp_path / "f.csv").write_text(content)

    code, _, error = call(capsys, "reliability", str(tmp_path / "f.csv"))

    assert (code, error["code"]) == (2, "input.import")
    assert error["problems"][0]["place"] == place
    assert message in error["problems"][0]["message"]


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\r\nasset;start;end;event\r\na;0;1,5;1\r\nb;0;2;1\r\nc;0;3;1\r\n",
        "\ufeffAsset|START|End|EVENT\na|0|1.5|failed\nb|0|2|TRUE\nc|0|3|1.0\n",
        "asset\tstart\tend\tevent\ra\t0\t1.5\t1\rb\t\t2\ty\rc\t0\t3\t1\r",
    ],
)
def test_reliability_reads_what_spreadsheets_and_programs_write(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str
) -> None:
    (tmp_path / "f.csv").write_bytes(content.encode())

    code, said, _ = call(capsys, "reliability", str(tmp_path / "f.csv"))

    assert (code, said["events"], said["time"]) == (0, 3, 6.5)


def test_judge_takes_nan_for_a_sample_that_is_none_and_never_for_a_limit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cold = {"T_control": [120.0, *[math.nan] * 5, 120.0]}
    bad_limit = SAMPLED | {"max_record_difference_k": math.nan}
    samples = SAMPLED["samples"]
    assert isinstance(samples, dict)
    (tmp_path / "a.json").write_text(json.dumps(SAMPLED | {"samples": samples | cold}), encoding="utf-8-sig")
    (tmp_path / "b.json").write_text(json.dumps(bad_limit))

    code, said, _ = call(capsys, "judge", str(tmp_path / "a.json"))
    assert (code, said["cycles"][0]["verdict"]) == (0, "UNDETERMINED")
    code, _, error = call(capsys, "judge", str(tmp_path / "b.json"))
    assert (code, error["problems"][0]["field"]) == (2, "max_record_difference_k")


def test_instants_without_a_zone_are_taken_as_they_stand(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    samples = SAMPLED["samples"]
    assert isinstance(samples, dict)
    hashes = set()
    for zone in ("", "Z", "+02:00"):
        # Across the hour that Central Europe leaps over.
        told = samples | {
            "t": [f"2026-03-29T01:59:{57 + i}{zone}" if i < 3 else f"2026-03-29T02:00:0{i - 3}{zone}" for i in range(7)]
        }
        (tmp_path / "a.json").write_text(json.dumps(SAMPLED | {"samples": told}))
        code, said, _ = call(capsys, "judge", str(tmp_path / "a.json"))
        assert (code, said["cycles"][0]["verdict"]) == (0, "PASS")
        hashes.add(said["cycles"][0]["longest_hold_s"])
    assert hashes == {4.0}


def test_drift_prints_both_charts_and_the_first_alarm(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    healthy = [10.0 + 0.1 * (n % 5) for n in range(30)]
    file = tmp_path / "figures.csv"
    file.write_text("at;Value\n" + "".join(f"2026;{value:.1f}\n".replace(".", ",") for value in [*healthy, 12.0, 12.5]))

    code, said, _ = call(capsys, "drift", str(file), "--baseline", "20", "--direction", "up")

    assert code == 0
    assert (said["observations"], said["baseline"]["n"], said["charted_from"], said["alarm_at"]) == (32, 20, 21, 31)
    assert len(said["ewma"]) == len(said["cusum_up"]) == 12
    assert set(said["alarm_by"]) <= {"ewma", "cusum"}


@pytest.mark.parametrize(
    ("text", "field"),
    [("when\n1\n", "value"), ("value\n1\nx\n", "value"), ("value\nnan\n", "value"), ("", "value")],
)
def test_drift_names_what_it_cannot_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, field: str
) -> None:
    file = tmp_path / "figures.csv"
    file.write_text(text)

    code, said, error = call(capsys, "drift", str(file))

    assert (code, said) == (2, None)
    assert error["problems"][0]["field"] == field


def test_drift_reads_a_column_alone_with_a_comma_as_decimal_mark(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "figures.csv"
    file.write_text("value\r" + "\r".join(f"10,{n % 5}" for n in range(12)))

    code, said, _ = call(capsys, "drift", str(file), "--baseline", "10")

    assert (code, said["observations"]) == (0, 12)
    assert said["baseline"]["mean"] == pytest.approx(10.2)


def test_reliability_names_the_cheapest_age_of_replacement_with_what_it_rests_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ages = [410, 520, 600, 655, 700, 760, 800, 860, 950, 1100]
    (tmp_path / "f.csv").write_text(
        "\n".join(["asset,start,end,event", *(f"d{i},0,{a},1" for i, a in enumerate(ages))])
    )

    code, said, _ = call(capsys, "reliability", str(tmp_path / "f.csv"), "--planned-cost", "1", "--failure-cost", "8")

    found = said["replacement"]
    assert (code, found["method"], found["events"]) == (0, "age_replacement", 10)
    assert 0 < found["age"] < said["weibull"]["scale"]
    assert found["cost_rate"] < found["run_to_failure_cost_rate"]
    assert found["at_shape_low"] is not None

    # a failure that costs no more than a plan is never forestalled
    _, said, _ = call(capsys, "reliability", str(tmp_path / "f.csv"), "--planned-cost", "1", "--failure-cost", "1")
    assert said["replacement"]["age"] is None


def test_reliability_of_repairs_names_the_age_beyond_which_mending_costs_more(
    capsys: pytest.CaptureFixture[str], data_dir: Path, tmp_path: Path
) -> None:
    # Failures at the ages n^(1/2.5) · 1000 are those of a power law of shape 2.5 and scale 1000.
    ends = [1000 * n ** (1 / 2.5) for n in range(1, 31)]
    starts = [0.0, *ends[:-1]]
    lines = [f"pump,{a},{b},1" for a, b in zip(starts, ends, strict=True)]
    (tmp_path / "f.csv").write_text("\n".join(["asset,start,end,event", *lines]))

    _, said, _ = call(capsys, "reliability", str(tmp_path / "f.csv"), "--planned-cost", "1", "--failure-cost", "5")

    law, found = said["power_law"], said["replacement"]
    scale = law["rate"] ** (-1 / law["shape"])
    assert found["method"] == "minimal_repair"
    assert found["age"] == pytest.approx(scale * (1 / (5 * (law["shape"] - 1))) ** (1 / law["shape"]))


def test_no_age_is_told_below_three_failures_or_without_both_costs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "f.csv").write_text("asset,start,end,event\na,0,5,1\nb,0,6,1\n")

    _, said, _ = call(capsys, "reliability", str(tmp_path / "f.csv"), "--planned-cost", "1", "--failure-cost", "5")
    assert (said["replacement"], said["refused"]["replacement"]) == (None, "reliability.too_few_events")

    code, said, error = call(capsys, "reliability", str(tmp_path / "f.csv"), "--planned-cost", "1")
    assert (code, said, error["code"]) == (2, None, "reliability.costs")


@pytest.mark.parametrize("separator", ["\\x1d", "<GS>", "{GS}", "␝", "\\u001d", "\x1d"])
def test_udi_takes_every_written_form_of_the_separator(capsys: pytest.CaptureFixture[str], separator: str) -> None:
    code, said, _ = call(capsys, "udi", f"01008445880032881076543{separator}21S1")

    assert (code, said["lot"], said["serial"]) == (0, "76543", "S1")
