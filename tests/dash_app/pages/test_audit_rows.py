"""What the audit wrote by itself reads as what somebody did, in both languages."""

from __future__ import annotations

import pytest

from dash_app.actions.access import AuditLine
from dash_app.pages import audit
from dash_app.texts.preferences import PREFERENCES, Preferences


def line(subject: str = "", **facts: object) -> AuditLine:
    return AuditLine(sequence=1, at=1, actor="u", actor_name="Ada", action="data.changed", subject=subject, facts=facts)


CHANGED = line("w1", table="inventory_place", changed=["w1"], details=["kind: ward → cabinet"])
MANY = line(table="inventory_item", added=["a", "b"], more=40)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ("Places of the stock: w1", "entry changed · in detail: kind: ward → cabinet")),
        ("zh_CN", ("库存地点: w1", "已更改 · 明细: kind: ward → cabinet")),
    ],
)
def test_one_entry_is_named_with_what_it_was_and_is(language: str, expected: tuple[str, str]) -> None:
    token = PREFERENCES.set(Preferences(language=language))
    try:
        assert (audit._subject(CHANGED), audit._facts(CHANGED)) == expected
    finally:
        PREFERENCES.reset(token)


def test_many_entries_are_listed_and_counted() -> None:
    assert audit._subject(MANY) == "Item master"
    assert audit._facts(MANY) == "entry added: a, b · and so many more: 40"


def test_rows_of_other_acts_stay_as_they_are() -> None:
    act = line("bed-1", reason="wet", service="")

    assert (audit._subject(act), audit._facts(act)) == ("bed-1", "reason: wet")
