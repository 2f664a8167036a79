"""A hospital starts from a spreadsheet on the page: look, mend, store."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

GOOD = "id,category,name,home\nSP-1,syringe_pump,Syringe pump 1,STORE\nSP-2,syringe_pump,Syringe pump 2,STORE\n"


def hand_over(page, name, text):
    page.set_input_files(
        "#imports-file input[type=file]", {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    )


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_sheet_is_looked_at_mended_and_stored(visit, served, language):
    watched = visit(language=language)
    page = watched.open("/ui/imports?kind=assets")
    hand_over(page, "devices.csv", GOOD.replace("STORE\nSP-2", "NOWHERE\nSP-2"))
    page.locator("#imports-report td", has_text="row 2").wait_for()
    assert page.locator("#imports-store").is_disabled()
    assert watched.violations() == []

    hand_over(page, "devices.csv", GOOD)
    page.wait_for_selector("#imports-store:not([disabled])")
    page.click("#imports-store")
    page.wait_for_selector("#imports-report a[href='/ui/devices']")

    assert served.hospital.live.assets["SP-1"].entry.home == "STORE"


def test_the_guess_at_a_log_is_shown_before_it_is_stored(visit, served):
    log = "patient,activity,timestamp\np1,Arrive,2026-01-02 10:00:00\np1,Leave,2026-01-02 12:00:00\n"
    page = visit().open("/ui/imports?kind=events")
    hand_over(page, "clinic.csv", log)
    page.locator("#imports-report li", has_text="patient").wait_for()
    count = served.hospital.live.sequence

    page.click("#imports-store")
    page.wait_for_selector("#imports-report a[href='/ui/beds']")

    assert served.hospital.live.sequence > count


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_keyboard_opens_the_choice_of_a_file(visit, key):
    watched = visit()
    page = watched.open("/ui/imports?kind=assets")
    page.wait_for_selector("#imports-file input[type=file]")
    watched.settle()  # a field that is drawn again loses the focus, and a key between its two ends
    page.focus("#imports-file input[type=file]")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press(key)

    assert not chooser.value.is_multiple()
