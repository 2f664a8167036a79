"""Texts in the reader's language, read from the gettext catalogue beside this module."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from babel.messages.pofile import read_po

LANGUAGES = ("en", "zh_CN")
FOLDER = Path(__file__).parent


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: str) -> Mapping[str, str]:
    """Give text by English source; empty for English.

    Parameters
    ----------
    language : str
        One of :data:`LANGUAGES`.
    """
    path = FOLDER / f"{language}.po"
    if language == "en" or not path.is_file():
        return MappingProxyType({})
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    return MappingProxyType(
        {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string and not entry.fuzzy}
    )


def text(language: str, message: str) -> str:
    """Give a text in a language.

    Parameters
    ----------
    language : str
        One of :data:`LANGUAGES`.
    message : str
        English source, a literal in the calling code.
    """
    return translations(language).get(message, message)


def language_of(*, cookie_language: str, accept_language: str, default: str) -> str:
    """Choose the language of a reader: the cookie, then the browser, then the site.

    Parameters
    ----------
    cookie_language : str
        Value of the cookie ``ht_language``; may be empty.
    accept_language : str
        The header Accept-Language; may be empty.
    default : str
        What the installation sets.

    Examples
    --------
    >>> language_of(cookie_language="", accept_language="zh-TW,en;q=0.5", default="en")
    'zh_CN'
    """
    if cookie_language in LANGUAGES:
        return cookie_language
    for part in accept_language.split(","):
        tag = part.partition(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh_CN"
        if tag.startswith("en"):
            return "en"
    return default
