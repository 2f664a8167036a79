"""Query strings as structs: read like everywhere else, refused with the parameter's name, described for the API."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.doors.queries import parameters_of, read_query
from twin.errors import FieldError


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Something to ask for."""

    name: Annotated[str, msgspec.Meta(max_length=5, pattern=r"^[^\x00]*$")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200, description="How many.")] = 50
    only: bool = False


def read(text: str) -> Query:
    return read_query({"query_string": text.encode("latin-1")}, Query)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Query()),
        ("limit=7&name=a", Query(limit=7, name="a")),
        ("limit=7&limit=8", Query(limit=8)),  # the last one counts
        ("name=%E6%B3%B5", Query(name="泵")),
        ("name=", Query()),
        ("unknown=1", Query()),  # passed over, as by the framework
        ("only=true", Query(only=True)),
        ("only=0", Query(only=False)),
    ],
)
def test_what_is_given_is_read(text: str, expected: Query) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("limit=0", "/query/limit"),  # too few
        ("limit=201", "/query/limit"),  # too many
        ("limit=-1", "/query/limit"),  # SQLite would take it for "all"
        ("limit=68857654729311223808", "/query/limit"),  # beyond 64 bits
        ("limit=ten", "/query/limit"),  # no number
        ("limit=", "/query/limit"),  # empty
        ("name=toolong", "/query/name"),
        ("name=a%00", "/query/name"),  # NUL
        ("only=maybe", "/query/only"),
    ],
)
def test_what_does_not_fit_is_named(text: str, place: str) -> None:
    with pytest.raises(FieldError) as caught:
        read(text)

    assert caught.value.problem.place == place


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_query_string_surprises(text: str) -> None:
    try:
        found = read(text)
    except FieldError:
        return
    assert 1 <= found.limit <= 200


def test_description_names_every_field() -> None:
    described = {one["name"]: one for one in parameters_of(Query)}

    assert set(described) == {"name", "limit", "only"}
    assert described["limit"]["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 200,
        "description": "How many.",
        "default": 50,
    }
    assert not any(one["required"] for one in described.values())
