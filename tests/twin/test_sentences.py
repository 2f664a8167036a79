"""Sentences are plain texts that remember how they were put together."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import DecodeError, FieldProblem
from twin.sentences import sentence


@given(st.text(), st.integers())
def test_a_sentence_reads_as_its_template_with_the_values_and_keeps_both(text: str, number: int) -> None:
    told = sentence("{text} at {number}", text=text, number=number)

    assert told == f"{text} at {number}"
    assert (told.template, dict(told.values)) == ("{text} at {number}", {"text": text, "number": number})


def test_errors_hold_plain_texts_which_every_encoder_knows() -> None:
    problem = FieldProblem(field="age", place="row 2", message=sentence("{n} is odd.", n=3), cure="Mend it.")
    error = DecodeError(sentence("{n} rows.", n=3))

    assert msgspec.json.encode([problem.message, error.message]) == b'["3 is odd.","3 rows."]'
    assert set(problem.said) == {"message"}
    assert error.said is not None
    assert problem == FieldProblem(field="age", place="row 2", message="3 is odd.", cure="Mend it.")
