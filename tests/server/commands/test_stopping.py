"""Ctrl-C ends a search with the best so far; a second one gives up."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduling.loaders.generator import Wanted, generate
from scheduling.loaders.ihtc import load_plan, load_problem, problem_to_bytes
from server.commands import plan as commands
from server.commands.stopping import Stopping
from server.console import Exit, run
from server.tree import build_tree


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something has happened, ten seconds at most."""
    for _ in range(1000):
        if happened():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_search_and_its_answer_is_kept(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def search() -> str:
        os.kill(os.getpid(), number)
        wait_for(lambda: stopping.is_stopped)
        return "the best so far"

    with Stopping() as stopping:
        assert stopping.run(search) == "the best so far"

    assert signal.getsignal(number) == before


def test_who_presses_twice_does_not_wait() -> None:
    is_done = False

    def search() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        wait_for(lambda: stopping.is_stopped)
        os.kill(os.getpid(), signal.SIGINT)
        wait_for(lambda: is_done)

    with pytest.raises(KeyboardInterrupt), Stopping() as stopping:
        stopping.run(search)
    is_done = True


def test_an_error_of_the_search_is_told() -> None:
    def search() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), Stopping() as stopping:
        stopping.run(search)


@pytest.mark.timeout(300)  # the first one on a fresh machine compiles the search
def test_ctrl_c_writes_the_best_plan_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, target = tmp_path / "week.json", tmp_path / "plan.json"
    file.write_bytes(problem_to_bytes(generate(Wanted(patients=20, seed=1))))

    def pressed(_as_json: bool) -> Callable[[float, int], None]:
        told = iter([True])

        def progress(_share: float, _cost: int) -> None:
            if next(told, False):
                os.kill(os.getpid(), signal.SIGINT)

        return progress

    monkeypatch.setattr(commands, "_progress", pressed)
    began = time.monotonic()

    code = run(build_tree(), ["plan", "ihtc", str(file), "--seconds", "280", "--out", str(target)])

    assert time.monotonic() - began < 250
    assert code in {Exit.DONE, Exit.NOT_IN_ORDER}
    assert load_plan(target, load_problem(file)).stays is not None
    assert "best plan so far" in capsys.readouterr().err
