"""An administrator lets somebody in, they change their password, and an auditor sees all of it."""

import base64
import re

import pytest

from server.access.one_time_codes import code_at
from server.schema.access import SecondFactorRow
from tests.browser.conftest import PASSWORD
from tests.browser.test_stock_pages import surely
from twin.access import Role
from twin.clock import SECOND_US

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def choose(page, select, text):
    page.click(f"#{select}", force=True)  # a selection of several covers its own input
    page.get_by_role("option", name=text, exact=True).click()


def add_user(page, name, role):
    page.fill("#access-name", name)
    page.fill("#access-shown", f"Reader {name}")
    choose(page, "access-roles", role)
    page.keyboard.press("Escape")
    page.click("#access-add")
    return page.inner_text("#access-said .secret")


def sign_in(page, url, name, password):
    page.goto(f"{url}/sign-in")
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("button")


def test_a_user_is_let_in_changes_the_password_and_is_shut_out(visit, served):
    watched = visit()
    page = watched.open("/ui/access")
    first = add_user(page, "new.nurse", "Nurse")
    assert re.fullmatch(r"(\w{5}-){3}\w{5}", first)
    assert watched.violations() == []

    other = visit(name="", allowed=("401",)).page
    sign_in(other, served.url, "new.nurse", first)
    # what an administrator has read out opens nothing but the choice of another one
    own = "words of my own choice"
    other.fill("#new", own)
    other.fill("#again", own)
    other.click("button")
    other.wait_for_selector("#page h1")
    other.click("a.reader-name")
    for field, text in (("old", own), ("new", "three little words here"), ("again", "three little words here")):
        other.fill(f"#account-{field}", text)
    other.click("#account-change")
    other.wait_for_url("**/sign-in**", wait_until="commit")
    sign_in(other, served.url, "new.nurse", "three little words here")
    other.wait_for_selector("#page h1")

    choose(page, "access-chosen", "new.nurse")
    page.wait_for_selector("#access-save:not([disabled])")
    page.uncheck("#access-active")
    page.click("#access-save")
    page.locator("#access-said", has_text="new.nurse").wait_for()
    other.goto(f"{served.url}/ui/")
    other.wait_for_url("**/sign-in**", wait_until="commit")
    sign_in(other, served.url, "new.nurse", "three little words here")
    assert "wrong" in other.inner_text("[role=alert]")


@pytest.mark.parametrize(("language", "theme", "width"), [("en", "light", 1280), ("zh_CN", "dark", 390)])
def test_a_second_factor_is_set_up_used_and_taken_off(visit, served, shots, language, theme, width):
    name = f"factor-{language}".lower().replace("_", "-")
    user = served.add_person(name, Role.NURSE)
    watched = visit(name="", language=language, theme=theme, width=width, allowed=("401",))
    page = watched.page
    sign_in(page, served.url, name, PASSWORD)
    page.wait_for_selector("#page h1")
    page.goto(f"{served.url}/ui/account")
    page.locator("a.action[href$='/sign-in/second-factor']").click()
    page.wait_for_selector("img.code")
    assert watched.violations() == []
    if shots:
        page.screenshot(path=str(shots / f"second-factor-{language}.png"), full_page=True)
    # the hospital of the browser tests has a clock of its own
    secret = base64.b32decode(page.inner_text("code").replace(" ", ""))
    page.fill("#code", code_at(secret, served.hospital.clock.now() // (30 * SECOND_US)))
    page.fill("#password", PASSWORD)
    page.click("button")
    page.wait_for_selector("a.onward")
    codes = page.locator("li code").all_inner_texts()
    assert len(codes) == 10
    assert watched.violations() == []
    page.click("a.onward")
    page.wait_for_selector("#page h1")

    other = visit(name="", language=language, theme=theme, width=width, allowed=("401",))
    sign_in(other.page, served.url, name, PASSWORD)
    other.page.wait_for_selector("input[autocomplete=one-time-code]")
    assert other.violations() == []
    other.page.fill("#code", "000000")
    other.page.click("button")
    other.page.wait_for_selector("[role=alert]")
    other.page.fill("#code", codes[0])
    other.page.click("button")
    other.page.wait_for_selector("#page h1")

    desk = visit().open("/ui/access")
    choose(desk, "access-chosen", name)
    desk.wait_for_selector("#access-factor:not([disabled])")
    surely(desk, "access-factor")
    desk.locator("#access-said", has_text=name).wait_for()
    with served.hospital.read() as session:
        assert session.get(SecondFactorRow, user) is None


@pytest.mark.parametrize("shows", ["overview", "beds", "tasks"])
def test_a_wall_display_shows_one_page_until_it_is_ended(visit, served, shots, shows):
    desk = visit().open("/ui/access")
    desk.fill("#access-display-name", f"Corridor {shows}")
    choose(
        desk, "access-display-shows", {"overview": "Operations overview", "beds": "Bed board", "tasks": "Tasks"}[shows]
    )
    desk.click("#access-display-make")
    link = desk.inner_text("#access-display-said .secret")
    path = "/display?" + link.partition("?")[2]

    for theme, language in (("light", "en"), ("dark", "zh_CN")):
        wall = visit(name="", theme=theme, language=language)
        page = wall.open(path)
        assert page.locator(".tile").count() >= 4
        assert wall.violations() == []
        if shots:
            page.screenshot(path=str(shots / f"wall-{shows}-{theme}.png"))

    desk.click("#access-display-ended")
    desk.get_by_role("option", name=re.compile(f"Corridor {shows}")).click()
    surely(desk, "access-display-end")
    desk.locator("#access-display-said", has_text="Ended").wait_for()
    dark = visit(name="", allowed=("403",)).open(path)
    assert "Nothing to show" in dark.inner_text("h1")


def test_a_key_is_shown_once_and_revoked(visit, served):
    page = visit().open("/ui/access")
    page.fill("#access-key-name", "Gateway of the east wing")
    page.fill("#access-key-source", "gateway:east")
    page.click("#access-key-make")
    text = page.inner_text("#access-key-said .secret")
    key = text.split("_")[1]
    assert text.startswith("twk_")
    page.locator("#access-keys td", has_text="gateway:east").wait_for()

    page.click("#access-revoked")
    page.get_by_role("option", name=re.compile(key)).click()
    surely(page, "access-key-revoke")
    page.locator("#access-key-said", has_text="Revoked").wait_for()

    with served.hospital.read() as session:
        from server.schema.access import KeyRow

        assert session.get(KeyRow, key).revoked_at > 0


def test_an_auditor_begins_with_the_audit_and_checks_it(visit):
    watched = visit("")
    page = watched.page
    sign_in(page, watched.url, "auditor", PASSWORD)  # now, so that it is among the newest acts
    page.locator("#page h1", has_text="Audit").wait_for()
    page.locator(".ag-row", has_text="Signed in").first.wait_for()
    page.click("#audit-verify")
    page.locator("#audit-verdict", has_text="Intact").wait_for()
    with page.expect_download() as download:
        page.click("#audit-seal")

    assert download.value.suggested_filename == "audit-head.json"
    assert watched.violations() == []


def test_two_different_new_passwords_change_nothing(visit):
    page = visit("porter").open("/ui/account")
    page.fill("#account-old", PASSWORD)
    page.fill("#account-new", "five words of good sense")
    page.fill("#account-again", "five words of bad sense")
    page.click("#account-change")
    page.locator("#account-said", has_text="differ").wait_for()
