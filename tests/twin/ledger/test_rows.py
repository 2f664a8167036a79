"""Events as rows: the same bodies for many as for one, and nothing that a name may hold breaks a line of COPY."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests import strategies as hospital
from tests.twin.ledger.test_ledger import MakeLedger, all_stored, make_ledger, zone
from twin.db.database import Database
from twin.events import registry
from twin.events.envelope import Event
from twin.ledger.bodies import bodies_of
from twin.ledger.rows import AT_ONCE, WIDTH, PostgresqlRows, _lots, values_of

__all__ = ["make_ledger"]

ODD = "a\tb\nc\rd\\e\\N\\.\u2028é😀\"'"
_UNESCAPED = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}


def read_back(lines: str) -> list[list[str]]:
    """Read COPY's text format as the manual describes it, one character after the other."""
    rows: list[list[str]] = [[""]]
    characters = iter(lines)
    for character in characters:
        if character == "\t":
            rows[-1].append("")
        elif character == "\n":
            rows.append([""])
        else:
            rows[-1][-1] += _UNESCAPED[next(characters)] if character == "\\" else character
    return rows[:-1]


@given(hospital.event_sets(max_size=20))
def test_many_are_written_as_each_alone(events: list[Event]) -> None:
    assert registry.encode_many(events) == [registry.encode(event).decode() for event in events]


def test_the_end_of_a_line_within_a_text_does_not_end_the_event() -> None:
    events = [zone("one\ntwo", "icu\r\n"), zone("three", "\n\n")]

    bodies = registry.encode_many(events)

    assert [registry.decode(body) for body in bodies] == events
    assert registry.encode_many([]) == []


@given(hospital.event_sets(max_size=10))
def test_values_stand_event_by_event(events: list[Event]) -> None:
    values = values_of(events)

    rows = [values[start : start + WIDTH] for start in range(0, len(values), WIDTH)]
    assert [(row[0], row[1], row[3], row[7]) for row in rows] == [
        (event.id, type(event).__name__, event.thing, event.source_key) for event in events
    ]
    assert [row[8] for row in rows] == bodies_of(events)


@given(st.lists(st.text(st.sampled_from("ab\t\n\r\\N."), max_size=8), min_size=1, max_size=6))
def test_any_text_is_read_back_from_lines_of_copy(texts: list[str]) -> None:
    events = [zone(text or "t", f"zone {text}", key=f"{number} {text}") for number, text in enumerate(texts)]
    values = values_of(events)

    lines = PostgresqlRows().values(events)

    assert len(lines) == len(events)
    rows = read_back("".join(f"{line}\n" for line in lines))
    assert [field for row in rows for field in row] == [str(value) for value in values]


@given(st.integers(0, 3 * AT_ONCE + 200))
def test_lots_add_up_and_none_is_too_large(count: int) -> None:
    lots = list(_lots(count))

    assert sum(lots) == count
    assert all(0 < lot <= AT_ONCE for lot in lots)
    assert AT_ONCE * WIDTH <= 32_766  # SQLITE_MAX_VARIABLE_NUMBER of an ordinary build


@pytest.mark.parametrize("count", [1, 15, 60])
def test_names_with_tabs_and_ends_of_lines_come_back_as_they_were(make_ledger: MakeLedger, count: int) -> None:
    ledger = make_ledger()
    events = [zone(f"{ODD}{number}", ODD, key=f"{ODD}/{number}") for number in range(count)]

    ledger.submit(events).result(10)

    assert [(one.event.thing, one.event.source_key) for one in all_stored(ledger)] == [
        (event.thing, event.source_key) for event in events
    ]


@pytest.mark.parametrize("known", [0, 7, AT_ONCE - 1, AT_ONCE, AT_ONCE + 70])
def test_a_known_fact_in_any_statement_of_a_large_batch_is_not_stored_again(
    make_ledger: MakeLedger, known: int
) -> None:
    ledger = make_ledger()
    events = [zone(f"t{number % 50}", "icu", key=f"k{number}") for number in range(AT_ONCE + 80)]
    (first,) = ledger.submit([events[known]]).result(10)

    answers = ledger.submit(events).result(30)

    assert (answers[known].sequence, answers[known].is_new) == (first.sequence, False)
    assert [one.sequence for one in answers if one.is_new] == list(range(2, len(events) + 1))
    assert [one.event.source_key for one in answers] == [event.source_key for event in events]
    assert ledger.state.sequence == len(events)


def test_keys_are_compared_byte_by_byte_on_postgresql(database: Database) -> None:
    asked = text("SELECT column_name, collation_name FROM information_schema.columns WHERE table_name = 'events'")
    if database.dialect != "postgresql":
        asked = text("SELECT name, 'C' FROM pragma_table_info('events')")  # SQLite compares bytes unless told otherwise

    with database.read() as session:
        collations = {row[0]: row[1] for row in session.execute(asked)}

    assert [collations[name] for name in ("id", "source", "source_key")] == ["C", "C", "C"]
