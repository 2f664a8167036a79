"""Names and numbers: sealed, revealed with a reason, erased without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.service import identity, messages
from interop.service.keys import Vault, open_vault
from server.listening import intake_of
from tests.interop.conftest import Listening
from tests.interop.messages_for_tests import adt
from twin.errors import ConfigurationError, InputError, NotFound, StorageError
from twin.state.beds import Occupancy

NAME, NUMBER = "QUIXOTICNAME", "773311559"
REASON = "identity check at the bedside"


def _hear_somebody(listening: Listening) -> str:
    listening.hear(
        adt("A01", bed="W1^1^A", control="1", PID_3=f"{NUMBER}^^^HOSP^MR", PID_5=f"{NAME}^LENE", PID_11="1 HIDDENLANE"),
        adt("A02", bed="W2^1^A", control="2", at="20260105080100", PID_3=f"{NUMBER}^^^HOSP^MR", PID_5=f"{NAME}^LENE"),
    )
    return listening.pseudonym("V1")


def _files_with(folder: Path, *needles: str) -> list[str]:
    return [
        file.name
        for file in sorted(folder.rglob("*"))
        if file.is_file() and any(needle.encode() in file.read_bytes() for needle in needles)
    ]


def _reveal(listening: Listening, encounter: str, reason: str = REASON) -> identity.Identity:
    vault, now = intake_of(listening.hospital).vault, listening.clock.now()
    return listening.hospital.write_now(
        lambda session: identity.reveal(session, vault, encounter=encounter, actor="nurse-1", reason=reason, now=now)
    )


def test_no_file_holds_a_name_or_a_number_in_clear(listening: Listening, tmp_path: Path) -> None:
    _hear_somebody(listening)
    listening.hospital.ledger.take_snapshot().result()

    assert _files_with(tmp_path, NAME, NUMBER, "HIDDENLANE", "V1^^^HOSP") == []


def test_an_identity_is_revealed_with_a_reason_that_is_kept(listening: Listening) -> None:
    encounter = _hear_somebody(listening)

    told = _reveal(listening, encounter)

    assert told.names == (f"{NAME}^LENE",)
    assert told.numbers == (f"{NUMBER}^^^HOSP^MR",)
    with listening.hospital.read() as session:
        rows = session.execute(identity.REVEALS.select()).all()  # type: ignore[deprecated]  # Core
    assert [(row.encounter, row.actor, row.reason) for row in rows] == [(encounter, "nurse-1", REASON)]


def test_without_a_reason_nothing_is_revealed(listening: Listening) -> None:
    encounter = _hear_somebody(listening)

    with pytest.raises(InputError, match="reason"):
        _reveal(listening, encounter, "  why ")


def test_erasure_leaves_the_census_and_no_way_back(listening: Listening, tmp_path: Path) -> None:
    encounter = _hear_somebody(listening)
    digest, count, now = listening.hospital.live.digest(), listening.event_count(), listening.clock.now()
    with listening.hospital.read() as session:
        wrapped = session.execute(identity.PERSONS.select()).one().wrapped_key  # type: ignore[deprecated]  # Core

    listening.hospital.write_now(
        lambda session: identity.erase(session, encounter=encounter, actor="privacy", reason=REASON, now=now)
    )

    with pytest.raises(NotFound):
        _reveal(listening, encounter)
    number = listening.rows()[0].number
    with listening.hospital.read() as session, pytest.raises(NotFound):
        messages.body_of(session, intake_of(listening.hospital).vault, number)
    assert (listening.hospital.live.digest(), listening.event_count()) == (digest, count)
    assert listening.bed("W2-1-A").occupancy is Occupancy.OCCUPIED
    listening.hospital.database.close()
    assert _files_with(tmp_path, NAME, NUMBER, "HIDDENLANE") == []
    assert [file.name for file in tmp_path.rglob("*") if file.is_file() and wrapped in file.read_bytes()] == []


def test_what_comes_after_an_erasure_is_not_kept_readable(listening: Listening, tmp_path: Path) -> None:
    encounter, now = _hear_somebody(listening), listening.clock.now()
    listening.hospital.write_now(
        lambda session: identity.erase(session, encounter=encounter, actor="privacy", reason=REASON, now=now)
    )

    listening.hear(adt("A08", at="20260105080200", PID_3=f"{NUMBER}^^^HOSP^MR", PID_5=f"{NAME}^LENE"))

    with pytest.raises(NotFound):
        _reveal(listening, encounter)
    assert _files_with(tmp_path, NAME, NUMBER) == []


def test_merged_records_are_one_person_and_erased_together(listening: Listening) -> None:
    listening.hear(
        adt("A01", visit="V1", PID_3="1^^^HOSP^MR", PID_5="OLD^NAME"),
        adt("A01", visit="V2", PID_3="2^^^HOSP^MR", PID_5="NEW^NAME"),
        adt("A40", visit="V2", PID_3="2^^^HOSP^MR", PID_5="NEW^NAME", MRG_1="1^^^HOSP^MR"),
    )
    first, second, now = listening.pseudonym("V1"), listening.pseudonym("V2"), listening.clock.now()

    assert _reveal(listening, first).names == ("NEW^NAME",)
    erased = listening.hospital.write_now(
        lambda session: identity.erase(session, encounter=second, actor="privacy", reason=REASON, now=now)
    )

    assert len(erased) == 2
    with pytest.raises(NotFound):
        _reveal(listening, first)


@pytest.mark.parametrize("trigger", ["A44", "A45"])
def test_a_visit_moved_to_another_person_does_not_make_the_two_one(listening: Listening, trigger: str) -> None:
    listening.hear(
        adt("A01", visit="V1", PID_3="1^^^HOSP^MR", PID_5="FIRST^NAME"),
        adt("A01", visit="V2", PID_3="2^^^HOSP^MR", PID_5="SECOND^NAME"),
        adt("A01", visit="V3", PID_3="1^^^HOSP^MR", PID_5="FIRST^NAME"),
        adt(
            trigger,
            visit="V3",
            at="20260105090000",
            PID_3="2^^^HOSP^MR",
            PID_5="SECOND^NAME",
            MRG_1="1^^^HOSP^MR",
            MRG_5="V3^^^HOSP^VN",
        ),
    )

    names = [_reveal(listening, listening.pseudonym(visit)).names for visit in ("V1", "V2", "V3")]
    assert names == [("FIRST^NAME",), ("SECOND^NAME",), ("SECOND^NAME",)]
    now = listening.clock.now()
    erased = listening.hospital.write_now(
        lambda session: identity.erase(
            session, encounter=listening.pseudonym("V2"), actor="privacy", reason=REASON, now=now
        )
    )
    assert len(erased) == 1
    assert _reveal(listening, listening.pseudonym("V1")).names == ("FIRST^NAME",)


def test_an_older_message_does_not_bring_an_old_name_back(listening: Listening) -> None:
    listening.hear(adt("A08", at="20260105080500", PID_5="NEW^NAME"), adt("A01", at="20260105080000", PID_5="OLD^NAME"))

    assert _reveal(listening, listening.pseudonym("V1")).names == ("NEW^NAME",)


def test_pseudonyms_depend_on_the_installation_and_on_each_part() -> None:
    one, other = Vault(b"a" * 32), Vault(b"b" * 32)

    assert one.pseudonym("visit", "H", "1") == one.pseudonym("visit", "H", "1")
    different = {one.pseudonym("visit", "H", "1"), other.pseudonym("visit", "H", "1"), one.pseudonym("visit", "H1", "")}
    assert len(different) == 3


def test_what_is_sealed_for_one_does_not_open_for_another() -> None:
    vault = Vault(b"a" * 32)
    wrapped = vault.new_wrapped_key("P1")
    sealed = vault.seal(b"x", person="P1", wrapped=wrapped)

    assert vault.open(sealed, person="P1", wrapped=wrapped) == b"x"
    with pytest.raises(StorageError):
        vault.open(sealed, person="P2", wrapped=wrapped)
    with pytest.raises(StorageError):
        Vault(b"b" * 32).open(sealed, person="P1", wrapped=wrapped)


def test_the_key_file_is_made_once_for_its_owner_and_missed_when_gone(tmp_path: Path) -> None:
    first = open_vault(tmp_path).pseudonym("visit", "1")

    assert open_vault(tmp_path, has_persons=True).pseudonym("visit", "1") == first
    assert (tmp_path / "identity.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "identity.key").unlink()
    with pytest.raises(ConfigurationError, match=r"identity\.key"):
        open_vault(tmp_path, has_persons=True)
