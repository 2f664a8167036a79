"""The desk of place names: a person says which place a sender means, and what was told before is put right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sqlmodel import Session

from interop.service.places import MAX_NAME, PlaceName, match, place_names, unmatch
from interop.service.retelling import Retold, retell
from server.audit.chain import Entry, note
from server.listening import intake_of, names_of
from server.wiring import Hospital
from twin.errors import FieldError, FieldProblem, NotFound

SERVICE = "place_names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What a match came to: messages told again, and facts that they put right."""

    messages: int
    corrected: int


class PlaceNameDesk:
    """Matches names of places for one hospital.

    Parameters
    ----------
    hospital : Hospital
        Whose places.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital

    def names(self, *, source: str = "", unmatched_only: bool = False) -> list[PlaceName]:
        """Give names of places; those that nobody has matched first."""
        with self._hospital.read() as session:
            return place_names(session, source=source, unmatched_only=unmatched_only)

    def match(self, source: str, name: str, place: str, *, actor: str) -> Matched:
        """Say which place a sender means, and tell its messages of before again.

        Parameters
        ----------
        source, name : str
            Who speaks, and how it names the place.
        place : str
            Id of the place.
        actor : str
            Who says so.

        Raises
        ------
        NotFound
            If there is no such place.
        FieldError
            If no name or no sender is given.
        """
        hospital = self._hospital
        _require("source", source)
        _require("name", name)
        if place not in hospital.live.places:
            raise NotFound("place", place)
        now = hospital.clock.now()
        noted = Entry(at=now, actor=actor, action="place_name.matched", subject=place, facts={"name": name})

        def use_case(session: Session) -> None:
            match(session, source=source, name=name, place=place, actor=actor, now=now)
            note(session, noted)

        hospital.write_now(use_case)
        names_of(hospital).put(source, name, place)
        return self._retell(source, actor)

    def unmatch(self, source: str, name: str, *, actor: str) -> None:
        """Take a match back: messages from now on are read as before; what was put right stays.

        Raises
        ------
        NotFound
            If nobody has matched it.
        """
        hospital = self._hospital
        now = hospital.clock.now()
        noted = Entry(at=now, actor=actor, action="place_name.unmatched", subject=source, facts={"name": name})

        def use_case(session: Session) -> None:
            unmatch(session, source=source, name=name)
            note(session, noted)

        hospital.write_now(use_case)
        names_of(hospital).put(source, name, "")

    def _retell(self, source: str, actor: str) -> Matched:
        hospital, intake = self._hospital, intake_of(self._hospital)
        messages = corrected = before = 0
        while True:
            chunk = partial(
                retell,
                intake=intake,
                live=hospital.live,
                source=source,
                actor=actor,
                now=hospital.clock.now(),
                before=before,
            )
            told: Retold = hospital.write_now(chunk)
            messages, corrected, before = messages + told.messages, corrected + told.corrected, told.before
            if not before:
                return Matched(messages=messages, corrected=corrected)


def _require(field: str, value: str) -> None:
    if not value.strip() or len(value) > MAX_NAME:
        message = f"Expected 1 to {MAX_NAME} characters."
        raise FieldError(FieldProblem(field=field, place=f"/{field}", message=message, cure=f"Send the {field}."))
