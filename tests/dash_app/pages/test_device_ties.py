"""What hangs on what, on a device's page: kept by any mark, shown with whom a failure hits, dropped again."""

from __future__ import annotations

import pytest

from assets.model.register import RelationKind
from dash_app.pages.device_ties import CHOSEN, register_ties, tie_list, ties_desk
from tests.dash_app.gathering import gathered
from tests.dash_app.pages.test_device_pages import Kept, registered, words
from tests.dash_app.small_hospital import small_port
from twin.access import Role
from twin.errors import InputError, NotFound, Refused


@pytest.fixture
def kept() -> Kept:
    return registered()


def test_a_tie_is_kept_by_a_mark_and_its_failure_is_told_with_the_way(kept: Kept) -> None:
    keep = gathered(register_ties, kept.port)["keep_tie"].function

    said, _list, own, _value = keep(1, RelationKind.POWERED_BY.value, "C-2", "/ui/devices/IP-1")
    keep(1, RelationKind.PART_OF.value, "IP-3", "/ui/devices/IP-2")

    assert (said, [one["label"] for one in own]) == ("Kept.", ["is powered by Infusion pump IP-2"])
    text = words(tie_list(kept.port, "IP-3"))
    assert "Devices that its failure hits: 2" in text
    assert "Infusion pump IP-3 → Infusion pump IP-2 → Infusion pump IP-1" in text


def test_a_tie_is_dropped_and_then_is_none(kept: Kept) -> None:
    registered_ones = gathered(register_ties, kept.port)
    keep, drop = registered_ones["keep_tie"].function, registered_ones["drop_tie"].function
    _said, _list, own, _value = keep(1, RelationKind.BACKUP_OF.value, "IP-2", "/ui/devices/IP-1")

    said, shown, left, _value = drop(1, own[0]["value"], "/ui/devices/IP-1")

    assert (said, left) == ("Dropped.", [])
    assert "Nothing is said" in words(shown)
    with pytest.raises(NotFound):
        drop(1, own[0]["value"], "/ui/devices/IP-1")


@pytest.mark.parametrize(
    ("other", "error"), [(None, InputError), ("nobody", InputError), ("IP-1", Refused)], ids=["empty", "unknown", "own"]
)
def test_a_tie_to_nothing_or_itself_is_refused(kept: Kept, other: str | None, error: type[Exception]) -> None:
    keep = gathered(register_ties, kept.port)["keep_tie"].function

    with pytest.raises(error):
        keep(1, RelationKind.PART_OF.value, other, "/ui/devices/IP-1")


def test_the_form_stands_only_before_who_may_write() -> None:
    may, may_not = small_port(Role.BIOMED), small_port(Role.NURSE)

    assert CHOSEN in str(ties_desk(may, "IP-1"))
    assert CHOSEN not in str(ties_desk(may_not, "IP-1"))
    assert "What hangs on what" in words(ties_desk(may_not, "IP-1"))
