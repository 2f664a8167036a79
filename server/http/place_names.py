"""What other systems call our places: names that match nothing, and what a person says that they mean."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Query

from interop.service.places import MAX_NAME, PlaceName
from server.doors.context import Call, CallDep
from server.doors.pages import Text
from server.doors.router import Router
from server.http.views import instant
from server.placing import SERVICE, PlaceNameDesk
from twin.access import Permission

router = Router("/v1/interfaces/place-names", tag="interfaces")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME, pattern=r"^[^\x00]+$")]
UnmatchedOnly = Annotated[bool, Query(description="Only names that nobody has matched.")]


class PlaceNameShown(msgspec.Struct, frozen=True, kw_only=True):
    """What one sender calls a place; ``place`` is empty until somebody has matched it."""

    source: str
    name: str
    place: str
    taken_as: str
    seen: int
    first_at: str
    last_at: str
    set_at: str
    set_by: str


class PlaceNames(msgspec.Struct, frozen=True, kw_only=True):
    """Names of places, those that nobody has matched first; at most 500."""

    names: list[PlaceNameShown]


class MatchTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which place a sender means by a name."""

    source: Name
    name: Name
    place: Name


class UnmatchTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which match is taken back."""

    source: Name
    name: Name


class MatchShown(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages were told again, and how many facts they put right."""

    messages: int
    corrected: int


def _shown(one: PlaceName) -> PlaceNameShown:
    return PlaceNameShown(
        source=one.source,
        name=one.name,
        place=one.place,
        taken_as=one.taken_as,
        seen=one.seen,
        first_at=instant(one.first_at),
        last_at=instant(one.last_at),
        set_at=instant(one.set_at),
        set_by=one.set_by,
    )


def _desk(call: Call) -> PlaceNameDesk:
    held = call.hospital.services.get(SERVICE)
    return held if isinstance(held, PlaceNameDesk) else PlaceNameDesk(call.hospital)


@router.get("", permission=Permission.INTERFACES_READ, gives=PlaceNames)
def list_place_names(call: CallDep, source: Text = "", unmatched_only: UnmatchedOnly = False) -> PlaceNames:
    """Give what senders call places: what matches nothing, and what people have matched."""
    found = _desk(call).names(source=source, unmatched_only=unmatched_only)
    return PlaceNames(names=[_shown(one) for one in found])


@router.post("/match", permission=Permission.INTERFACES_OPERATE, takes=MatchTold, gives=MatchShown)
def match_place_name(call: CallDep) -> MatchShown:
    """Say which place a sender means; its messages of before are told again with it."""
    told, actor = call.read(MatchTold), call.actor.id
    done = _desk(call).match(told.source, told.name, told.place, actor=actor)
    return MatchShown(messages=done.messages, corrected=done.corrected)


@router.post("/unmatch", permission=Permission.INTERFACES_OPERATE, takes=UnmatchTold, status=204)
def unmatch_place_name(call: CallDep) -> None:
    """Take a match back; what it has put right stays."""
    told, actor = call.read(UnmatchTold), call.actor.id
    _desk(call).unmatch(told.source, told.name, actor=actor)
