import pytest

from dash_app.texts.preferences import PREFERENCES, Preferences
from dash_app.texts.problems import SENTENCES, field_text, problem_text
from twin import errors
from twin.errors import DecodeError, FieldProblem
from twin.sentences import sentence


@pytest.fixture
def chinese_reader():
    token = PREFERENCES.set(Preferences(language="zh_CN"))
    yield
    PREFERENCES.reset(token)


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
    problem = FieldProblem(field="days", place="/days", message="Expected 1 to 366.", cure="Enter fewer.")
    text = problem_text(errors.FieldError(problem))

    assert "[days] Expected 1 to 366. Enter fewer." in text
    assert "sterile" in problem_text(errors.Refused("The set is not sterile.", code="refused.not_sterile"))
    assert "disk0" not in problem_text(errors.StorageError("disk0 failed"))


def test_a_problem_of_an_import_is_told_in_the_readers_language_with_its_values(chinese_reader):
    problem = FieldProblem(
        field="age",
        place=sentence("{sheet} row {number}", sheet=sentence("staff"), number=3),
        message=sentence("There is no {kind} {value}.", kind=sentence("shift"), value="'X'"),
        cure="Nobody has translated this.",
    )

    told = [field_text(problem, part) for part in ("place", "message", "cure")]

    assert told == ["人员表第 3 行", "没有班次 'X'。", "Nobody has translated this."]
    # whoever reads it without a page, an encoder say, finds plain English texts
    assert (type(problem.place), problem.message) == (str, "There is no shift 'X'.")


def test_a_file_that_cannot_be_used_is_told_in_the_readers_language(chinese_reader):
    error = DecodeError(
        sentence("{sheet}: {reason}", sheet=sentence("waiting list"), reason=sentence("The sheet is empty."))
    )

    told = problem_text(error)

    assert "等候名单：表格是空的。" in told
    assert type(error.message) is str
