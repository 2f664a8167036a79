"""What a plan looks like to others: instants, a hash of its content, a calendar."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from scheduling.model.admissions import AdmissionPlan, AdmissionProblem
from scheduling.rules.calendar_days import wall_time
from scheduling.rules.operations import operation_times
from twin.events.work import PlannedShift, PlannedStay

MINUTE_US = 60_000_000
ADMISSION_HOUR = 8
"""Hour of the day at which stays start and theatres open, in the hospital's clock of the plan."""


def hash_of(problem: AdmissionProblem, plan: AdmissionPlan) -> str:
    """Give the SHA-256 of a problem and its plan, the same for the same content."""
    digest = hashlib.sha256(msgspec.json.encode(problem, order="deterministic"))
    digest.update(msgspec.json.encode(plan, order="deterministic"))
    return digest.hexdigest()


def stays_of(
    start_at: int, problem: AdmissionProblem, plan: AdmissionPlan, zone: str = "UTC"
) -> tuple[PlannedStay, ...]:
    """Give stays with instants: operations of a theatre follow each other, and wait for their surgeon.

    Parameters
    ----------
    start_at : int
        Midnight before the first day, UTC microseconds.
    problem : AdmissionProblem
        Lengths of stays and operations.
    plan : AdmissionPlan
        The plan.
    zone : str
        IANA name of the zone whose days the plan has: eight o'clock stays eight o'clock when the clock changes.
    """
    patients = {patient.id: patient for patient in problem.patients}
    # A draft may name anything; the checker tells.
    known = [stay for stay in plan.stays if stay.patient in patients and 0 <= stay.day < problem.days]
    begins = {day: wall_time(start_at, day, zone, ADMISSION_HOUR * 60) for day in {stay.day for stay in known}}
    operated = operation_times(patients, known, problem.turnover_minutes)
    found = []
    for stay in sorted(known, key=lambda one: (one.day, one.patient)):
        patient = patients[stay.patient]
        first, last = operated.get(stay.patient, (0, 0))
        found.append(
            PlannedStay(
                encounter=stay.patient,
                place=stay.room,
                start_at=begins[stay.day],
                end_at=wall_time(start_at, stay.day + patient.length_of_stay, zone, ADMISSION_HOUR * 60),
                theatre=stay.theatre,
                theatre_start_at=begins[stay.day] + first * MINUTE_US if last else 0,
                theatre_end_at=begins[stay.day] + last * MINUTE_US if last else 0,
                surgeon=patient.surgeon,
                procedure=patient.procedure,
            )
        )
    return tuple(found)


def calendar(plan_id: str, stamp_at: int, stays: Sequence[PlannedStay], shifts: Sequence[PlannedShift] = ()) -> str:
    """Give a plan as an iCalendar text: one event for each stay, each operation and each shift.

    Parameters
    ----------
    plan_id : str
        Id of the plan; part of each event's own id, so that a calendar knows it again.
    stamp_at : int
        When the plan was made or published, UTC microseconds.
    stays, shifts : Sequence
        What is planned.

    Returns
    -------
    str
        Lines of at most 75 octets that end in CR LF.

    References
    ----------
    RFC 5545 (2009), sections 3.1, 3.3.11 and 3.6.1.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Hospital Twin//Plan//EN", "CALSCALE:GREGORIAN"]
    stamp = _instant(stamp_at)
    for stay in stays:
        lines += _entry(
            f"{plan_id}-{stay.encounter}", stamp, (stay.start_at, stay.end_at), (stay.encounter, stay.place)
        )
        if stay.theatre_start_at:
            lines += _entry(
                f"{plan_id}-{stay.encounter}-theatre",
                stamp,
                (stay.theatre_start_at, stay.theatre_end_at),
                (f"{stay.encounter} ({stay.surgeon})", stay.theatre),
            )
    for shift in shifts:
        uid = f"{plan_id}-{shift.staff}-{shift.start_at}"
        lines += _entry(uid, stamp, (shift.start_at, shift.end_at), (shift.staff, shift.place))
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _entry(uid: str, stamp: str, span: tuple[int, int], told: Sequence[str]) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{_escaped(uid)}@hospital-twin",
        f"DTSTAMP:{stamp}",
        f"DTSTART:{_instant(span[0])}",
        f"DTEND:{_instant(span[1])}",
        f"SUMMARY:{_escaped(told[0])}",
        f"LOCATION:{_escaped(told[1])}",
        "END:VEVENT",
    ]


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    return "\\n".join(text.splitlines())


def _folded(line: str) -> str:
    """Break a line after at most 75 octets, never within a character."""
    parts, size = [""], 0
    for character in line:
        octets = len(character.encode())
        # 75 octets without the line break (RFC 5545, section 3.1).
        if size + octets > 75:
            parts.append("")
            size = 1  # the space that marks a continuation
        parts[-1] += character
        size += octets
    return "\r\n ".join(parts)
