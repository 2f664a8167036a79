"""The register entry on a device's page: filled as it is held, corrected field by field, never overwritten unseen."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from assets.service.register import entry_of
from dash_app.actions.device_entry import DAYS, TEXTS, keep_entry
from dash_app.pages.device_entry import FIELDS, _values, entry_desk, register_entry
from dash_app.queries.device_life import entry_of as held_entry
from tests.dash_app.gathering import gathered
from tests.dash_app.pages.test_device_pages import Kept, registered, words
from tests.dash_app.small_hospital import small_port
from twin.access import Role
from twin.errors import FieldError, Forbidden, InputError, Refused, StaleVersion

UTC = ZoneInfo("UTC")


@pytest.fixture
def kept() -> Kept:
    return registered()


def form(kept: Kept, asset: str = "IP-1", **changes: Any) -> tuple[dict[str, Any], int]:
    with kept.port.read() as session:
        found = held_entry(session, asset)
    assert found is not None
    entry, version = found
    filled = _values(entry, UTC) | {"cost": entry.cost / 100, "criticality": entry.criticality}
    return filled | {"may_leave": entry.may_leave} | changes, version


def entered(kept: Kept, **changes: Any) -> Any:
    told, version = form(kept, **changes)
    keep_entry(kept.port, asset="IP-1", version=version, entered=told)
    with kept.port.read() as session:
        return entry_of(session, "IP-1")


def test_a_form_that_nobody_touched_changes_nothing(kept: Kept) -> None:
    with kept.port.read() as session:
        before = entry_of(session, "IP-1")

    after = entered(kept)

    whole_day = before.commissioned_at - before.commissioned_at % 86_400_000_000
    assert after.commissioned_at == whole_day  # a form holds days
    assert {name for name in TEXTS if getattr(after, name) != getattr(before, name)} == set()
    assert (after.cost, after.criticality, after.identifiers) == (before.cost, before.criticality, before.identifiers)
    assert entered(kept) == after


def test_days_price_and_parent_are_kept_as_they_are_meant(kept: Kept) -> None:
    found = entered(kept, acquired_at="2020-02-29", warranty_until="2027-06-30", cost=2499.99, parent="C-2", home="W1")

    assert (found.cost, found.parent, found.home) == (249_999, "IP-2", "W1")
    again, _version = form(kept)
    assert [again[name] for name in DAYS if name != "commissioned_at"] == ["2020-02-29", "2027-06-30"]


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"name": " "}, FieldError, "name"),
        ({"control_no": ""}, FieldError, "control_no"),
        ({"home": "nowhere"}, FieldError, "home"),
        ({"cost": -1}, FieldError, "cost"),
        ({"criticality": 6}, FieldError, "criticality"),
        ({"lot": "x" * 201}, FieldError, "lot"),
        ({"commissioned_at": "spring"}, InputError, ""),
        ({"parent": "nobody"}, InputError, ""),
        ({"parent": "IP-1"}, Refused, ""),  # part of itself
    ],
)
def test_what_cannot_stand_in_an_entry_is_refused(
    kept: Kept, change: dict[str, Any], error: type[Exception], field: str
) -> None:
    with kept.port.read() as session:
        before = entry_of(session, "IP-1")
    told, version = form(kept, **change)

    with pytest.raises(error) as refused:
        keep_entry(kept.port, asset="IP-1", version=version, entered=told)

    if field:
        assert refused.value.problem.field == field  # type: ignore[attr-defined]  # of FieldError
    with kept.port.read() as session:
        assert entry_of(session, "IP-1") == before


def test_an_entry_that_somebody_changed_meanwhile_is_not_overwritten(kept: Kept) -> None:
    told, version = form(kept, lot="L8")
    keep_entry(kept.port, asset="IP-1", version=version, entered=told)

    with pytest.raises(StaleVersion):
        keep_entry(kept.port, asset="IP-1", version=version, entered=told | {"lot": "L9"})


def test_the_form_stands_only_before_who_may_write_and_knows_the_newest_version(kept: Kept) -> None:
    assert "Register entry" in words(entry_desk(kept.port, "IP-1"))
    assert entry_desk(kept.port, "nobody") == []
    nurse = small_port(Role.NURSE)
    assert entry_desk(nurse, "IP-1") == []
    with pytest.raises(Forbidden):
        keep_entry(nurse, asset="IP-1", version=1, entered={})
    told, version = form(kept, firmware="3.0")
    keep = gathered(register_entry, kept.port)["keep_entry"].function

    said, seen = keep(1, *(told[name] for name in FIELDS), told["may_leave"], version, "/ui/devices/IP-1")

    assert (said, seen > version) == ("Kept.", True)
    assert form(kept)[1] == seen
