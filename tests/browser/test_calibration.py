"""A planner hands over a log, sees what is in it and whether the model matches, keeps it, and opens it again."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def log_bytes() -> bytes:
    random = np.random.default_rng(1)
    lines = ["case_id,activity,lifecycle,timestamp"]
    for number in range(200):
        at = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=3.0 * number + float(random.random()))
        lines.append(f"{number},triage,start,{at.isoformat()}")
        lines.append(f"{number},triage,complete,{(at + timedelta(hours=float(random.gamma(3, 0.1)))).isoformat()}")
    return "\n".join(lines).encode()


@pytest.mark.timeout(300)  # the first run of a fresh machine compiles the engine
def test_a_log_is_fitted_checked_kept_and_opened_again(visit, shots):
    watched = visit()
    page = watched.open("/ui/fit")
    page.click("#calibration-run")  # no file yet: what is missing is named
    page.locator("#frame-notice", has_text="log").wait_for()

    file = {"name": "front-door.csv", "mimeType": "text/csv", "buffer": log_bytes()}
    page.set_input_files("#calibration-file input[type=file]", file)
    page.locator("#calibration-file-name", has_text="front-door.csv").wait_for()
    page.fill("#calibration-weeks", "2")
    page.click("#calibration-run")
    page.wait_for_url("**run=*")
    page.locator("#calibration-answer", has_text="triage").first.wait_for(timeout=200_000)
    assert "95 %" in page.inner_text("#calibration-answer")
    assert watched.violations() == []
    if shots is not None:
        page.screenshot(path=shots / "fit-en.png", full_page=True)

    page.fill("#calibration-name", "front door")
    page.click("#calibration-keep")
    page.locator("#calibration-kept", has_text="front door").wait_for()
    page.click("#calibration-kept a")
    page.wait_for_url("**/ui/pathway?kept=*")
    watched.until("() => document.querySelectorAll('#pathway-graph .scatterlayer .point').length > 2", seconds=30)
    assert "Fitted before" in page.inner_text("#page")
    assert watched.violations() == []
    chinese = visit(language="zh_CN", theme="dark")
    other = chinese.open(page.url.removeprefix(chinese.url))
    other.locator("#page", has_text="模型与实际相符吗").wait_for()
    assert chinese.violations() == []
    if shots is not None:
        other.screenshot(path=shots / "pathway-zh.png", full_page=True)
