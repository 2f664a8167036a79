"""Messages stored in one go, beside the same messages stored one by one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import Session

from interop.hl7v2.message import read_message
from interop.mllp.acknowledgement import Handled, Verdict
from interop.service.messages import Understood, take_in_together, understand
from interop.service.plain import ask, put_all
from interop.tables import ACCOUNTS, LINKS, MESSAGES, PERSONS, PLACE_NAMES
from server.listening import intake_of
from server.wiring import Hospital, open_hospital
from tests.interop.conftest import Listening
from tests.interop.messages_for_tests import adt
from twin.clock import ManualClock
from twin.errors import InputError
from twin.settings import Settings

TABLES = (MESSAGES, PERSONS, LINKS, PLACE_NAMES, ACCOUNTS)
SEALED = ("body", "wrapped_key", "identity")  # closed anew each time: no two are equal


def understood(hospital: Hospital, content: bytes) -> Understood:
    return understand(intake_of(hospital), data=content, message=read_message(content), now=hospital.clock.now())


def together(hospital: Hospital, contents: Sequence[bytes]) -> list[Handled]:
    intake, arrived = intake_of(hospital), [understood(hospital, one) for one in contents]
    return hospital.write_now(lambda session: take_in_together(session, intake, arrived))


def kept(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table.name: sorted(
            tuple(row) for row in session.execute(select(*(c for c in table.columns if c.name not in SEALED)))
        )
        for table in TABLES
    }


class Undone(Exception):
    """Ends a use case whose traces are not wanted."""


def left_by(hospital: Hospital, groups: Sequence[Sequence[Understood]]) -> dict[str, list[tuple[Any, ...]]]:
    """Give what the tables hold after some groups, and undo it."""
    found: list[dict[str, list[tuple[Any, ...]]]] = []
    intake = intake_of(hospital)

    def use_case(session: Session) -> None:
        for group in groups:
            take_in_together(session, intake, group)
        found.append(kept(session))
        raise Undone

    with pytest.raises(Undone):
        hospital.write_now(use_case)
    return found[0]


_MESSAGES = st.builds(
    lambda trigger, visit, bed, hour, account, name, control: adt(
        trigger, visit=visit, bed=bed, at=f"202601050{hour}0000", control=control,
        PID_18=f"{account}^^^HOSP^AN" if account else "", PID_5=name,
    ),
    st.sampled_from(["A01", "A02", "A08", "A03", "A31", "Z99"]),
    st.sampled_from(["V1", "V2", "V3"]),
    st.sampled_from(["W1^1^A", "W9^9^Z", "W1^7^Z", ""]),  # known, unknown, its ward is known, none
    st.integers(0, 7),
    st.sampled_from(["", "", "ACC1"]),
    st.sampled_from(["A^A", "B^B"]),
    st.text("123456789", min_size=4, max_size=4),
)  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(_MESSAGES, min_size=1, max_size=9, unique_by=lambda content: read_message(content).control_id))
def test_a_group_leaves_what_its_messages_leave_one_by_one(listening: Listening, contents: list[bytes]) -> None:
    # Understood before any is stored, in both: that a message may lean on those before it is not what this is about.
    arrived = [understood(listening.hospital, one) for one in contents]

    alone = left_by(listening.hospital, [[one] for one in arrived])

    assert left_by(listening.hospital, [arrived]) == alone
    assert len(alone[MESSAGES.name]) == len(contents)


def test_the_same_message_twice_in_a_group_is_one(listening: Listening) -> None:
    content = adt("A01", bed="W1^1^A", control="SAME")

    handled = together(listening.hospital, [content, adt("A08"), content])

    assert [one.verdict for one in handled] == [Verdict.ACCEPTED] * 3
    assert sorted(row.duplicates for row in listening.rows()) == [0, 1]


def test_a_number_used_for_two_messages_undoes_the_group_as_a_whole(listening: Listening) -> None:
    before = left_by(listening.hospital, [])

    with pytest.raises(InputError, match="used before"):
        together(listening.hospital, [adt("A01", visit="V1", control="X"), adt("A01", visit="V2", control="X")])

    assert left_by(listening.hospital, []) == before


@pytest.mark.parametrize("count", [0, 1, 2, 3, 31, 32, 33, 100])
def test_any_number_of_rows_is_stored_whole(tmp_path: Path, clock: ManualClock, count: int) -> None:
    hospital = open_hospital(Settings(data_dir=tmp_path, free_disk_floor_mb=0), clock=clock, handlers=[])
    rows = [{"encounter": f"E{n:03d}", "person": f"P{n}", "told_at": n} for n in range(count)]

    def use_case(session: Session) -> list[Any]:
        put_all(session, LINKS.name, rows)
        return ask(session, "SELECT encounter, person, told_at FROM interop_link ORDER BY encounter", ())

    try:
        assert hospital.write_now(use_case) == [tuple(row.values()) for row in rows]
    finally:
        hospital.close()
