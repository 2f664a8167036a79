"""The bed board: one line a ward in a large house, a board for a ward, the evidence for a bed."""

from __future__ import annotations

import json

import pytest
from dash import html
from plotly.utils import PlotlyJSONEncoder

from dash_app.pages import beds
from dash_app.queries import beds as queries
from tests.dash_app.small_hospital import NOW, small_port, small_state
from twin.access import Role
from twin.events.patients import EncounterClass, EncounterMoved, EncounterStarted
from twin.events.places import PlaceDefined, PlaceKind


def text_of(parts):
    found = []
    for part in parts:
        for one in [part, *part._traverse()]:
            if isinstance(one, str | int):
                found.append(str(one))
            elif isinstance(getattr(one, "children", None), str | int):
                found.append(str(one.children))
    return " ".join(found)


def boards(parts):
    return [one for part in parts for one in [part, *part._traverse()] if getattr(one, "className", "") == "bed-board"]


def large_port(wards=10, beds_each=30):
    state = small_state()
    head = {"occurred_at": NOW, "source": "t:t"}
    for ward in range(wards):
        name = f"X{ward:02d}"
        place = PlaceDefined(thing=name, source_key=name, kind=PlaceKind.WARD, name=f"Ward {name}", parent="", **head)
        state.apply(place, state.sequence + 1)
        for number in range(beds_each):
            bed = f"{name}-{number:02d}"
            made = PlaceDefined(thing=bed, source_key=bed, kind=PlaceKind.BED, name=bed, parent=name, **head)
            state.apply(made, state.sequence + 1)
    return small_port(state=state)


def test_a_large_house_is_one_line_a_ward_whatever_its_beds():
    port = large_port()

    shown = beds.content(port, {})

    assert boards(shown) == []
    assert "Ward X03" in text_of(shown)
    few, many = (
        len(json.dumps(beds.content(large_port(beds_each=count), {}), cls=PlotlyJSONEncoder)) for count in (10, 60)
    )
    assert many < few * 1.1


def test_a_ward_is_its_board_and_leads_back():
    shown = beds.content(large_port(), {"ward": "X03"})

    (board,) = boards(shown)
    assert len(board.children) == 30
    assert any(getattr(part, "href", "") == "/ui/beds" for part in shown)


def test_a_small_house_shows_all_its_boards():
    assert len(boards(beds.content(small_port(), {}))) == 2


def test_a_bed_says_on_what_its_word_rests():
    port = small_port()
    state = port.state()
    row = next(row for row in queries.rows(state, NOW) if row.encounter)

    shown = beds.content(port, {"ward": row.ward, "bed": row.id})

    assert "Code of HL7 table 0116" in text_of(shown)
    links = [one.href for part in shown for one in [part, *part._traverse()] if isinstance(one, html.A)]
    assert f"/ui/reconcile?encounter={row.encounter}" in links


def test_who_may_not_see_encounters_sees_no_pseudonym():
    port = small_port(Role.LOGISTICS)
    state = port.state()
    row = next(row for row in queries.rows(state, NOW) if row.encounter)

    assert row.encounter[-8:] not in text_of(beds.content(port, {"ward": row.ward, "bed": row.id}))


def test_the_evidence_names_a_second_patient_in_the_same_bed():
    state = small_state()
    row = next(row for row in queries.rows(state, NOW) if row.encounter)
    head = {"occurred_at": NOW, "source": "t:t"}
    state.apply(
        EncounterStarted(thing="E-second", source_key="s", encounter_class=EncounterClass.INPATIENT, **head),
        state.sequence + 1,
    )
    state.apply(EncounterMoved(thing="E-second", source_key="m", place=row.id, **head), state.sequence + 1)

    found = queries.evidence(state, row.id, NOW)

    assert set(found.encounters) == {row.encounter, "E-second"}


@pytest.mark.parametrize("query", [{"ward": "nowhere"}, {"ward": "", "bed": "nowhere"}])
def test_an_unknown_ward_or_bed_breaks_nothing(query):
    assert beds.content(small_port(), query)
