"""The handheld in a real browser: scans without focus, the red stop, the outbox, both languages."""

import pytest

from dash_app.app import STATIC
from scheduling.service import tasks as service
from twin.events.work import TaskCreated, TaskKind, TaskRequested

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def scan(page, text):
    """Type like a scanner: no field in focus, all at once, ended by Enter."""
    page.evaluate(
        """text => {
          document.activeElement?.blur();
          for (const key of [...text, 'Enter']) {
            document.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
          }
        }""",
        text,
    )


@pytest.fixture
def cleaning(served):
    """One cleaning task that scheduling knows, requested through the service as a person does; given up at the end.

    Nothing of it stays behind, so that each test finds the one card that it made, in whatever order they run.
    """
    hospital = served.hospital
    now = hospital.clock.now()
    request = TaskRequested(
        thing="W1-B3",
        occurred_at=now,
        source="",
        source_key="",
        kind=TaskKind.CLEAN,
        dedupe_key=f"browser-{now}",
        subject_id="W1-B3",
        to_place="W1-B3",
        priority=1,
        reason="departure",
    )
    step = service.Step(command_id=f"make-{now}", actor="user-porter", at=now)
    hospital.write_now(
        lambda session: service.request_task(session, ledger=hospital.ledger, step=step, request=request)
    )
    task = next(
        task.id
        for task in hospital.live.tasks.values()
        if any(isinstance(fact, TaskCreated) and fact.dedupe_key == request.dedupe_key for fact in task.facts)
    )
    yield task
    if hospital.live.tasks[task].status.value in {"completed", "cancelled"}:
        return
    last = service.Step(command_id=f"end-{now}", actor="user-porter", at=hospital.clock.now())
    hospital.write_now(
        lambda session: service.cancel(session, ledger=hospital.ledger, step=last, task=task, reason="test is over")
    )


def test_a_bed_is_cleaned_by_scan_and_done(visit, served, cleaning):
    watched = visit("porter", width=390)
    page = watched.open("/m/")
    page.locator(".card", has_text="Ward 1 bed 3").first.click()
    page.wait_for_selector(".step.now")

    scan(page, "ICU-B1")
    page.wait_for_selector("#stop:not([hidden])")
    assert "Ward 1 bed 3" in page.inner_text("#stop-text")
    page.click("#stop-close")

    scan(page, "w1-b3")
    page.locator("button.primary", has_text="Done").click()

    watched.until("() => document.querySelector('#toast-text').textContent === 'Done'")
    _until_status(watched, served, cleaning, "completed")


def _until_status(watched, served, task, status):
    for _ in range(100):
        if served.hospital.live.tasks[task].status.value == status:
            return
        watched.page.wait_for_timeout(50)
    raise AssertionError(f"{task} is {served.hospital.live.tasks[task].status}")


def test_what_is_done_offline_is_sent_once_when_the_network_is_back(visit, served, cleaning):
    watched = visit("porter", width=390, allowed=("ERR_INTERNET_DISCONNECTED", "ERR_FAILED"))
    page = watched.open("/m/")
    page.locator(".card", has_text="Ward 1 bed 3").first.click()
    page.wait_for_selector(".step.now")
    page.context.set_offline(True)

    scan(page, "W1-B3")
    page.locator("button.primary", has_text="Done").click()
    watched.until("() => document.querySelector('#offline').textContent.startsWith('Offline: 2 steps wait')")
    assert served.hospital.live.tasks[cleaning].status.value in {"requested", "draft"}

    page.context.set_offline(False)
    _until_status(watched, served, cleaning, "completed")
    watched.until("() => document.querySelector('#offline').hidden", seconds=20)


