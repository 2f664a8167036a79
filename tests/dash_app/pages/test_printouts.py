"""A cycle from its printout, entered on the reprocessing board: judged, kept with its photo, and never half."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from assets.model.machine import Machine
from assets.model.programme import Evidence, Programme
from assets.service.documents import documents_of, withdraw
from assets.service.loads import list_loads, open_load
from assets.tables.reprocessing import save_machine, save_programme
from dash_app.actions import reprocessing as actions
from dash_app.actions.files import HandedFile
from dash_app.evidence.load import load_sheet
from dash_app.pages import reprocessing
from dash_app.pages.page import Visit
from dash_app.pages.printouts import printout_panel
from dash_app.queries import reprocessing as queries
from tests.assets.service.test_records import PNG
from tests.dash_app.gathering import gathered
from tests.dash_app.pages.test_device_pages import Kept, words
from tests.dash_app.small_hospital import NOW
from twin.access import Role
from twin.clock import MINUTE_US
from twin.errors import FieldError, Forbidden, InputError, NotFound, Refused
from twin.events.supply import Verdict

PAPER = Programme(
    id="P134",
    name="134 °C",
    band_low_c=134.0,
    band_high_c=137.0,
    required_hold_s=180.0,
    min_f0_minutes=15.0,
    required=frozenset({Evidence.PRINTOUT}),
)
PHOTO = HandedFile(name="slip.png", media_type="image/png", content=PNG)


def local(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M")


BEGUN = NOW - NOW % MINUTE_US - 60 * MINUTE_US


def printed(**fields: Any) -> dict[str, Any]:
    own = {"machine": "old-1", "programme": "P134", "load": None, "begun": local(BEGUN)}
    own |= {"ended": local(BEGUN + 40 * MINUTE_US), "lowest": 134.2, "highest": 135.6, "hold": 240}
    own |= {"f0": 58.1, "a0": "", "pressure": None, "number": 4711, "passed": True}
    return own | fields


@pytest.fixture
def kept() -> Kept:
    held = Kept(Role.NURSE, Role.BIOMED)
    held.port.writer.run(lambda session: save_programme(session, PAPER))
    held.port.writer.run(lambda session: save_machine(session, Machine(id="old-1", place="W1")))
    return held


def test_a_printout_with_its_photo_passes_and_its_load_waits_for_a_signature(kept: Kept) -> None:
    load = kept.do(open_load, machine="old-1")

    judgement = actions.enter_printout(kept.port, printed(load=load.id), PHOTO)

    assert (judgement.verdict, judgement.hold_s, judgement.f0_minutes) == (Verdict.PASS, 240.0, 58.1)
    cycle = f"old-1:{BEGUN}"
    with kept.port.read() as session:
        (waiting,) = queries.pending(session)
        assert (waiting.id, waiting.load, waiting.number) == (cycle, load.id, 4711)
        assert [document.name for document in documents_of(session, subject=cycle)] == ["slip.png"]


def test_what_was_entered_stays_as_proof_and_its_photo_is_not_withdrawn(kept: Kept) -> None:
    load = kept.do(open_load, machine="old-1")
    actions.enter_printout(kept.port, printed(load=load.id), PHOTO)
    with kept.port.read() as session:
        (photo,) = documents_of(session, subject=f"old-1:{BEGUN}")
        sheet = load_sheet(session, kept.port.state(), load.id, store=None, now=NOW, reader="Reader")

    assert "134.2" in sheet
    assert "135.6" in sheet
    assert photo.id in sheet
    with pytest.raises(Refused) as refused:
        kept.do(withdraw, document_id=photo.id)
    assert refused.value.code == "document.is_proof"


def test_without_its_photo_a_printout_proves_nothing(kept: Kept) -> None:
    judgement = actions.enter_printout(kept.port, printed())

    assert judgement.verdict is Verdict.UNDETERMINED
    assert judgement.codes == ("evidence_missing.printout",)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"begun": ""}, "begun"),
        ({"ended": None}, "ended"),
        ({"lowest": ""}, "lowest"),
        ({"hold": True}, "hold"),
        ({"hold": 7200}, "printout"),  # longer than the cycle
        ({"lowest": 140}, "printout"),  # above the highest
        ({"ended": local(NOW + 600 * MINUTE_US)}, "printout"),  # not yet
    ],
)
def test_what_cannot_be_on_a_printout_is_named_and_nothing_is_kept(
    kept: Kept, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(FieldError) as refused:
        actions.enter_printout(kept.port, printed(**wrong), PHOTO)

    assert refused.value.problem.field == field
    with kept.port.read() as session:
        assert queries.cycles(session) == []
        assert list_loads(session) == []
        assert documents_of(session, subject=f"old-1:{BEGUN}") == []


def test_a_note_in_words_is_no_photo_and_a_machine_must_be_set_up(kept: Kept) -> None:
    note = HandedFile(name="slip.txt", media_type="text/plain", content=b"it was fine")
    with pytest.raises(FieldError) as refused:
        actions.enter_printout(kept.port, printed(), note)
    assert refused.value.problem.field == "photo"

    with pytest.raises(NotFound):
        actions.enter_printout(kept.port, printed(machine="nobody"), PHOTO)


def test_who_may_not_sign_may_not_enter_and_does_not_see_the_form() -> None:
    planner = Kept(Role.PLANNER)

    with pytest.raises(Forbidden):
        actions.enter_printout(planner.port, printed())
    page = words(reprocessing.layout(planner.port, Visit(path="/reprocessing", query={})))
    assert "printout" not in page


def test_the_form_says_what_came_of_it_and_lets_the_photo_go(kept: Kept) -> None:
    page = words(reprocessing.layout(kept.port, Visit(path="/reprocessing", query={})))
    assert "Enter a cycle from its printout" in page
    enter = gathered(reprocessing.register, kept.port)["enter"].function
    *told, passed = printed().values()

    said, loads, contents, name, waiting, board = enter(
        1, *told, passed, f"data:image/png;base64,{base64.b64encode(PNG).decode()}", "slip.png"
    )

    assert (contents, name, loads) == (None, None, [])
    assert said.startswith("Entered:")
    assert len(waiting) == 1
    assert "134" in words(board)


@pytest.mark.parametrize("field", ["machine", "programme", "begun", "ended", "lowest", "highest", "hold"])
def test_a_field_that_lacks_is_named_as_the_reader_sees_it(kept: Kept, field: str) -> None:
    enter = gathered(reprocessing.register, kept.port)["enter"].function
    *told, passed = printed(**{field: None}).values()

    with pytest.raises(InputError) as refused:
        enter(1, *told, passed, None, None)

    assert refused.value.code == "input.empty"
    assert f"label='{refused.value.message}'" in str(printout_panel(kept.port))


def test_the_board_says_what_speaks_against_starting_a_load_that_waits(kept: Kept) -> None:
    load = kept.do(open_load, machine="old-1")

    shown = words(reprocessing.content(kept.port, {}))

    assert "Loads that wait to be started" in shown
    assert load.id in shown
    assert "Nothing was scanned into the load; The machine has no programme" in shown
