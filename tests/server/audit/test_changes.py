"""Whatever a person changes in tables leaves a row in the audit, through whichever door, without anybody noting it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from assets.rules.endoscopes import ScopeLimits
from dash_app.actions import machines, stock_places
from dash_app.queries.port import HospitalPort
from dash_app.texts import audit_words
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.tables.driver import Driver
from inventory.tables.rows import PlaceRow
from server.app.ui import port_of
from server.audit import chain
from server.audit.changes import ACTION, MOST_KEYS, asking, is_told_otherwise
from server.audit.statements import Verb, read_statement
from server.schema.access import AuditRow
from server.schema.metadata import full_metadata
from server.wiring import Hospital
from tests.server.conftest import Served
from tests.server.http.test_device_records import Client
from tests.server.http.test_plans import furnish
from twin.access import SYSTEM, Actor, Role
from twin.ids import PlaceId

ROOT = Path(__file__).resolve().parents[3]
PLANNER = Actor(id="user-1", name="Planner", roles=frozenset({Role.LOGISTICS, Role.BIOMED}))
TABLES = [table for table in full_metadata().sorted_tables if not is_told_otherwise(table.name)]
CHANGEABLE = [table for table in TABLES if any(not column.primary_key for column in table.columns)]


@contextmanager
def asked_by(actor: Actor | None) -> Iterator[None]:
    """Do something as a request of somebody would."""
    token = asking.set(actor)
    try:
        yield
    finally:
        asking.reset(token)


def noted(hospital: Hospital) -> list[dict[str, Any]]:
    with hospital.read() as session:
        rows = session.exec(select(AuditRow).order_by(col(AuditRow.sequence))).all()
    return [
        {"actor": row.actor, "subject": row.subject, **json.loads(row.facts)} for row in rows if row.action == ACTION
    ]


def value_of(column: sa.Column[Any], number: int) -> object:
    """Give a value that a column takes, another one for each number."""
    if isinstance(column.type, sa.LargeBinary):
        return bytes([number])
    if isinstance(column.type, sa.Boolean):
        return number % 2 == 0
    if isinstance(column.type, sa.Integer | sa.Float | sa.Numeric):
        return number
    return json.dumps({"value": number}) if column.name == "body" else f"v{number}"


def row_of(table: sa.Table) -> dict[str, object]:
    return {column.name: value_of(column, 1) for column in table.columns}


def statements(table: sa.Table) -> list[tuple[Verb, sa.sql.dml.UpdateBase]]:
    [*_keys, last] = [column for column in table.columns if not column.primary_key] or list(table.columns)
    keys = [column == value_of(column, 1) for column in table.primary_key]
    return [
        (Verb.ADDED, sa.insert(table).values(row_of(table))),
        (Verb.CHANGED, sa.update(table).where(*keys).values({last.name: value_of(last, 2)})),
        (Verb.REMOVED, sa.delete(table).where(*keys)),
    ]


def test_what_is_done_to_a_row_of_any_table_is_noted_with_its_key(hospital: Hospital) -> None:
    done = [(table, verb, statement) for table in CHANGEABLE for verb, statement in statements(table)]
    with asked_by(PLANNER):
        for _table, _verb, statement in done:
            hospital.write_now(lambda session, statement=statement: session.execute(statement))

    expected = []
    for table, verb, _statement in done:
        key = "/".join(str(value_of(column, 1)) for column in table.primary_key)
        if table.name != "job" or verb is Verb.ADDED:  # what becomes of a computation is the program's doing
            expected.append(("user-1", table.name, verb.value, key))
    found = noted(hospital)
    assert [
        (row["actor"], row["table"], next(verb.value for verb in Verb if verb.value in row), row["subject"])
        for row in found
    ] == expected
    assert all(row[verb] == [key] for row, (_actor, _table, verb, key) in zip(found, expected, strict=True))


def test_tables_of_the_stock_have_names_among_people_and_no_name_is_left_over() -> None:
    names = {table.name for table in TABLES}

    assert {name for name in names if name.startswith("inventory_")} <= set(audit_words.TABLES)
    assert set(audit_words.TABLES) <= names


@pytest.mark.parametrize(
    "actor", [None, Actor(id="k", name="k", roles=frozenset({Role.SERVICE_HIS}))], ids=["nobody", "program"]
)
def test_what_happens_by_itself_or_by_a_program_leaves_no_row(hospital: Hospital, actor: Actor | None) -> None:
    with asked_by(actor):
        hospital.write_now(lambda session: session.add(PlaceRow(id="w1", kind="cabinet", storage_class="ambient")))

    assert noted(hospital) == []


def test_a_row_tells_what_it_was_and_what_it_is(hospital: Hospital) -> None:
    def keep(kind: str) -> None:
        with asked_by(PLANNER):
            hospital.write_now(lambda session: session.merge(PlaceRow(id="w1", kind=kind, storage_class="ambient")))

    for kind in ("cabinet", "pharmacy", "pharmacy"):  # said once more, the same is no change
        keep(kind)

    added, changed = noted(hospital)
    assert added["details"] == ["kind: cabinet", "storage_class: ambient"]
    assert (changed["changed"], changed["details"]) == (["w1"], ["kind: cabinet → pharmacy"])


def test_an_act_that_is_undone_leaves_no_row(hospital: Hospital) -> None:
    def undone(session: Session) -> None:
        session.add(PlaceRow(id="w1", kind="cabinet", storage_class="ambient"))
        session.flush()
        raise RuntimeError("changed my mind")

    with asked_by(PLANNER), pytest.raises(RuntimeError):
        hospital.write_now(undone)

    assert noted(hospital) == []


def test_many_rows_are_one_row_of_the_audit_that_counts_them(hospital: Hospital) -> None:
    rows = [PlaceRow(id=f"w{number:03}", kind="cabinet", storage_class="ambient") for number in range(50)]
    with asked_by(PLANNER):
        hospital.write_now(lambda session: session.add_all(rows))

    [row] = noted(hospital)
    assert (row["subject"], len(row["added"]), row["more"]) == ("", MOST_KEYS, 50 - MOST_KEYS)
    with hospital.read() as session:
        assert chain.verify(session).sequence == 1


def test_plain_sql_is_noted_like_everything_else(hospital: Hospital) -> None:
    def hold(session: Session) -> None:
        driver = Driver(session)
        driver.run("INSERT INTO inventory_bin (id, place, item, quantity) VALUES (?,?,?,?)", ("b1", "w1", "gloves", 5))
        driver.run("UPDATE inventory_bin SET quantity = ? WHERE id = ?", (7, "b1"))
        driver.run("UPDATE inventory_bin SET quantity = ? WHERE id = ?", (7, "nothing"))
        driver.run("DELETE FROM inventory_bin WHERE id = ?", ("b1",))

    with asked_by(PLANNER):
        hospital.write_now(hold)

    [row] = noted(hospital)
    assert (row["added"], row["changed"], row["removed"]) == (["b1"], ["b1"], ["b1"])
    assert row["details"] == ["place: w1", "item: gloves", "quantity: 5", "quantity: 7"]


def test_what_people_type_and_secrets_are_not_repeated(hospital: Hospital) -> None:
    table = next(table for table in TABLES if table.name == "assets_life_step")
    values = row_of(table) | {one.name: "Mrs Example" for one in table.columns if "note" in one.name}
    with asked_by(PLANNER):
        hospital.write_now(lambda session: session.execute(sa.insert(table).values(values)))

    assert "Mrs Example" not in str(noted(hospital))


async def test_acts_through_routes_that_only_change_tables_stand_in_the_audit(served: Served) -> None:
    furnish(served)
    call = Client(await served.signed_in(Role.LOGISTICS))
    await call("POST", "/items", {"id": "flu", "code": "flu", "name": "Vaccine", "storage_class": "2-8"})
    await call("PUT", "/stock-places/r1", {"kind": "pharmacy", "storage_class": "2-8"})
    await call("PUT", "/bins/bin-7", {"place": "r2", "item": "flu", "quantity": 12})
    await call("DELETE", "/bins/bin-7", status=204)
    await call("POST", "/kits", {"id": "hip", "name": "Hip", "lines": [{"item": "flu", "opened": 1}]})
    await call("POST", "/par-levels", {"place": "r1", "item": "flu", "par_level": 5, "reorder_point": 2})
    await call("DELETE", "/par-levels?place=r1&item=flu", status=204)

    auditor = await served.signed_in(Role.AUDITOR)
    rows = (await auditor.get("/v1/audit", params={"action": ACTION})).json()["rows"]
    told = [(row["facts"]["table"], row["subject"]) for row in rows if row["facts"]["table"] != "inventory_kit_line"]
    assert told == [
        ("inventory_item", "flu"),
        ("inventory_place", "r1"),
        ("inventory_bin", "bin-7"),
        ("inventory_bin", "bin-7"),
        ("inventory_kit", "hip"),
        ("inventory_par_level", "r1/flu"),
        ("inventory_par_level", "r1/flu"),
    ]
    assert (await auditor.get("/v1/audit/verification")).json()["is_intact"]


def test_acts_through_pages_stand_in_the_audit(hospital: Hospital) -> None:
    port: HospitalPort = port_of(hospital)
    with asked_by(PLANNER):
        stock_places.define(port, StockPlace(id=PlaceId("r1"), kind=StockPlaceKind.CABINET))
        entered = dict.fromkeys(ScopeLimits.__dataclass_fields__, 10) | {"source": "risk assessment 12"}
        machines.keep_scopes(port, entered)
        machines.go_back(port, "endoscopes")

    assert [(row["table"], next(verb for verb in Verb if verb.value in row)) for row in noted(hospital)] == [
        ("inventory_place", Verb.ADDED),
        ("assets_limits", Verb.ADDED),
        ("assets_limits", Verb.REMOVED),
    ]


def test_no_door_reaches_the_database_past_the_note() -> None:
    """The writer's plain work is not surrounded: only the ledger's own intake of events and its upkeep may use it."""
    allowed = {
        "server/validation/installation.py",  # reads a setting of the connection
        "server/listening.py",  # messages of other systems, which no person sends
        *(str(path.relative_to(ROOT)) for path in (ROOT / "twin").rglob("*.py")),
    }
    past = {"submit_work", "submit_together", "send_together"}
    found = set()
    for package in ("server", "dash_app", "assets", "inventory", "scheduling", "interop"):
        for path in (ROOT / package).rglob("*.py"):
            names = {
                node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)
            }
            if names & past:
                found.add(str(path.relative_to(ROOT)))

    assert found <= allowed


@given(st.text(max_size=80))
def test_any_statement_is_read_or_left_alone(text: str) -> None:
    for beginning in ("", "INSERT INTO t ", "UPDATE t SET ", "DELETE FROM t "):
        found = read_statement(beginning + text)
        assert found is None or found.verb in Verb


@pytest.mark.parametrize(
    ("statement", "written", "chosen"),
    [
        ("UPDATE t SET a = ?, b = b + ?, c = ? WHERE id = ? AND v >= ?", ("a", "", "c"), ("id", "")),
        ("INSERT INTO t (a, b) VALUES (?,?) ON CONFLICT (a) DO UPDATE SET b = excluded.b", ("a", "b"), ()),
        ("INSERT INTO t (a, b) SELECT a, b FROM s", (), ()),
        ("DELETE FROM t WHERE a = ?", (), ("a",)),
    ],
)
def test_marks_of_a_statement_find_their_columns(
    statement: str, written: tuple[str, ...], chosen: tuple[str, ...]
) -> None:
    found = read_statement(statement)

    assert found is not None
    assert (found.written, found.chosen) == (written, chosen)


def test_the_system_itself_is_no_person_that_asks(hospital: Hospital) -> None:
    with asked_by(SYSTEM):
        hospital.write_now(lambda session: session.add(PlaceRow(id="w1", kind="cabinet", storage_class="ambient")))

    assert noted(hospital) == []
