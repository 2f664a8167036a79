"""Acknowledgements of both modes."""

from __future__ import annotations

import hl7
import pytest

from interop.hl7v2.message import read_message
from interop.mllp.acknowledgement import Handled, Verdict, acknowledgements, unreadable

NOW = 1_767_600_000_000_000


def message(accept: str = "", application: str = "", *, msh: str = "") -> bytes:
    head = msh or f"MSH|^~\\&|A^1|FA|B|FB|20260105||ADT^A01^ADT_A01|ID-7|T|2.5|||{accept}|{application}"
    return head.encode()


def codes(content: bytes, verdict: Verdict, *, is_stored: bool = True) -> list[str]:
    handled = Handled(verdict=verdict, is_stored=is_stored)
    answers = acknowledgements(read_message(content), handled, now=NOW, control_id="K1")
    return [read_message(answer).value("MSA", 1) for answer in answers]


@pytest.mark.parametrize(
    ("accept", "application", "verdict", "expected"),
    [
        ("", "", Verdict.ACCEPTED, ["AA"]),
        ("", "", Verdict.FAILED, ["AE"]),
        ("", "", Verdict.REJECTED, ["AR"]),
        ("AL", "NE", Verdict.ACCEPTED, ["CA"]),
        ("AL", "AL", Verdict.ACCEPTED, ["CA", "AA"]),
        ("AL", "AL", Verdict.FAILED, ["CA", "AE"]),  # the dead letter is durable: accepted, but not applied
        ("NE", "NE", Verdict.FAILED, []),
        ("ER", "NE", Verdict.ACCEPTED, []),
        ("SU", "ER", Verdict.ACCEPTED, ["CA"]),
        ("NE", "ER", Verdict.FAILED, ["AE"]),
        ("NE", "SU", Verdict.ACCEPTED, ["AA"]),
    ],
)
def test_the_sender_gets_the_answers_it_asks_for(
    accept: str, application: str, verdict: Verdict, expected: list[str]
) -> None:
    assert codes(message(accept, application), verdict) == expected


def test_what_could_not_be_stored_is_not_accepted() -> None:
    assert codes(message("AL", "NE"), Verdict.FAILED, is_stored=False) == ["CE"]


def test_sender_and_receiver_change_places_and_the_number_comes_back() -> None:
    """Defect shipped by others: the answer named its receiver as its sender."""
    handled = Handled(verdict=Verdict.ACCEPTED)
    (answer,) = acknowledgements(read_message(message()), handled, now=NOW, control_id="K1")

    theirs = hl7.parse(answer.decode())

    assert [str(theirs["MSH"][0][number]) for number in (3, 4, 5, 6)] == ["B", "FB", "A^1", "FA"]
    assert str(theirs["MSA"][0][2]) == "ID-7"
    assert str(theirs["MSH"][0][9]) == "ACK^A01^ACK"
    assert str(theirs["MSH"][0][11]) == "T"


def test_the_answer_uses_the_separators_of_the_message() -> None:
    content = message(msh="MSH#*~!&#A#FA#B#FB#2026##ADT*A01#9#P#2.3")

    (answer,) = acknowledgements(
        read_message(content), Handled(verdict=Verdict.FAILED, problem="a#b"), now=NOW, control_id="K"
    )

    told = read_message(answer)
    assert told.msh.value(9, 2) == "A01"
    assert told.value("ERR", 8) == "a#b"


def test_an_acknowledgement_is_never_acknowledged() -> None:
    assert codes(b"MSH|^~\\&|A||B||2026||ACK|1|P|2.5\rMSA|AA|5", Verdict.ACCEPTED) == []


def test_what_cannot_be_read_is_rejected() -> None:
    assert read_message(unreadable(NOW, "K", "no header")).value("MSA", 1) == "AR"
