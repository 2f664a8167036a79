"""The collector of garbage is held back for a while and is then as it was."""

from __future__ import annotations

import gc

import pytest

from twin.collecting import collecting_rarely, without_collecting


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


def test_what_stands_is_spared_only_as_long_as_the_hospital_works() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()

    with collecting_rarely():
        assert gc.get_freeze_count() > frozen
        assert gc.get_threshold()[0] > before[0]

    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before
