"""The page of sets where an instrument is found faulty: cases are told at once, and it stays listed until mended."""

from __future__ import annotations

import pytest

from assets.model.instruments import Assembly, Instrument, SetType
from assets.service import instruments
from assets.tables.rows import SetUseRow
from dash_app.actions import instruments as actions
from dash_app.pages import sets
from dash_app.pages.page import Visit
from tests.dash_app.gathering import gathered
from tests.dash_app.pages.test_device_pages import Kept, registered, words
from tests.dash_app.small_hospital import NOW
from twin.errors import InputError, Refused


@pytest.fixture
def kept() -> Kept:
    held = registered()
    held.do(instruments.save_set_type, set_type=SetType(id="lap", name="Laparotomy", counts={"clamp": 1}))
    held.do(instruments.save_instrument, instrument=Instrument(id="c1", kind="clamp"))
    assembly = Assembly(set_instance="set-1", set_type="lap", at=NOW - 1000, instruments=("c1",))
    held.do(instruments.assemble, assembly=assembly)
    return held


def test_a_fault_tells_its_cases_and_stays_listed_until_it_is_dealt_with(kept: Kept) -> None:
    kept.keep(SetUseRow(set_instance="set-1", at=NOW - 500, case_id="case-17"))
    pressed = gathered(sets.register, kept.port)

    said, listed = pressed["report"].function(1, "c1", "broken", "tip bent")
    trace = words(sets.content(kept.port, {"instrument": "c1"}))
    with pytest.raises(Refused):
        actions.report_fault(kept.port, mark="c1", kind="broken", note="again")
    held = words(sets.content(kept.port, {"set": "set-1"}))
    noted, left = pressed["mend"].function(1, "c1", None, "replaced")

    assert "Cases that it may have reached (1): case-17" in words(said)
    assert "tip bent" in words(listed)
    assert ("Broken or bent" in trace, "case-17" in trace) == (True, True)
    assert "An instrument in it is, or may have been, faulty" in held
    assert ("replaced" in noted, left) == (True, [])
    assert "dealt with" in words(sets.layout(kept.port, Visit(path="/sets", query={"instrument": "c1"})))


def test_a_mark_that_nobody_entered_is_named_and_not_called_gone(kept: Kept) -> None:
    with pytest.raises(InputError, match="nobody's") as refused:
        actions.report_fault(kept.port, mark="nobody's", kind="broken", note="tip bent")

    assert refused.value.code == "instrument.unknown"


@pytest.mark.parametrize(("mark", "kind", "note"), [("", "broken", "x"), ("c1", None, "x"), ("c1", "broken", " ")])
def test_a_fault_that_says_nothing_is_refused(kept: Kept, mark: str, kind: str | None, note: str) -> None:
    with pytest.raises(InputError):
        actions.report_fault(kept.port, mark=mark, kind=kind, note=note)
