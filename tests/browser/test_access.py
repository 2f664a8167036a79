"""An administrator lets somebody in, they change their password, and an auditor sees all of it."""

import re

import pytest

from tests.browser.conftest import PASSWORD
from tests.browser.test_stock_pages import surely

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
    other.wait_for_selector("#page h1")
    other.click("a.reader-name")
    for field, text in (("old", first), ("new", "three little words here"), ("again", "three little words here")):
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
