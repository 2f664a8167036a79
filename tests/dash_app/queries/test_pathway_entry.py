"""One entry of a pathway as fields: what may stand in each, and that nothing is lost between fields and JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.queries.pathway_entry import KINDS, Form, added, entry_of, fields_of, keys_left, merged
from dash_app.texts.pathway_words import KEYS
from simulation.model.problems import PathwayError

DOCUMENT = {
    "nodes": {
        "bed": {"do": "seize", "pools": "icu", "patience": {"all": "2 h"}, "reneged": "gone", "next": "leave"},
        "leave": {"do": "exit", "disposition": "home"},
        "gone": {"do": "exit"},
    },
    "pools": {"icu": {"capacity": 8, "may_overtake": True, "shifts": [{"days": "mon-fri"}]}, "nurse": {"capacity": 2}},
    "arrivals": {"walk": {"to": "bed", "gap": "exp:mean=2h"}},
    "calendars": {"day": {"open": []}},
}
entries = st.dictionaries(
    st.sampled_from(sorted(KEYS)),
    st.one_of(
        st.text(min_size=1).filter(str.strip),
        st.integers(-5, 500),
        st.booleans(),
        st.lists(st.integers(0, 9), max_size=3),
        st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2),
    ),
    max_size=6,
)


def forms(address: str) -> dict[str, Form]:
    section, name = address.split(".")
    return {field.key: field.form for field in fields_of(DOCUMENT, address, json.dumps(DOCUMENT[section][name]))}


def test_names_are_chosen_numbers_counted_and_tables_stay_json() -> None:
    assert forms("nodes.bed") == {
        "do": Form.CHOICE,
        "pools": Form.CHOICE,
        "patience": Form.JSON,
        "reneged": Form.CHOICE,
        "next": Form.CHOICE,
    }
    assert forms("pools.icu") == {"capacity": Form.NUMBER, "may_overtake": Form.FLAG, "shifts": Form.JSON}
    assert forms("arrivals.walk") == {"to": Form.CHOICE, "gap": Form.TEXT}


def test_a_name_that_is_not_there_any_more_can_be_seen_and_changed() -> None:
    (field,) = fields_of(DOCUMENT, "nodes.x", '{"next": "pulled down"}')

    assert field.choices == ("bed", "leave", "gone", "pulled down")


def test_what_may_be_added_follows_from_what_happens_there() -> None:
    assert keys_left("nodes.x", '{"do": "delay", "next": "leave"}') == ["duration", "calendar"]
    assert "capacity" in keys_left("pools.x", "{}")
    assert keys_left("nodes.x", "no json") == ["do"]


def test_a_field_that_is_added_holds_something_that_may_stand_there() -> None:
    assert entry_of(added(DOCUMENT, "nodes.x", '{"do": "delay"}', "next"))["next"] == "bed"
    assert entry_of(added(DOCUMENT, "pools.icu", "{}", "may_overtake"))["may_overtake"] is True
    assert entry_of(added(DOCUMENT, "pools.icu", "{}", "capacity"))["capacity"] == 1


@given(entry=entries)
def test_fields_that_nobody_touches_change_nothing(entry: dict[str, object]) -> None:
    text = json.dumps(entry)
    shown = fields_of(DOCUMENT, "nodes.x", text)

    assert entry_of(merged(text, {field.key: (field.form, field.value) for field in shown})) == entry


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_an_emptied_field_takes_its_key_out(empty: str | None) -> None:
    assert entry_of(merged('{"do": "delay", "duration": "5 min"}', {"duration": (Form.TEXT, empty)})) == {"do": "delay"}


def test_a_table_that_is_no_json_is_refused_by_name() -> None:
    with pytest.raises(PathwayError, match="shifts"):
        merged("{}", {"shifts": (Form.JSON, "[{days")})


def test_every_kind_and_key_of_the_reference_is_offered() -> None:
    reference = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "pathway.md").read_text(encoding="utf-8")
    nodes = reference.partition("## Nodes")[2].partition("A condition")[0]
    kinds = {kind for row in re.findall(r"^\| (`.*?) \|", nodes, re.M) for kind in re.findall(r"`(\w+)`", row)}
    pools = reference.partition("## Pools")[2].partition("## Arrivals")[0]

    assert kinds - {"do"} == set(KINDS)
    assert set(re.findall(r"^\| `(\w+)` \|", pools, re.M)) == set(keys_left("pools.x", "{}"))
