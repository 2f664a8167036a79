"""JSON Patch: the examples of its standard, what leads nowhere, and numbers that keep their digits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.fhir.patching import patched, read_operations
from twin.errors import DecodeError, FieldError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


def patch(document: object, *operations: dict[str, Any]) -> Any:
    return json.loads(patched(json.dumps(document).encode(), read_operations(json.dumps(operations).encode())))


@pytest.mark.parametrize(
    ("document", "operation", "result"),
    [
        # RFC 6902, appendix A, by number
        ({"foo": "bar"}, {"op": "add", "path": "/baz", "value": "qux"}, {"baz": "qux", "foo": "bar"}),  # A.1
        ({"foo": ["bar", "baz"]}, {"op": "add", "path": "/foo/1", "value": "q"}, {"foo": ["bar", "q", "baz"]}),  # A.2
        ({"baz": "qux", "foo": "bar"}, {"op": "remove", "path": "/baz"}, {"foo": "bar"}),  # A.3
        ({"foo": ["bar", "q", "baz"]}, {"op": "remove", "path": "/foo/1"}, {"foo": ["bar", "baz"]}),  # A.4
        ({"baz": "q", "foo": "bar"}, {"op": "replace", "path": "/baz", "value": "b"}, {"baz": "b", "foo": "bar"}),
        (
            {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
            {"op": "move", "from": "/foo/waldo", "path": "/qux/thud"},
            {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
        ),  # A.6
        ({"foo": ["a", "b", "c"]}, {"op": "move", "from": "/foo/0", "path": "/foo/2"}, {"foo": ["b", "c", "a"]}),
        ({"foo": "bar"}, {"op": "add", "path": "/child", "value": {"g": {}}}, {"foo": "bar", "child": {"g": {}}}),
        ({"/": 9, "~1": 10}, {"op": "test", "path": "/~01", "value": 10}, {"/": 9, "~1": 10}),  # A.14
        ({"foo": ["bar"]}, {"op": "add", "path": "/foo/-", "value": ["x"]}, {"foo": ["bar", ["x"]]}),  # A.16
        ({"a": 1}, {"op": "test", "path": "/a", "value": 1.0}, {"a": 1}),  # numbers are equal by value
        ({"a": 1}, {"op": "replace", "path": "", "value": {"b": 2}}, {"b": 2}),
        ({"a": {"b": 1}}, {"op": "copy", "from": "/a", "path": "/c"}, {"a": {"b": 1}, "c": {"b": 1}}),
    ],
)
def test_what_an_operation_makes_of_a_document(document: object, operation: dict[str, Any], result: object) -> None:
    assert patch(document, operation) == result


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        ({"op": "add", "path": "/x/y", "value": 1}, "path"),  # A.12: no such parent
        ({"op": "remove", "path": "/none"}, "path"),
        ({"op": "replace", "path": "/none", "value": 1}, "path"),
        ({"op": "test", "path": "/list/0", "value": "1"}, "value"),  # A.15: a text is no number
        ({"op": "test", "path": "/list/0", "value": True}, "value"),
        ({"op": "add", "path": "/list/3", "value": 1}, "path"),  # behind the end of the list
        ({"op": "add", "path": "/list/01", "value": 1}, "path"),
        ({"op": "remove", "path": "/list/-"}, "path"),
        ({"op": "move", "from": "/deep", "path": "/deep/in"}, "from"),
        ({"op": "add", "path": "list", "value": 1}, "path"),  # no slash
        ({"op": "add", "path": "/a"}, "value"),
        ({"op": "merge", "path": "/a", "value": 1}, "op"),
        ({"op": "remove", "path": ""}, "path"),
    ],
)
def test_what_cannot_be_done_is_named_with_its_operation(operation: dict[str, Any], field: str) -> None:
    document = {"list": [1, 2], "deep": {"in": {}}}

    with pytest.raises(FieldError) as refused:
        patch(document, {"op": "test", "path": "/list/1", "value": 2}, operation)

    assert refused.value.problem.place == f"/1/{field}"


def test_numbers_keep_the_digits_that_were_sent() -> None:
    body = b'{"value":16.20,"other":1}'

    assert patched(body, read_operations(b'[{"op":"add","path":"/more","value":0.10}]')) == (
        b'{"value":16.20,"other":1,"more":0.10}'
    )


@pytest.mark.parametrize("body", [b"{}", b"[1]", b'[{"op":"add"}]', b"[", b'[{"op":1,"path":""}]'])
def test_what_is_no_patch_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        read_operations(body)


def test_a_resource_that_is_copied_into_itself_again_and_again_is_refused() -> None:
    doubling = [{"op": "copy", "from": "", "path": f"/x{number}"} for number in range(60)]

    with pytest.raises(FieldError, match="copied"):
        patch({"a": list(range(50))}, *doubling)


@given(document=st.dictionaries(st.text(max_size=2), VALUES, max_size=4), name=st.text(max_size=3), value=VALUES)
def test_what_is_added_is_there_and_taking_it_away_gives_the_rest_back(
    document: dict[str, Any], name: str, value: object
) -> None:
    path = "/" + name.replace("~", "~0").replace("/", "~1")

    added = patch(document, {"op": "add", "path": path, "value": value})
    removed = patch(added, {"op": "test", "path": path, "value": value}, {"op": "remove", "path": path})

    assert added == document | {name: value}
    assert removed == {key: held for key, held in document.items() if key != name}
