"""Find me one in a real browser: the nearest free device reserved and given back, on the desktop and on the handheld."""

import pytest

from assets.model.register import Asset
from assets.service.act import Act
from assets.service.custody import give_back, kept_by
from assets.service.register import register_asset, retire_asset
from tests.browser.test_handheld import scan
from twin.access import SYSTEM
from twin.events.places import PathDefined, PathKind

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OFFLINE = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED")


@pytest.fixture
def device(served):
    """A device of a kind of its own in the store, and a way there; at the end it is given back and retired."""
    hospital = served.hospital
    now = hospital.clock.now()
    served.tell(PathDefined, f"way-{now}", start="W1", end="STORE", kind=PathKind.CORRIDOR, length_m=30.0)
    asset = Asset(id=f"find-{now}", control_no=f"F{now}", category=f"kind-{now}", name=f"Warmer {now}", home="STORE")

    def act(verb):
        return Act(actor=SYSTEM, now=hospital.clock.now(), key=f"{verb}-{now}", ledger=hospital.ledger)

    hospital.write_now(lambda session: register_asset(session, act=act("enter"), asset=asset))
    yield asset
    hospital.write_now(lambda session: give_back(session, act=act("back"), asset_id=asset.id))
    hospital.write_now(
        lambda session: retire_asset(session, act=act("retire"), asset_id=asset.id, reason="test is over")
    )


def kept(served):
    with served.hospital.read() as session:
        return [one.asset for one in kept_by(session, custodian="user-all")]


def until_kept(watched, served, device, wanted):
    for _ in range(200):
        if (device.id in kept(served)) == wanted:
            return
        watched.page.wait_for_timeout(50)
    raise AssertionError(f"kept: {kept(served)}")


@pytest.mark.parametrize(
    ("language", "theme", "reserve", "back"),
    [("en", "light", "Reserve", "Give back"), ("zh_CN", "dark", "预留", "归还")],
)
def test_the_nearest_is_reserved_and_given_back_on_the_desktop(
    visit, served, device, shots, language, theme, reserve, back
):
    watched = visit(language=language, theme=theme)
    page = watched.open(f"/ui/find?kind={device.category}&from=W1")
    page.locator("#find-content", has_text=device.name).wait_for()
    assert watched.violations() == []
    if shots is not None:
        page.screenshot(path=shots / f"find-{language}.png", full_page=True)

    page.get_by_role("button", name=f"{reserve}: {device.name}").click()
    page.get_by_role("button", name=f"{back}: {device.name}").wait_for()
    until_kept(watched, served, device, True)
    assert page.get_by_role("button", name=f"{reserve}: {device.name}").count() == 0
    assert watched.violations() == []

    page.get_by_role("button", name=f"{back}: {device.name}").click()
    page.get_by_role("button", name=f"{reserve}: {device.name}").wait_for()
    until_kept(watched, served, device, False)


def test_the_handheld_finds_from_a_scanned_place(visit, served, device, shots):
    watched = visit("all", width=390, allowed=OFFLINE)
    page = watched.open("/m/")
    page.locator("#find-device").click()
    page.locator("#find-kind").wait_for()
    watched.until(
        "kind => [...document.querySelectorAll('#find-kind option')].some((one) => one.value === kind)", device.category
    )
    page.select_option("#find-kind", device.category)
    watched.until("() => [...document.querySelectorAll('#find-place option')].length > 1")
    scan(page, "store")
    page.get_by_role("button", name=f"Reserve: {device.name}").wait_for()
    assert watched.violations() == []
    if shots is not None:
        page.screenshot(path=shots / "find-handheld.png", full_page=True)

    page.get_by_role("button", name=f"Reserve: {device.name}").click()
    page.get_by_role("button", name=f"Give back: {device.name}").wait_for()
    until_kept(watched, served, device, True)

    page.context.set_offline(True)
    page.get_by_role("button", name=f"Give back: {device.name}").click()
    watched.until("() => document.querySelector('#toast-text').textContent.includes('Needs the network')")
    assert device.id in kept(served)
    page.context.set_offline(False)
    page.get_by_role("button", name=f"Give back: {device.name}").click()
    until_kept(watched, served, device, False)
