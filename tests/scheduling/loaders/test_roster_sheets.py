"""A roster's problem from sheets: what they mean, and every wrong cell by sheet and row."""

from __future__ import annotations

import contextlib
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.loaders.roster_sheets import Period, Sheets, decode_sheet, problem_of_sheets
from scheduling.model.rosters import NO_LIMIT, History, Limit, Need, Pair, Request
from scheduling.service.contents import check_names
from twin.errors import DecodeError, ImportRefused

CONTRACTS = (
    "contract,hours_min,hours_max,shifts_max,run_min,run_max,off_min,weekends_max\nfull,60,80.5,N=4|E=10,2,5,2,1\n"
)
STAFF = "staff,contract,skills,leave,off,on,mentor\nann,full,RN|ICU,2026-12-24..2026-12-26,,,\nbo,full,RN,,2026-12-22=N,2026-12-23=E,ann\n"
COVER = "day,shift,skill,minimum,preferred\ndaily,E,,1,2\nsat,E,,1,1\n2026-12-24,E,,2,3\nmon,N,ICU,1,\n"
GOOD = Sheets(contracts=CONTRACTS, staff=STAFF, cover=COVER)
WEEK = Period(first=date(2026, 12, 21), days=7, place="w1")  # a Monday


def need(day: int, minimum: int, preferred: int, shift: str = "E", skill: str = "") -> Need:
    """Give a need at the usual prices."""
    return Need(day=day, shift=shift, skill=skill, minimum=minimum, preferred=preferred, under=100, over=10)


def test_sheets_become_a_problem() -> None:
    found = problem_of_sheets(GOOD, WEEK)

    check_names(found)
    contract = found.contracts[0]
    assert (contract.minutes, contract.shift_counts) == (Limit(low=3600, high=4830), {"N": 4, "E": 10})
    assert (contract.work_run, contract.off_run.low, contract.weekends.high) == (Limit(low=2, high=5), 2, 1)
    ann, bo = found.employees
    assert (ann.days_off, ann.skills, bo.skills) == ({3, 4, 5}, {"RN", "ICU"}, {"RN"})
    assert found.requests == (
        Request(employee="bo", day=1, shift="N", is_on=False, weight=10),
        Request(employee="bo", day=2, shift="E", is_on=True, weight=10),
    )
    assert found.pairs == (Pair(trainee="bo", mentor="ann"),)
    assert (found.first_weekday, found.skills, found.place) == (0, ("ICU", "RN"), "w1")
    assert [shift.id for shift in found.shifts] == ["E", "L", "N"]


def test_a_date_outranks_a_weekday_and_that_every_day() -> None:
    needs = set(problem_of_sheets(GOOD, WEEK).needs)

    assert need(0, 1, 2) in needs
    assert need(3, 2, 3) in needs  # the 24th
    assert need(5, 1, 1) in needs  # Saturday
    assert need(0, 1, 1, "N", "ICU") in needs
    assert len(needs) == 8


def test_semicolons_commas_in_numbers_and_chinese_are_read() -> None:
    contracts = CONTRACTS.replace("N=4|E=10", "").replace(",", ";").replace("80.5", "80,5")
    staff = "staff;contract\n张三;full\n"
    sheets = Sheets(
        contracts=contracts, staff=decode_sheet(staff.encode("gb18030"), "staff"), cover="day,shift\ndaily,E\n"
    )

    found = problem_of_sheets(sheets, WEEK)

    assert found.contracts[0].minutes.high == 4830
    assert found.employees[0].id == "张三"


def test_empty_cells_of_a_contract_limit_nothing() -> None:
    found = problem_of_sheets(
        Sheets(contracts="contract\nfree\n", staff="staff,contract\na,free\n", cover="day,shift\ndaily,E\n"),
        WEEK,
    )

    contract = found.contracts[0]
    assert contract.minutes == Limit(high=NO_LIMIT)
    assert contract.work_run.is_open
    assert contract.weekends.is_open


def test_histories_make_runs_go_on() -> None:
    found = problem_of_sheets(GOOD, WEEK, {"ann": History(last_shift="N", work_run=3)})

    assert [one.history.work_run for one in found.employees] == [3, 0]
    assert found.weeks == 1


