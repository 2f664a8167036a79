"""When the operations of a plan begin and end; the plan itself says only the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scheduling.model.admissions import Patient, Stay


def operation_times(
    patients: Mapping[str, Patient], stays: Sequence[Stay], turnover_minutes: int
) -> dict[str, tuple[int, int]]:
    """Give first and last minute of each operation after its day's beginning, by patient.

    Of the operations that wait the one goes first that can begin first, by theatre and surgeon, then by the patients'
    ids: nobody operates in two theatres at once.

    Parameters
    ----------
    patients : Mapping[str, Patient]
        By id.
    stays : Sequence[Stay]
        Of these patients, of any days; those without operation are left out.
    turnover_minutes : int
        Part of every operation's minutes in which its theatre is made ready for the next one.
    """
    found: dict[str, tuple[int, int]] = {}
    for day in sorted({stay.day for stay in stays}):
        waiting = sorted(
            (stay for stay in stays if stay.day == day and patients[stay.patient].surgery_minutes),
            key=lambda one: one.patient,
        )
        free: dict[tuple[str, str], int] = {}

        def begins(stay: Stay, free: Mapping[tuple[str, str], int] = free) -> int:
            surgeon = patients[stay.patient].surgeon
            # Of whom nobody has said who operates, nobody waits.
            surgeon_free = free.get(("surgeon", surgeon), 0) if surgeon else 0
            return max(free.get(("theatre", stay.theatre), 0), surgeon_free)

        while waiting:
            stay = min(waiting, key=begins)  # of equals the first: by id
            waiting.remove(stay)
            patient, first = patients[stay.patient], begins(stay)
            ready = first + patient.surgery_minutes
            # The operation itself ends before its theatre is ready for the next one.
            last = max(first, ready - turnover_minutes)
            found[stay.patient] = first, last
            free["theatre", stay.theatre], free["surgeon", patient.surgeon] = ready, last
    return found
