from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from server.console import run
from server.tree import build_tree


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, object]]:
    code = run(build_tree(), ["inventory", *arguments])
    return code, json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def test_scan_prints_what_the_label_says(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = told(capsys, "scan", "(01)09506000134352(17)261231(10)ABC123(21)S1")

    assert code == 0
    assert (found["gtin"], found["expiry"], found["lot"], found["serial"]) == (
        "09506000134352",
        "2026-12-31",
        "ABC123",
        "S1",
    )


def test_misread_label_is_a_coded_error_and_exit_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = told(capsys, "scan", "0109506000134353")

    assert (code, found["error"]) == (2, "check_digit")


def test_policy_answers_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    asked = '{"holding_cost": 1, "stockout_cost": 4, "fixed_cost": 5, "demand_mean": 6}'

    code, found = told(capsys, "policy", "ss", "--json", asked)

    assert code == 0
    assert (found["reorder_point"], found["order_up_to_level"]) == (4, 10)


@pytest.mark.parametrize(
    ("kind", "parameters", "field"),
    [
        ("eoq", '{"fixed_cost": -8, "holding_cost": 1, "demand_rate": 1}', "fixed_cost"),  # a negative cost
        ("eoq", '{"fixed_cost": "banana", "holding_cost": 1, "demand_rate": 1}', "fixed_cost"),  # no number
        ("eoq", "[]", "parameters"),  # no object
        ("eoq", "@/no/such/file", "parameters"),  # no such file
        ("eoq", "[" * 100_000, "parameters"),  # nested beyond reason
        ("eoq", "\udcff", "parameters"),  # octets that are no text
        ("eoq", '{"fixed_cost": NaN}', "parameters"),  # no JSON
        ("magic", "{}", "kind"),  # no such policy
    ],
)
def test_wrong_parameter_is_named(capsys: pytest.CaptureFixture[str], kind: str, parameters: str, field: str) -> None:
    code, found = told(capsys, "policy", kind, "--json", parameters)

    assert (code, found["error"], found["field"]) == (2, "policy.parameter", field)


def no_text() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(b"\xff\xfe\x00"), encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code"), [(("scan", "-"), "scan.unreadable"), (("policy", "eoq", "-", "--json"), "policy.parameter")]
)
def test_input_that_is_no_text_is_a_coded_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: str
) -> None:
    monkeypatch.setattr("sys.stdin", no_text())

    exit_code, found = told(capsys, *arguments)

    assert exit_code == 2
    assert code in (found["error"], found.get("code"))


def test_table_that_is_no_text_is_refused_with_a_cure(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "demand.csv"
    file.write_bytes(b"\xff\xfe\x00month,quantity")

    code = run(build_tree(), ["inventory", "forecast", str(file)])

    assert (code, "UTF-8" in capsys.readouterr().err) == (2, True)


def test_backtest_names_the_best_method(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = ["month,item,quantity"]
    for month in range(40):
        lines += [f"20{month // 12 + 20}-{month % 12 + 1:02d},{item},{(month * item) % 7 + 3}" for item in (2, 3, 5)]
    file = tmp_path / "demand.csv"
    file.write_text("\n".join(lines))

    code, found = told(capsys, "forecast", str(file), "--backtest", "--origins", "12", "--json")

    assert (code, found["series"], found["periods"], found["origins"]) == (0, 3, 40, 12)
    assert found["best"] in {score["method"] for score in found["scores"]}  # type: ignore[index,attr-defined]
