"""The collector of garbage is held back for a while and is then as it was."""

from __future__ import annotations

import gc

import pytest

from twin.collecting import without_collecting


def test_collector_rests_and_goes_on_though_something_fails() -> None:
    was_on = gc.isenabled()
    gc.enable()

    with without_collecting():
        assert not gc.isenabled()
    with pytest.raises(ZeroDivisionError), without_collecting():
        1 / 0  # noqa: B018  # fails inside

    assert gc.isenabled()
    if not was_on:
        gc.disable()


def test_one_inside_another_changes_nothing() -> None:
    was_on = gc.isenabled()

    with without_collecting(), without_collecting():
        assert not gc.isenabled()

    assert gc.isenabled() is was_on
