import pytest

from dash_app.texts.problems import SENTENCES, problem_text
from twin import errors


@pytest.mark.parametrize(
    ("error", "start"),
    [
        (errors.Forbidden("stock:move"), "You may not do this."),
        (errors.StaleVersion(expected=1, found=2), "Somebody else changed it"),
        (errors.Refused("no", code="refused.by_rule"), "A rule of the hospital"),  # falls back to the code's head
        (errors.DiskFull("full"), "The disk is full"),
    ],
)
def test_each_error_has_a_sentence_and_ends_in_its_code(error, start):
    text = problem_text(error)

    assert text.startswith(start)
    assert text.endswith(f"({error.code})")


def test_an_unknown_code_keeps_the_message():
    assert problem_text(errors.ConfigurationError("port: 0")) == "port: 0 (configuration)"


def test_every_sentence_says_what_to_do_or_why():
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())


def test_what_was_entered_wrongly_is_named_with_its_cure():
    problem = errors.FieldProblem(field="days", place="/days", message="Expected 1 to 366.", cure="Enter fewer.")
    text = problem_text(errors.FieldError(problem))

    assert "[days] Expected 1 to 366. Enter fewer." in text
    assert "sterile" in problem_text(errors.Refused("The set is not sterile.", code="refused.not_sterile"))
    assert "disk0" not in problem_text(errors.StorageError("disk0 failed"))