@pytest.mark.parametrize(
    ("sheet", "old", "new", "place", "field"),
    [
        ("staff", "bo,full", "bo,part", "staff row 3", "contract"),  # unknown contract
        ("staff", "bo,full", "ann,full", "staff row 3", "staff"),  # one id twice
        ("staff", "bo,full,RN", "bo,full,", "staff row 3", "skills"),  # nothing that they can do
        ("staff", "12-24..", "12-27..", "staff row 2", "leave"),  # backwards
        ("staff", "2026-12-22=N", "2026-12-32=N", "staff row 3", "off"),  # no such day
        ("staff", "2026-12-22=N", "2026-12-22=X", "staff row 3", "off"),  # no such shift
        ("staff", "2026-12-22=N", "2027-12-22=N", "staff row 3", "off"),  # after the roster
        ("staff", "2026-12-23=E,ann", "2026-12-23=E,zoe", "staff row 3", "mentor"),  # unknown mentor
        ("staff", "2026-12-23=E,ann", "2026-12-23=E,bo", "staff row 3", "mentor"),  # their own mentor
        ("staff", "staff,contract", "who,contract", "staff row 1", "staff"),  # column missing
        ("staff", STAFF, "", "sheet", "staff"),  # empty sheet
        ("contracts", "full,60", "full,100", "contracts row 2", "hours_min"),  # above the largest
        ("contracts", "full,60", "full,-1", "contracts row 2", "hours_min"),  # negative hours
        ("contracts", "full,60", "full,NaN", "contracts row 2", "hours_min"),  # no number
        ("contracts", "N=4", "N=many", "contracts row 2", "shifts_max"),  # no number
        ("contracts", "N=4", "X=4", "contracts row 2", "shifts_max"),  # no such shift
        ("contracts", ",2,5,", ",0,5,", "contracts row 2", "run_min"),  # below 1
        ("contracts", ",2,5,", ",2,99999999999,", "contracts row 2", "run_max"),  # huge
        ("cover", "daily,E,,1,2", "daily,E,,3,2", "cover row 2", "preferred"),  # fewer than the minimum
        ("cover", "daily,E,,1,2", "dally,E,,1,2", "cover row 2", "day"),  # no day
        ("cover", "daily,E,,1,2", "daily,X,,1,2", "cover row 2", "shift"),  # no such shift
        ("cover", "mon,N,ICU", "mon,N,OR", "cover row 5", "skill"),  # nobody has it
        ("cover", "sat,E,,1,1", "daily,E,,1,1", "cover row 3", "day"),  # twice
        ("cover", "daily,E,,1,2", "daily,E,,1,2,9", "cover row 2", "cover"),  # a cell too many
        ("cover", "minimum", "least", "cover row 1", "least"),  # mistyped column
    ],
)
def test_every_wrong_cell_is_named_by_sheet_and_row(sheet: str, old: str, new: str, place: str, field: str) -> None:
    texts = {"contracts": CONTRACTS, "staff": STAFF, "cover": COVER}
    assert old in texts[sheet]
    texts[sheet] = texts[sheet].replace(old, new, 1)

    with pytest.raises(ImportRefused) as refused:
        problem_of_sheets(Sheets(**texts), WEEK)

    assert (place, field) in {(one.place, one.field) for one in refused.value.problems}


@pytest.mark.parametrize("days", [0, -1, 93])
def test_a_period_has_a_length(days: int) -> None:
    with pytest.raises(ImportRefused, match="days"):
        problem_of_sheets(GOOD, Period(first=date(2026, 12, 21), days=days))


@settings(max_examples=150)
@given(st.sampled_from(["contracts", "staff", "cover", "shifts"]), st.text(max_size=200), st.integers(0, 200))
def test_no_text_breaks_the_reader(sheet: str, text: str, at: int) -> None:
    texts = {
        "contracts": CONTRACTS,
        "staff": STAFF,
        "cover": COVER,
        "shifts": "shift,start,hours\nE,07:00,8\nN,21:00,10\n",
    }
    whole = texts[sheet]
    texts[sheet] = whole[: at % len(whole)] + text + whole[at % len(whole) :]

    with contextlib.suppress(ImportRefused):  # anything else that is raised fails the test
        check_names(problem_of_sheets(Sheets(**texts), WEEK))


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(DecodeError, match="UTF-8"):
        decode_sheet(b"\xff\xff\xff", "staff.csv")


def test_chinese_headings_weekdays_and_json_are_the_same_sheets() -> None:
    contracts = CONTRACTS.replace(
        "contract,hours_min,hours_max,shifts_max,run_min,run_max,off_min,weekends_max",
        "合同,最少小时,最多小时,班次上限,最少连班,最多连班,最少连休,周末上限",
    )
    staff = STAFF.replace("staff,contract,skills,leave,off,on,mentor", "工号,合同,技能,休假,希望休息,希望上班,带教")
    cover = [
        {"日期": "每天", "班次": "E", "最少人数": 1, "希望人数": 2},
        {"日期": "周六", "班次": "E", "最少人数": 1, "希望人数": 1},
        {"日期": "2026/12/24", "班次": "E", "最少人数": 2, "希望人数": 3},
        {"日期": "星期一", "班次": "N", "skill": "ICU", "最少人数": 1},
    ]
    sheets = Sheets(contracts=f"\ufeff{contracts}", staff=staff, cover=json.dumps(cover))

    assert problem_of_sheets(sheets, WEEK) == problem_of_sheets(GOOD, WEEK)
