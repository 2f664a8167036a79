"""A work order on the handheld in a real browser: accepted by scan, found, signed; the same without a network."""

from dataclasses import replace

import pytest

from assets.model.register import Asset
from assets.model.work import Step, StepKind, WorkKind, WorkOrder
from assets.service.act import Act
from assets.service.register import register_asset, retire_asset
from assets.service.work import get_work_order, open_work_order
from scheduling.service import tasks
from scheduling.tables.tasks import find_open_by_key
from tests.browser.test_handheld import scan
from twin.access import SYSTEM

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OFFLINE = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED")
STEPS = (
    Step(id="alarm", label="Alarm sounds"),
    Step(id="flow", label="Flow", kind=StepKind.NUMBER, unit="ml/h", low=95.0, high=105.0),
)


@pytest.fixture
def order(served):
    """A device of its own with one open order; at the end the device is retired and its task given up."""
    hospital = served.hospital
    now = hospital.clock.now()
    act = Act(actor=SYSTEM, now=now, key=f"work-{now}", ledger=hospital.ledger)
    asset = Asset(id=f"dev-{now}", control_no=f"K{now}", category="pump", name=f"Pump {now}", serial=f"S{now}")
    work = WorkOrder(id=f"wo-{now}", asset=asset.id, kind=WorkKind.PREVENTIVE, title="Service", steps=STEPS)
    hospital.write_now(lambda session: register_asset(session, act=act, asset=asset))
    hospital.write_now(lambda session: open_work_order(session, act=replace(act, key=f"open-{now}"), order=work))
    yield work

    def clear(session):
        end = hospital.clock.now()
        task = find_open_by_key(session, f"work-order:{work.id}")
        if task is not None:
            step = tasks.Step(command_id=f"end-{now}", actor="user-all", at=end)
            tasks.cancel(session, ledger=hospital.ledger, step=step, task=task.id, reason="test is over")
        retire_asset(session, act=replace(act, now=end, key=f"retire-{now}"), asset_id=asset.id, reason="test is over")

    hospital.write_now(clear)


def state_of(served, order):
    with served.hospital.read() as session:
        return get_work_order(session, order_id=order.id)[0]


def in_step(watched, served):
    """Let the device's clock go with the hospital's, which these tests set to another day: reports tell when."""
    shift = served.hospital.clock.now() // 1000
    watched.page.add_init_script(
        f"(() => {{ const real = Date.now; const by = {shift} - real(); Date.now = () => real() + by; }})();"
    )


def until_state(watched, served, order, state):
    for _ in range(200):
        if state_of(served, order).state == state:
            return
        watched.page.wait_for_timeout(50)
    raise AssertionError(f"{order.id} is {state_of(served, order).state}")


def fill_in(watched, flow):
    watched.page.locator("#work-form select").first.select_option("yes")
    field = watched.page.locator("#work-form input[inputmode=decimal]")
    field.fill(flow)
    field.press("Enter")
    field.blur()


def test_a_scan_accepts_the_order_limits_hold_it_and_a_signature_closes_it(visit, served, order):
    watched = visit("all", width=390)
    page = watched.open("/m/")
    page.locator(".card", has_text=order.asset.replace("dev-", "Pump ")).wait_for()

    scan(page, order.asset.replace("dev-", "k"))
    page.wait_for_selector("#work-form")
    until_state(watched, served, order, "in_progress")
    assert page.locator("button.primary").is_disabled()

    fill_in(watched, "94.9")
    watched.until("() => document.querySelector('#work-lacks').textContent.includes('Outside its limits: Flow')")
    fill_in(watched, "101")
    watched.until("() => document.querySelector('#work-lacks').children.length === 0")
    assert watched.violations() == []
    page.locator("button.primary", has_text="Sign and close").click()

    until_state(watched, served, order, "closed")
    closed = state_of(served, order)
    assert {one.step: one.value for one in closed.answers} == {"alarm": True, "flow": 101.0}


def test_a_report_without_a_network_waits_and_arrives_once(visit, served, order):
    watched = visit("all", width=390, language="zh_CN", theme="dark", allowed=OFFLINE)
    in_step(watched, served)
    page = watched.open("/m/")
    page.locator(".card", has_text=order.asset.replace("dev-", "Pump ")).click()
    page.wait_for_selector("#work-facts")
    page.context.set_offline(True)

    scan(page, order.asset)
    page.wait_for_selector("#work-form")
    fill_in(watched, "100")
    watched.until("() => document.querySelector('#work-lacks').children.length === 0")
    page.locator("button.primary", has_text="签名并关闭").click()
    watched.until("() => /离线：2/.test(document.querySelector('#offline').textContent)")
    assert state_of(served, order).state == "open"

    page.context.set_offline(False)
    until_state(watched, served, order, "closed")
    assert len(state_of(served, order).answers) == 2