def test_an_undone_step_is_never_sent(visit, served, cleaning):
    watched = visit("porter", width=390, allowed=("ERR_INTERNET_DISCONNECTED", "ERR_FAILED"))
    page = watched.open("/m/")
    page.locator(".card", has_text="Ward 1 bed 3").first.click()
    page.wait_for_selector(".step.now")
    page.context.set_offline(True)
    scan(page, "W1-B3")
    page.click("#undo")
    watched.until("() => document.querySelector('#toast-text').textContent === 'Undone'")
    page.context.set_offline(False)
    page.wait_for_timeout(600)

    assert served.hospital.live.tasks[cleaning].status.value in {"requested", "draft"}


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_axe_finds_nothing_and_targets_are_large(visit, cleaning, language):
    watched = visit("porter", language=language, width=390)
    page = watched.open("/m/")
    page.wait_for_selector(".card")

    assert watched.violations() == []
    small = "() => [...document.querySelectorAll('button, input')].filter(e => e.offsetHeight && e.offsetHeight < 48).length"
    assert page.evaluate(small) == 0
    assert page.get_attribute("html", "lang") == ("en" if language == "en" else "zh-CN")


def test_both_languages_have_the_same_words(visit):
    page = visit("porter").open("/m/")
    keys = page.evaluate(
        "async () => { const {WORDS} = await import('/m/words.js'); "
        "return Object.values(WORDS).map(words => Object.keys(words).sort().join()); }"
    )

    assert keys[0] == keys[1]


def test_ids_of_steps_are_uuids_of_version_7(visit):
    page = visit("porter").open("/m/")
    made = page.evaluate(
        "async () => { const {uuid7} = await import('/m/outbox.js'); "
        "return [uuid7(1645557742000), ...Array.from({length: 50}, () => uuid7())]; }"
    )

    assert made[0].startswith("017f22e2-79b0-7")  # the instant of RFC 9562, appendix A.6
    assert all(one[14] == "7" and one[19] in "89ab" for one in made)
    assert len(set(made)) == len(made)


def test_the_service_worker_keeps_every_file_of_the_handheld():
    kept = (STATIC / "m" / "sw.js").read_text()

    files = {path.name for path in (STATIC / "m").iterdir()} - {"sw.js", "index.html"}
    assert all(f'"/m/{name}"' in kept for name in files)


BODY, LAST = "010950600013435210TEST-1", "21SN-1"


@pytest.mark.parametrize(
    ("sent", "plain"),
    [
        (f"{BODY}\x1d{LAST}", f"{BODY}\x1d{LAST}"),
        (f"]d2{BODY}\x1d{LAST}", f"]d2{BODY}\x1d{LAST}"),  # the symbology is no prefix of the scanner's own
        (f"{BODY}^{LAST}", f"{BODY}\x1d{LAST}"),
        (f"~~{BODY}|{LAST}!", f"{BODY}\x1d{LAST}"),
        (f"{BODY}<GS>{LAST}", f"{BODY}\x1d{LAST}"),
    ],
)
def test_a_scanner_is_learnt_by_its_test_label_and_put_right(visit, sent, plain):
    watched = visit("porter", width=390)
    page = watched.open("/m/")
    page.click("#scanner-test")
    page.wait_for_selector("img[src='/m/scanner-test.svg']")

    scan(page, "W1-B3")
    watched.until("() => document.querySelector('#scanner-said').textContent.includes('another label')")
    scan(page, sent.replace(LAST, ""))  # cut off: no such label
    scan(page, f"{BODY}{LAST}")
    watched.until("() => document.querySelector('#scanner-said').textContent.includes('sends nothing')")
    assert page.evaluate("() => localStorage.getItem('scanner')") is None
    scan(page, sent)
    watched.until("() => document.querySelector('#scanner-said').textContent.startsWith('Kept')")

    told = "async sent => (await import('/m/scanner.js')).plain(sent, JSON.parse(localStorage.getItem('scanner')))"
    assert page.evaluate(told, sent) == plain
    assert page.evaluate(told, "A^B|C") == "A^B|C"  # no GS1 label: the sign is part of a name
    assert watched.violations() == []
    page.locator("button", has_text="Forget it").click()
    watched.until("() => JSON.parse(localStorage.getItem('scanner')).separator === '\\x1d'")
