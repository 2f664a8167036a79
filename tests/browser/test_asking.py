"""The second question: nothing happens without a yes, and whoever cannot use a mouse can answer it as well."""

import pytest

from server.schema.access import KeyRow

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(120)]


def keyed(visit, name):
    """Make a key, choose it to be revoked; gives the page and the key's id."""
    watched = visit()
    page = watched.open("/ui/access")
    page.fill("#access-key-name", name)
    page.fill("#access-key-source", f"gateway:{name}")
    page.click("#access-key-make")
    key = page.inner_text("#access-key-said .secret").split("_")[1]
    page.click("#access-revoked")
    page.locator("[role=option]:visible", has_text=key).click()
    return watched, page, key


def revoked_at(served, key):
    with served.hospital.read() as session:
        return session.get(KeyRow, key).revoked_at


def test_a_no_leaves_everything_as_it_is(visit, served):
    watched, page, key = keyed(visit, "ask-1")
    page.click("#access-key-revoke")
    question = page.locator("dialog.sure")
    assert "no way back" in question.inner_text()
    assert key in question.locator("dd").inner_text()  # what is chosen is named as its reader sees it
    assert watched.violations() == []
    page.click("#sure-no")
    question.wait_for(state="detached")

    assert revoked_at(served, key) == 0
    assert page.evaluate("() => document.activeElement.id") == "access-key-revoke"


def test_the_keyboard_is_enough_and_escape_is_a_no(visit, served):
    _watched, page, key = keyed(visit, "ask-2")
    page.focus("#access-key-revoke")
    page.keyboard.press("Enter")
    page.locator("dialog.sure").wait_for()
    # The no has the focus: one Enter too many must not be a yes.
    assert page.evaluate("() => document.activeElement.id") == "sure-no"
    page.keyboard.press("Escape")
    page.locator("dialog.sure").wait_for(state="detached")
    assert revoked_at(served, key) == 0

    page.keyboard.press("Enter")
    page.locator("dialog.sure").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#access-key-said", has_text="Revoked").wait_for()
    assert revoked_at(served, key) > 0


def test_nothing_is_asked_while_nothing_is_chosen(visit):
    page = visit().open("/ui/access")
    page.click("#access-key-revoke")

    page.locator("#frame-notice", has_text="Key").wait_for()
    assert page.locator("dialog.sure").count() == 0


@pytest.mark.parametrize(("language", "theme"), [("zh_CN", "dark"), ("en", "light")])
def test_a_question_can_be_read_in_both_languages_and_colours(visit, shots, language, theme):
    watched = visit(language=language, theme=theme, width=390)
    page = watched.open("/ui/notices")
    page.click("#notices-close-all")
    question = page.locator("dialog.sure")
    question.wait_for()
    if shots is not None:
        page.screenshot(path=shots / f"asking-{language}-{theme}.png")
    assert watched.violations() == []
    box = question.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.click("#sure-no")
