from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rules.emdn import read_emdn
from inventory.rules.forecasting.reading import Columns, read_demand
from server.imports.columns import as_length, as_metres
from server.imports.opening import read_positions
from server.imports.reading import delimiter_of, parse_instant, read_csv, read_xes
from twin.clock import from_text
from twin.errors import ImportRefused


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_rows_carry_the_line_where_they_begin(tmp_path):
    path = write(tmp_path, 'a,b\n1,"x\ny"\n\n2,z\n')

    rows = list(read_csv(path))

    assert [(row.number, row.values) for row in rows] == [(2, {"a": "1", "b": "x\ny"}), (5, {"a": "2", "b": "z"})]


def test_chinese_spreadsheets_in_gb18030_are_read(tmp_path):
    path = write(tmp_path, "名称\n病房\n", encoding="gb18030")

    assert next(read_csv(path)).values == {"名称": "病房"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "row 1"),  # nothing at all
        ("a,a\n1,2\n", "row 1"),  # a column stands twice
        ("a,b\n1\n", "row 2"),  # too few columns
        ("a,b\n1,2\n3,4,5\n", "row 3"),  # too many columns
        ('a,b\n1,2\n"3"x,4\n', "row 3"),  # text behind a closing quote
        ('"a"x,b\n1,2\n', "row 1"),
    ],
)
def test_a_broken_file_is_refused_with_its_row_and_a_cure(tmp_path, text, place):
    with pytest.raises(ImportRefused) as refused:
        list(read_csv(write(tmp_path, text)))

    assert refused.value.problems[0].place == place
    assert refused.value.problems[0].cure


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("name,room", ","),
        ("name;room", ";"),
        ("name\troom", "\t"),
        ("name", ","),
        ('"Cost, purchase, EUR";"Last, first";name', ";"),
    ],
)
def test_the_delimiter_is_counted_outside_quotes(tmp_path, header, delimiter):
    path = tmp_path / "sheet.csv"
    path.write_text(f"{header}\n", encoding="utf-8")

    assert delimiter_of(path) == delimiter


def test_metres_take_the_decimal_comma_as_every_other_number_does():
    assert as_metres("-12,5") == as_metres("-12.5") == -12.5
    assert as_length("0,75") == 0.75


def test_xes_events_carry_their_case(tmp_path):
    path = tmp_path / "log.xes"
    path.write_text(
        '<log xmlns="http://www.xes-standard.org/"><global scope="trace"><string key="concept:name" value="?"/></global>'
        '<trace><string key="concept:name" value="7"/><event><string key="concept:name" value="Triage"/>'
        '<date key="time:timestamp" value="2026-01-01T10:00:00+01:00"/></event></trace>'
        '<trace><string key="concept:name" value="8"/><event><string key="concept:name" value="Exit"/></event></trace></log>',
        encoding="utf-8",
    )

    rows = list(read_xes(path))

    assert [row.values["case:concept:name"] for row in rows] == ["7", "8"]
    assert rows[0].values["concept:name"] == "Triage"


def test_an_xes_file_that_breaks_off_is_refused(tmp_path):
    path = tmp_path / "log.xes"
    path.write_text("<log><trace><event>", encoding="utf-8")

    with pytest.raises(ImportRefused):
        list(read_xes(path))


def test_an_entity_bomb_is_refused_and_not_expanded(tmp_path):
    path = tmp_path / "log.xes"
    path.write_text('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><log>&b;</log>', encoding="utf-8")

    with pytest.raises(ImportRefused):
        list(read_xes(path))


def test_an_instant_without_offset_is_local_to_the_zone():
    assert parse_instant("2026-07-01 14:00:00", "", "Europe/Berlin") == from_text("2026-07-01T12:00:00Z")


def test_the_hour_that_the_clock_change_repeats_is_its_first_pass():
    assert parse_instant("2026-10-25 02:30:00", "", "Europe/Berlin") == from_text("2026-10-25T00:30:00Z")


@pytest.mark.parametrize("text", ["", "x", "12", "20260101", "2026-01-01", "2026-13-01 10:00"])
def test_what_is_no_instant_is_told_so(text):
    assert parse_instant(text, "", "UTC") is None


@given(st.datetimes(min_value=__import__("datetime").datetime(1971, 1, 1)))
def test_instants_in_utc_are_read_back_exactly(moment):
    at = parse_instant(moment.isoformat(sep=" ", timespec="microseconds"), "", "UTC")

    assert at == from_text(moment.isoformat(timespec="microseconds") + "+00:00")


LONG = "x" * 200_000  # longer than any field that a CSV reader takes


@pytest.mark.parametrize(
    "read",
    [
        lambda text: read_emdn(text, source="file"),
        lambda text: read_positions(text, "file", ZoneInfo("UTC")),
        lambda text: read_demand(text.splitlines(), source="file", columns=Columns()),
    ],
    ids=["nomenclature", "opening stock", "demand"],
)
@pytest.mark.parametrize(
    "text",
    [f"{LONG}\n1", f"code,term\nA,{LONG}\n", f"item,place,quantity\na,{LONG},1\n", "\r摋\U0006d71bÊ", 'a,"b\r\nc'],
)
def test_a_table_that_no_reader_takes_is_refused_with_a_cure(read, text):
    with pytest.raises(ImportRefused) as refused:
        read(text)

    assert all(problem.cure for problem in refused.value.problems)
