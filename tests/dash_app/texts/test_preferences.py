import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.texts.preferences import LANGUAGES, THEMES, Preferences, from_headers

SITE = Preferences(language="en", theme="light", time_zone="Asia/Shanghai")


def read(cookie="", accept_language=""):
    return from_headers(cookie=cookie, accept_language=accept_language, default=SITE)


@pytest.mark.parametrize(
    ("cookie", "accept", "language"),
    [
        ("", "", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
        ("", "de-DE,en;q=0.5", "en"),
        ("ht_language=zh_CN", "en", "zh_CN"),
        ("ht_language=en", "zh-CN", "en"),
        ("ht_language=klingon", "", "en"),  # unknown: the site's language
        ("other=1; ht_language=zh_CN; more=2", "", "zh_CN"),
    ],
)
def test_a_cookie_wins_over_the_browser_and_the_browser_over_the_site(cookie, accept, language):
    assert read(cookie, accept).language == language


@given(cookie=st.text(max_size=80), accept=st.text(max_size=80))
def test_any_header_gives_known_preferences_in_the_sites_zone(cookie, accept):
    reader = read(cookie, accept)

    assert reader.language in LANGUAGES
    assert reader.theme in THEMES
    assert reader.time_zone == "Asia/Shanghai"


def test_the_theme_comes_from_its_cookie():
    assert read("ht_theme=dark").theme == "dark"
    assert read("ht_theme=neon").theme == "light"


def test_html_language_is_a_language_tag():
    assert Preferences(language="zh_CN").html_language == "zh-CN"
    assert Preferences(language="en").html_language == "en"
