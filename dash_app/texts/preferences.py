"""How the reader of the present request wants to see things: language, theme, time zone."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Literal

Language = Literal["en", "zh_CN"]
Theme = Literal["light", "dark"]

LANGUAGES: tuple[Language, ...] = ("en", "zh_CN")
THEMES: tuple[Theme, ...] = ("light", "dark")
LANGUAGE_COOKIE = "ht_language"
THEME_COOKIE = "ht_theme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What one request asks for.

    Parameters
    ----------
    language : Language
        Language of every text.
    theme : Theme
        Light or dark colours.
    time_zone : str
        IANA name of the site's zone; screens show this zone and no other.
    """

    language: Language = "en"
    theme: Theme = "light"
    time_zone: str = "UTC"

    @property
    def html_language(self) -> str:
        """Language tag for the ``lang`` attribute (BCP 47)."""
        return "zh-CN" if self.language == "zh_CN" else "en"


PREFERENCES: ContextVar[Preferences] = ContextVar("hospital_twin_preferences", default=Preferences())  # noqa: B039  # frozen
"""Preferences of the request being answered; set by the application around every request."""


def from_headers(*, cookie: str, accept_language: str, default: Preferences) -> Preferences:
    """Read the preferences of a request: a cookie wins, then the browser's languages, then the site's setting.

    Parameters
    ----------
    cookie : str
        The ``Cookie`` header; may be empty or broken.
    accept_language : str
        The ``Accept-Language`` header; may be empty.
    default : Preferences
        What the installation sets.

    Returns
    -------
    Preferences
        With the site's time zone.
    """
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(cookie)
    except CookieError:
        jar = SimpleCookie()
    language = default.language
    chosen = jar[LANGUAGE_COOKIE].value if LANGUAGE_COOKIE in jar else _first_known(accept_language)
    for known in LANGUAGES:
        if chosen == known:
            language = known
    theme = default.theme
    wanted = jar[THEME_COOKIE].value if THEME_COOKIE in jar else ""
    for known_theme in THEMES:
        if wanted == known_theme:
            theme = known_theme
    return Preferences(language=language, theme=theme, time_zone=default.time_zone)


def _first_known(accept_language: str) -> str:
    for part in accept_language.split(","):
        tag = part.partition(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh_CN"
        if tag.startswith("en"):
            return "en"
    return ""
