"""A whole shift without a network: five hundred steps wait, the connection is bad, and each arrives exactly once."""

import pytest

from tests.browser.test_restocking import LABEL, gauze  # noqa: F401  # the same goods

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(180)]

TASKS = 167  # three steps each: start at the shelf, pick, deliver
STEPS = 3 * TASKS
OFFLINE = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "ERR_CONNECTION_CLOSED")

SHIFT = """async ([tasks, label, from]) => {
  const later = (ms) => new Promise((done) => setTimeout(done, ms));
  const waiting = () => Number(document.querySelector('#offline').textContent.match(/\\d+/)?.[0] || 0);
  const scan = (text) => {
    document.activeElement?.blur();
    for (const key of [...text, 'Enter']) document.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  };
  let steps = from;
  for (const task of tasks) {
    scan(task);
    for (const text of ['STORE', label, 'ICU-B4']) {
      for (let tries = 0; tries < 500 && !document.querySelector('.step.now'); tries += 1) await later(2);
      scan(text);
      steps += 1;
      for (let tries = 0; tries < 2500 && waiting() < steps; tries += 1) await later(2);
      if (waiting() < steps) return `step ${steps} of ${task} is not noted: ${document.querySelector('main').textContent}`;
    }
    for (let tries = 0; tries < 500 && document.querySelector('.step.now'); tries += 1) await later(2);
  }
  return steps;
}"""


@pytest.fixture
def restocks(gauze):  # noqa: F811
    """Many restock tasks asked for by hand; gives the porter's client and the tasks' ids."""
    made = []
    receipt = {"lines": [{"place": "STORE", "scan": LABEL, "packages": 20}]}
    assert gauze.post("/v1/stock/receipts", json=receipt).status_code == 201
    for _ in range(TASKS):
        body = {"kind": "restock", "subject_id": "gauze", "from_place": "STORE", "to_place": "ICU-B4", "quantity": 1}
        answer = gauze.post("/v1/tasks", json=body)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["tasks"][0]["id"])
    return gauze, made


def test_five_hundred_steps_of_a_shift_arrive_exactly_once(visit, served, restocks):
    porter, tasks = restocks
    watched = visit("porter", width=390, allowed=OFFLINE)
    page = watched.open("/m/")
    watched.until("n => document.querySelectorAll('.card').length >= n", TASKS)
    stock = served.hospital.live.stock
    before = stock["STORE", "gauze"].quantity, stock["ICU-B4", "gauze"].quantity
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")  # it keeps the page for the reload
    page.context.set_offline(True)

    half = TASKS // 2
    assert page.evaluate(SHIFT, [tasks[:half], LABEL, 0]) == 3 * half
    page.reload()  # the handheld was switched off and on: the outbox is on its disk
    watched.until("n => document.querySelectorAll('.card').length >= n", TASKS - half)
    assert page.evaluate(SHIFT, [tasks[half:], LABEL, 3 * half]) == STEPS
    assert served.hospital.live.stock["STORE", "gauze"].quantity == before[0]

    lost = cut_off_some_answers(page)
    page.context.set_offline(False)
    send_all(page)

    assert lost, "the connection was never bad"
    for task in tasks:
        detail = porter.get(f"/v1/tasks/{task}").json()["task"]
        assert (detail["status"], detail["picked"], detail["delivered"]) == ("completed", 1, 1), detail
    assert stock["STORE", "gauze"].quantity == before[0] - TASKS
    assert stock["ICU-B4", "gauze"].quantity == before[1] + TASKS


def send_all(page):
    """Wait until nothing waits; an answer that is lost ends a round of sending, a sign of life begins the next."""
    before = ""
    for _ in range(400):
        if page.evaluate("() => document.querySelector('#offline').hidden"):
            return
        present = page.inner_text("#offline")
        if present == before:
            page.evaluate("() => window.dispatchEvent(new Event('online'))")
        before = present
        page.wait_for_timeout(250)
    raise AssertionError(f"not all was sent: {before}")


def cut_off_some_answers(page):
    """Let every 25th step reach the server and lose its answer; gives a list of the addresses, filled as it happens."""
    lost, count = [], [0]

    def pass_on(route):
        count[0] += 1
        if count[0] % 25:
            route.continue_()
            return
        route.fetch()
        lost.append(route.request.url)
        route.abort("connectionclosed")

    page.context.route(lambda url: "/v1/tasks/" in url and ":" in url.rpartition("/")[2], pass_on)
    return lost
