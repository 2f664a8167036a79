"""Texts in the reader's language, read from the gettext catalogues beside this module."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from babel.messages.pofile import read_po

from dash_app.texts.preferences import LANGUAGES, PREFERENCES

DOMAIN = "messages"
LOCALES = Path(__file__).parent / "locales"


def catalogue_path(language: str) -> Path:
    """Give the place of a language's catalogue."""
    return LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: str) -> Mapping[str, str]:
    """Read a catalogue once; the .po is read itself, so no compiled file can be older than its source.

    Parameters
    ----------
    language : str
        One of :data:`~dash_app.texts.preferences.LANGUAGES`.

    Returns
    -------
    Mapping[str, str]
        Text by English source; empty for English. Doubtful (fuzzy) texts are left out.
    """
    path = catalogue_path(language)
    if language == "en" or not path.is_file():
        return MappingProxyType({})
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    return MappingProxyType(
        {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string and not entry.fuzzy}
    )


def gettext(message: str) -> str:
    """Give a text in the reader's language.

    Parameters
    ----------
    message : str
        English source, a literal in the calling code so that extraction finds it; named fields in braces.
    """
    return translations(PREFERENCES.get().language).get(message, message)


def mark(message: str) -> str:
    """Mark a literal for extraction without translating it yet, for tables built before a reader is known."""
    return message


def counted(count: int, *, one: str, many: str) -> str:
    """Give the text for a number of things.

    Parameters
    ----------
    count : int
        How many; available as ``{count}`` in both texts.
    one, many : str
        English sources, marked by the caller; Chinese knows no plural and translates both alike.
    """
    return gettext(one if count == 1 else many).format(count=count)
