import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from dash_app.texts.__main__ import ROOT, extract, missing
from dash_app.texts.alarm_classes import ALARM_TEXTS, alarm_text, filled
from dash_app.texts.catalogue import counted, gettext, mark, translations
from dash_app.texts.preferences import LANGUAGES, PREFERENCES, Preferences

TEMPLATE = extract()
PAGES = sorted((ROOT / "dash_app" / "pages").glob("*.py"))
SHOWN_ATTRIBUTES = {"children", "title", "label", "placeholder", "lead", "aria_label", "nothingFoundMessage"}
TECHNICAL = re.compile(r"^(P[123]|[●○▲◆■▼=✓ ·…–,.:;/()%|-]*|hospital-twin .*|English|中文|\d{4}-\d\d-\d\d)$")


@pytest.fixture
def chinese_reader():
    token = PREFERENCES.set(Preferences(language="zh_CN"))
    yield
    PREFERENCES.reset(token)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_text_is_untranslated_or_doubtful(language):
    assert missing(language, TEMPLATE) == []


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_translation_has_the_fields_of_its_source(language):
    def fields(text):
        return sorted(name for _, name, _, _ in Formatter().parse(text) if name)

    wrong = {source: text for source, text in translations(language).items() if fields(source) != fields(text)}
    assert wrong == {}


def test_the_catalogue_holds_nothing_that_the_code_does_not_use():
    used = {str(entry.id) for entry in TEMPLATE if entry.id}

    assert set(translations("zh_CN")) <= used


def test_chinese_is_chinese():
    ours = [text for source, text in translations("zh_CN").items() if any(letter.isalpha() for letter in source)]

    latin_only = [text for text in ours if text.isascii() and re.search(r"[a-z]{4}", re.sub(r"{.*?}", "", text))]
    assert latin_only == []


def _literals_shown(tree):
    """Give the string literals that a page shows without asking for a translation."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if not isinstance(node.func.value, ast.Name) or node.func.value.id not in {"html", "dcc", "dmc"}:
            continue
        shown = node.args[:1] + [word.value for word in node.keywords if word.arg in SHOWN_ATTRIBUTES]
        for value in shown:
            parts = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
            for part in parts:
                if isinstance(part, ast.JoinedStr):
                    yield from (one.value for one in part.values if isinstance(one, ast.Constant))
                elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_text_hides_in_a_formatted_string_where_extraction_cannot_see_it(path: Path):
    formatted = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.JoinedStr)]
    calls = [call for node in formatted for call in ast.walk(node) if isinstance(call, ast.Call)]

    hidden = [
        ast.unparse(call)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "_" and isinstance(call.args[0], ast.Constant)
    ]
    assert hidden == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_page_shows_a_literal_that_cannot_be_translated(path: Path):
    found = [text for text in _literals_shown(ast.parse(path.read_text())) if not TECHNICAL.match(text)]

    assert found == []


def test_a_text_without_translation_stays_english(chinese_reader):
    assert gettext("never translated") == "never translated"
    assert gettext("Overview") == "总览"


def test_counted_takes_the_right_number():
    assert counted(1, one=mark("{count} thing"), many=mark("{count} things")) == "1 thing"
    assert counted(2, one=mark("{count} thing"), many=mark("{count} things")) == "2 things"


@pytest.mark.parametrize("alarm_class", [*ALARM_TEXTS, "of_tomorrow"])
def test_every_alarm_says_what_happened_what_follows_and_what_to_do(alarm_class):
    text = alarm_text(alarm_class)

    assert filled(text.message, {"subject": "IP-1", "place": "Hall"})
    assert text.consequence
    assert text.action


def test_a_missing_field_does_not_hide_an_alarm():
    assert filled("{subject} at {place}", {"subject": "IP-1"}) == "IP-1 at …"
