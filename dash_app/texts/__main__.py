"""Brings the catalogues up to date with the code: ``python -m dash_app.texts``; ends with 1 if texts are missing."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from dash_app.texts.catalogue import LOCALES, catalogue_path
from dash_app.texts.preferences import LANGUAGES

ROOT = Path(__file__).parents[2]
SOURCES = ("dash_app", "scheduling/loaders", "scheduling/service")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
KEYWORDS = {**DEFAULT_KEYWORDS, "mark": None, "sentence": None}


def extract() -> Catalog:
    """Gather every marked text of the code.

    Returns
    -------
    Catalog
        Sorted by text, with the modules that use each but no line numbers, so that it changes only with the texts.
    """
    template = Catalog(project="Hospital Twin", charset="utf-8", fuzzy=False)
    methods = [("static/**", "ignore"), ("**.py", "python")]
    for source in SOURCES:
        for name, _line, message, _comments, _context in extract_from_dir(ROOT / source, methods, keywords=KEYWORDS):
            template.add(message, locations=[(f"{source}/{name}", 0)])
    return template


def missing(language: str, template: Catalog) -> list[str]:
    """Give the texts that a language lacks or is unsure of.

    Parameters
    ----------
    language : str
        Not English: that is the source.
    template : Catalog
        What :func:`extract` gave.
    """
    with catalogue_path(language).open("rb") as file:
        catalogue = read_po(file, locale=language)
    lacking = []
    for entry in template:
        if entry.id:
            found = catalogue.get(entry.id)
            if found is None or not found.string or found.fuzzy:
                lacking.append(str(entry.id))
    return sorted(lacking)


def update(language: str, template: Catalog) -> None:
    """Write a language's catalogue with the texts of the template, keeping what is translated.

    Parameters
    ----------
    language : str
        Code of the language.
    template : Catalog
        What :func:`extract` gave.
    """
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue = Catalog(locale=language)
    if path.is_file():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
    # No dates: the file changes with the texts only.
    catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    catalogue.fuzzy = False
    catalogue.project, catalogue.version, catalogue.msgid_bugs_address = "Hospital Twin", "1", ""
    catalogue.header_comment = f"# Texts of Hospital Twin, {language}."
    catalogue.creation_date = catalogue.revision_date = EPOCH
    catalogue.last_translator = catalogue.language_team = "Hospital Twin maintainers"
    with path.open("wb") as file:
        write_po(file, catalogue, width=110, sort_output=True, include_lineno=False, omit_header=False)


def main() -> int:
    """Extract, update every language, and tell what is missing.

    Returns
    -------
    int
        Exit code: 0 if every language is complete.
    """
    template = extract()
    LOCALES.mkdir(exist_ok=True)
    with (LOCALES / "messages.pot").open("wb") as file:
        write_po(file, template, width=110, sort_output=True, include_lineno=False, omit_header=True)
    lacking = 0
    for language in LANGUAGES:
        if language != "en":
            update(language, template)
            for text in missing(language, template):
                sys.stderr.write(f"{language}: no text for {text!r}\n")
                lacking += 1
    return 1 if lacking else 0


if __name__ == "__main__":
    raise SystemExit(main())
