"""A snapshot is the state at one position, whatever happens while it is written, and nothing else is taken for one."""

from __future__ import annotations

from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import strategies as hospital
from tests.fakes import START_US
from twin.errors import DecodeError
from twin.events import patients, supply, things
from twin.events.envelope import Event
from twin.state import snapshot
from twin.state.live import LiveState


def fold(events: list[Event]) -> LiveState:
    state = LiveState()
    state.apply_all(events, 1)
    return state


@settings(deadline=None)
@given(hospital.event_sets(max_size=40), st.integers(0, 40), st.integers(1, 5))
def test_what_happens_while_it_is_written_does_not_enter(events: list[Event], cut: int, in_a_part: int) -> None:
    early, state = fold(events[:cut]), fold(events[:cut])

    with patch.object(snapshot, "IN_A_PART", in_a_part):
        image = state.image()
    pieces = image.encoded()
    written = [next(pieces)]
    for event in events[cut:]:  # one event between two pieces, as another thread would apply it
        state.apply(event)
        written += [piece for piece in [next(pieces, b"")] if piece]
    again = LiveState.from_snapshot(b"".join([*written, *pieces]))

    assert again.digest() == early.digest()
    assert again.index.content() == early.index.content()
    assert (again.sequence, again.latest_at) == (early.sequence, early.latest_at)


@given(hospital.event_sets(max_size=12), st.data())
def test_a_snapshot_that_is_cut_off_or_damaged_is_refused(events: list[Event], data: st.DataObject) -> None:
    body = fold(events).to_snapshot()
    cut = data.draw(st.integers(0, len(body) - 1))

    with pytest.raises(DecodeError):
        LiveState.from_snapshot(body[:cut])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        LiveState.from_snapshot(body)

    assert caught.value.code in ("snapshot.content", "snapshot.version")


def test_a_snapshot_of_another_release_is_refused_by_its_version() -> None:
    outline = snapshot.Outline(version=1, sequence=3, latest_at=0, forgotten_before=0, parts=())

    with pytest.raises(DecodeError, match="expected version 2, got 1") as caught:
        LiveState.from_snapshot(snapshot._framed(msgspec.msgpack.encode(outline)))

    assert caught.value.code == "snapshot.version"


def test_a_table_that_this_release_does_not_know_is_named() -> None:
    outline = snapshot.Outline(sequence=3, latest_at=0, forgotten_before=0, parts=("drones",))
    frames = [snapshot._framed(msgspec.msgpack.encode(one)) for one in (outline, [])]

    with pytest.raises(DecodeError, match="'drones' is no table"):
        LiveState.from_snapshot(b"".join(frames))


def test_all_that_reducers_change_in_place_is_copied() -> None:
    # The list of copied tables is kept by hand: a new table of mutable records must enter it.
    mutable = {
        name for name, kind in snapshot._KIND_BY_TABLE.items() if isinstance(kind, type) and not issubclass(kind, Event)
    }

    assert mutable == set(snapshot._COPIED)
    for name in mutable - {"tags"}:  # bindings of a tag are replaced: the test below this one
        fields = msgspec.structs.fields(snapshot._KIND_BY_TABLE[name])
        inner = [one.name for one in fields if getattr(one.type, "__origin__", None) in (list, dict, set)]
        assert inner == [snapshot._COPIED[name]] if inner else snapshot._COPIED[name] == ""


def test_sums_and_journals_of_the_image_stay_as_they_were() -> None:
    head = {"occurred_at": START_US, "source": "user:7"}
    first = supply.StockMoved(
        thing="gloves", source_key="1", quantity=5, from_place="supplier", to_place="store", **head
    )
    second = msgspec.structs.replace(first, source_key="2")
    joined = patients.QueueJoined(thing="T-1", source_key="3", service_point="x-ray", **head)
    called = patients.QueueCalled(thing="T-1", source_key="4", **head | {"occurred_at": START_US + 1})
    bound = things.TagBound(thing="tag", source_key="5", bearer="A-1", bearer_kind=things.BearerKind.ASSET, **head)
    state = fold([first, joined, bound])
    image = state.image()

    state.apply_all(
        [second, called, things.TagUnbound(thing="tag", source_key="6", **head | {"occurred_at": START_US + 1})]
    )
    again = LiveState.from_snapshot(b"".join(image.encoded()))

    assert again.stock["store", "gloves"].lots == {"": 5}
    assert again.tickets["T-1"].facts == [joined]
    assert again.tags["tag"].bindings == [bound]
    assert state.stock["store", "gloves"].quantity == 10
