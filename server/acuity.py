"""Patient-days of wards by acuity, as the ledger was told of both, and what other patients would mean for the shelves.

The history keeps where patients were, not how ill; triage levels are read from what the ledger was told of them.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from sqlmodel import Session

from inventory.model.planning import PlanSettings
from inventory.rules.forecasting.methods import Floats
from inventory.rules.planning.acuity import CLASSES, Stay, Window, patient_days, usual_patients
from inventory.service.planning import AcuitySurge
from inventory.tables.planning import par_places
from server.staying import ward_stays
from server.wiring import Hospital
from twin.clock import DAY_US, HOUR_US
from twin.errors import FieldError, FieldProblem, NotFound, Refused
from twin.events.patients import EncounterPlanned, EncounterStarted, EncounterUpdated
from twin.events.places import PlaceKind
from twin.events.registry import decode
from twin.ledger.by_thing import events_about
from twin.state.beds import ward_of

SERVICE = "patient_days"
KEPT_US = 6 * HOUR_US
MOST_PATIENTS = 10_000
_AT_ONCE = 500
_TELLING = tuple(f'"{kind.__name__}"' for kind in (EncounterPlanned, EncounterStarted, EncounterUpdated))


def levels_told(session: Session, encounters: Collection[str]) -> dict[str, list[tuple[int, int]]]:
    """Give when which triage level was told of patients, oldest first; those of whom none was told are left out.

    Parameters
    ----------
    session : Session
        Any.
    encounters : Collection[str]
        Whose.
    """
    names, found = sorted(encounters), dict[str, list[tuple[int, int]]]()
    for first in range(0, len(names), _AT_ONCE):
        for _sequence, body in session.execute(events_about(names[first : first + _AT_ONCE])):
            if not any(tag in body for tag in _TELLING):  # nine in ten say where a patient is, not how ill
                continue
            event = decode(body)
            if acuity := getattr(event, "acuity", 0):
                found.setdefault(event.thing, []).append((event.occurred_at, acuity))
    return {name: sorted(told) for name, told in found.items()}


def expected_by_ward(told: Mapping[str, Mapping[str, float]], usual: Mapping[str, Floats]) -> dict[str, Floats]:
    """Give the patients of each class that a scenario expects; classes that it leaves out stay as they usually are.

    Parameters
    ----------
    told : Mapping[str, Mapping[str, float]]
        By ward and class, patients present.
    usual : Mapping[str, Floats]
        By ward, those usually present.

    Raises
    ------
    FieldError
        For a class that there is none of, or a number of patients that cannot be.
    Refused
        For a ward whose patients nobody has followed: nothing is known of what they need.
    """
    found = {}
    for ward, patients in told.items():
        for name, count in patients.items():
            if name not in CLASSES:
                raise _wrong(f"{ward!r}: there is no acuity {name!r}.", f"Use {', '.join(CLASSES)}.")
            if not 0 <= count <= MOST_PATIENTS:
                raise _wrong(f"{ward!r}: expected 0 to {MOST_PATIENTS} patients, got {count}.", "Correct it.")
        if ward not in usual:
            raise Refused(
                f"No patient was followed in {ward} in the time whose use is known: nothing says what they need.",
                reasons=("par.no_patient_days",),
                code="par.no_patient_days",
            )
        found[ward] = np.array(
            [float(patients.get(name, held)) for name, held in zip(CLASSES, usual[ward], strict=True)]
        )
    return found


def _wrong(message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field="acuity", place="scenario", message=message, cure=cure))


class PatientDaysDesk:
    """Tells patient-days by ward and acuity; kept for some hours, for half a year of a hospital takes a while to read.

    Parameters
    ----------
    hospital : Hospital
        Whose history it is.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._lock = threading.Lock()
        self._kept: dict[tuple[int, int], tuple[int, dict[str, Floats]]] = {}

    def window(self, settings: PlanSettings) -> Window:
        """Give the periods of a plan that is made now."""
        period_us = settings.period_days * DAY_US
        start_us = self._hospital.clock.now() - settings.periods * period_us
        return Window(start_us=start_us, period_us=period_us, periods=settings.periods)

    def by_ward(self, settings: PlanSettings) -> dict[str, Floats]:
        """Give patient-days by ward, each of shape (n_periods, n_classes), in the periods of a plan that is made now.

        Parameters
        ----------
        settings : PlanSettings
            Length of a period and how many.
        """
        key, now = (settings.period_days, settings.periods), self._hospital.clock.now()
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and now - kept[0] < KEPT_US:
                return kept[1]
            found = self._read(self.window(settings))
            self._kept = {key: (now, found)}  # one question at a time is asked again and again, not several
            return found

    def _read(self, window: Window) -> dict[str, Floats]:
        hospital = self._hospital
        with hospital.read() as session:
            stays = [
                Stay(encounter=stay.encounter, ward=stay.ward, from_us=stay.arrived_us, to_us=stay.ended_us)
                for stay in ward_stays(session, hospital.live, since=window.start_us, now=window.end_us)
                if stay.ward
            ]
            levels = levels_told(session, {stay.encounter for stay in stays})
        return patient_days(stays, levels, window)

    def usual(self, settings: PlanSettings) -> dict[str, Floats]:
        """Give the patients of each class that are usually present, by ward."""
        days = self.by_ward(settings)
        return {ward: usual_patients(each, settings.period_days) for ward, each in days.items()}

    def wards(self) -> Sequence[str]:
        """Give the wards, in order of their ids."""
        places = self._hospital.live.places
        return sorted(key for key, place in places.items() if place.kind is PlaceKind.WARD)

    def surge(self, told: Mapping[str, Mapping[str, float]], settings: PlanSettings) -> AcuitySurge | None:
        """Give a scenario as the planner takes it, by place; None for none.

        Parameters
        ----------
        told : Mapping[str, Mapping[str, float]]
            By ward and class, patients present.
        settings : PlanSettings
            Of the plan.

        Raises
        ------
        NotFound
            For a ward that there is none of.
        FieldError, Refused
            As :func:`expected_by_ward`.
        """
        if not told:
            return None
        known = set(self.wards())
        for ward in told:
            if ward not in known:
                raise NotFound("ward", ward)
        expected = expected_by_ward(told, self.usual(settings))
        days = self.by_ward(settings)
        live = self._hospital.live
        with self._hospital.read() as session:
            ward_by_place = {place: ward_of(live, place) for place in par_places(session)}
        meant = {place: ward for place, ward in ward_by_place.items() if ward in expected}
        return AcuitySurge(
            days={place: days[ward] for place, ward in meant.items()},
            expected={place: expected[ward] for place, ward in meant.items()},
        )


def desk_of(hospital: Hospital) -> PatientDaysDesk:
    """Give the hospital's desk, made when it is first asked for."""
    held = hospital.services.get(SERVICE)
    if not isinstance(held, PatientDaysDesk):
        held = hospital.services[SERVICE] = PatientDaysDesk(hospital)
    return held
