"""What an admission plan is made for: patients who wait, rooms, theatres, surgeons, nurses and their shifts.

Days count from 0; shifts of one day are numbered in the order of :attr:`AdmissionProblem.shift_types`. The published
form of the problem is the Integrated Healthcare Timetabling Problem; fields with a default are extensions of ours
that change nothing while they are left out.

References
----------
Ceschia, S., Rosati, R. M., Schaerf, A., Smet, P., Vanden Berghe, G., Zanazzo, E. (2024). Problem specification of the
Integrated Healthcare Timetabling Competition 2024, sections 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ANY_DAY = -1
"""A pin that leaves the day open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Price of one unit of each soft rule.

    Parameters
    ----------
    mixed_age : int
        Per room and day: steps between the youngest and the oldest age group present.
    nurse_skill : int
        Per person and shift: missing skill levels of the nurse.
    continuity : int
        Per person: different nurses met.
    excess_workload : int
        Per nurse and shift: workload above the nurse's limit.
    open_theatre : int
        Per theatre and day in use.
    surgeon_transfer : int
        Per surgeon and day: theatres beyond the first.
    delay : int
        Per patient: days after the release day.
    unscheduled : int
        Per optional patient who is not admitted.
    change : int
        Per day, room or theatre that differs from the published plan.
    """

    mixed_age: int = 1
    nurse_skill: int = 1
    continuity: int = 1
    excess_workload: int = 1
    open_theatre: int = 10
    surgeon_transfer: int = 1
    delay: int = 5
    unscheduled: int = 150
    change: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who lies in a room and is cared for.

    Parameters
    ----------
    id : str
        Pseudonym.
    gender : str
        Code; people of different codes do not share a room.
    age_group : int
        Index into :attr:`AdmissionProblem.age_groups`.
    length_of_stay : int
        Days from admission, at least 1.
    workload : tuple[int, ...]
        Work caused, one figure per shift of the stay.
    skill_required : tuple[int, ...]
        Skill level needed, one figure per shift of the stay.
    intensive_days : int
        First days of the stay that are spent in intensive care, at most :attr:`length_of_stay`; the bed of the room is
        kept meanwhile, since nobody knows at which hour intensive care sends its patients back.
    """

    id: str
    gender: str
    age_group: int
    length_of_stay: int
    workload: tuple[int, ...]
    skill_required: tuple[int, ...]
    intensive_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupant(Person):
    """Somebody who is there already on day 0 and stays in the same room.

    Parameters
    ----------
    room : str
        Id of the room.
    """

    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient(Person):
    """Somebody who waits for admission.

    Parameters
    ----------
    is_mandatory : bool
        Whether the admission must be within the horizon.
    release_day, due_day : int
        First and last possible day of admission.
    surgery_minutes : int
        Length of the operation on the day of admission; 0 without one.
    surgeon : str
        Id of the surgeon; empty without operation.
    incompatible_rooms : frozenset[str]
        Ids of rooms that do not suit: isolation, equipment, specialty.
    incompatible_theatres : frozenset[str]
        Ids of theatres that do not suit.
    procedure : str
        Code of the operation in the hospital's own system (OPS, CPT, ICD-10-PCS); it plays no part in the planning, and
        tells the stores what to bring.
    """

    is_mandatory: bool
    release_day: int
    due_day: int
    surgery_minutes: int
    surgeon: str
    incompatible_rooms: frozenset[str] = frozenset()
    incompatible_theatres: frozenset[str] = frozenset()
    procedure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room with beds.

    Parameters
    ----------
    id : str
        Id of the place.
    capacity : int
        Beds.
    blocked_by_day : tuple[int, ...]
        Beds out of use on each day: not cleaned, closed; empty for none.
    """

    id: str
    capacity: int
    blocked_by_day: tuple[int, ...] = ()

    def capacity_on(self, day: int) -> int:
        """Give how many beds can be used on a day."""
        # More may be blocked than the room has, as when a bed was moved away.
        return max(0, self.capacity - (self.blocked_by_day[day] if day < len(self.blocked_by_day) else 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Theatre:
    """An operating theatre.

    Parameters
    ----------
    id : str
        Id of the place.
    minutes_by_day : tuple[int, ...]
        Minutes that it can be used on each day.
    """

    id: str
    minutes_by_day: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surgeon:
    """A surgeon.

    Parameters
    ----------
    id : str
        Id of the member of staff.
    minutes_by_day : tuple[int, ...]
        Longest time of operating on each day.
    """

    id: str
    minutes_by_day: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NurseShift:
    """A shift that a nurse is rostered for.

    Parameters
    ----------
    day, shift : int
        When.
    max_load : int
        Workload that the nurse can bear in it.
    max_rooms : int
        Occupied rooms that the nurse may look after in it; 0 for no limit.
    """

    day: int
    shift: int
    max_load: int
    max_rooms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Nurse:
    """A nurse with skill and roster.

    Parameters
    ----------
    id : str
        Id of the member of staff.
    skill : int
        Level, from 0.
    shifts : tuple[NurseShift, ...]
        At most one per day and shift.
    """

    id: str
    skill: int
    shifts: tuple[NurseShift, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What a person has fixed for a patient; an empty field leaves the planner free.

    Parameters
    ----------
    patient : str
        Id of the patient.
    day : int
        Day of admission; :data:`ANY_DAY` if open.
    room, theatre : str
        Ids; empty if open.
    """

    patient: str
    day: int = ANY_DAY
    room: str = ""
    theatre: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionProblem:
    """Everything that an admission plan has to respect.

    Parameters
    ----------
    days : int
        Horizon.
    shift_types : tuple[str, ...]
        Names of a day's shifts in their order.
    age_groups : tuple[str, ...]
        Names of the age groups from the youngest.
    skill_levels : int
        Number of skill levels.
    weights : Weights
        Prices of the soft rules.
    occupants, patients, rooms, theatres, surgeons, nurses
        Who and what there is; ids are unique within each.
    pins : tuple[Pin, ...]
        What people have fixed.
    published : tuple[Stay, ...]
        Stays of the plan in force; a change costs :attr:`Weights.change`.
    intensive_beds : tuple[int, ...]
        Beds of intensive care that can be used on each day; empty if they are not planned here.
    turnover_minutes : int
        Part of every operation's minutes in which its theatre is made ready for the next one; nobody operates then.
    """

    days: int
    shift_types: tuple[str, ...]
    age_groups: tuple[str, ...]
    skill_levels: int
    weights: Weights
    occupants: tuple[Occupant, ...]
    patients: tuple[Patient, ...]
    rooms: tuple[Room, ...]
    theatres: tuple[Theatre, ...]
    surgeons: tuple[Surgeon, ...]
    nurses: tuple[Nurse, ...]
    pins: tuple[Pin, ...] = ()
    published: tuple[Stay, ...] = field(default=())
    intensive_beds: tuple[int, ...] = ()
    turnover_minutes: int = 0

    @property
    def n_shifts(self) -> int:
        """Shifts in the whole horizon."""
        return self.days * len(self.shift_types)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """The admission of one patient.

    Parameters
    ----------
    patient : str
        Id of the patient.
    day : int
        Day of admission and operation.
    room : str
        Id of the room, the same for the whole stay.
    theatre : str
        Id of the theatre; empty without operation.
    """

    patient: str
    day: int
    room: str
    theatre: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """The rooms that a nurse looks after in one shift.

    Parameters
    ----------
    nurse : str
        Id of the nurse.
    day, shift : int
        When.
    rooms : tuple[str, ...]
        Ids of the rooms.
    """

    nurse: str
    day: int
    shift: int
    rooms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionPlan:
    """Who is admitted when and where, and which nurse looks after which rooms.

    Parameters
    ----------
    stays : tuple[Stay, ...]
        Patients who are admitted; all others wait on.
    duties : tuple[Duty, ...]
        Nurses' rooms.
    """

    stays: tuple[Stay, ...] = ()
    duties: tuple[Duty, ...] = ()
