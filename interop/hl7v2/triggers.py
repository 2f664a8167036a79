"""What each trigger event means for the twin: one table, from which the documentation is made.

A trigger that is not in the table is stored and changes nothing; it is never lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from interop.hl7v2.locating import is_location_report, located
from interop.hl7v2.reading import ARRIVAL_MODES, DISPOSITIONS, Reading
from interop.hl7v2.requisitions import requisitions
from interop.hl7v2.supplying import ItemProposal, StockFigure, cycles, figures_of, locations_listed, proposals_of
from twin.events.envelope import Event
from twin.events.patients import (
    BedReadiness,
    BedReadinessChanged,
    BedReserved,
    BedService,
    BedServiceChanged,
    DischargePlanned,
    EncounterArrived,
    EncounterClass,
    EncounterDeparted,
    EncounterFactCancelled,
    EncounterFinished,
    EncounterLeaveEnded,
    EncounterLeaveStarted,
    EncounterMoved,
    EncounterPlanned,
    EncountersMerged,
    EncountersSwapped,
    EncounterStarted,
    EncounterUpdated,
    StageReached,
)

Rule = Callable[[list[Reading]], Iterator[Event]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One trigger event.

    Parameters
    ----------
    name : str
        What the standard calls it.
    outcome : str
        What it does to the twin, in one sentence.
    rule : Callable or None
        Makes the events; None if the message is only stored.
    is_person : bool
        Whether it may change who somebody is: the link table follows.
    is_same_person : bool
        Whether MRG-1 and PID-3 are one person from then on. A visit or account that moves from one person to another
        (A44, A45) names both as well, and they stay two.
    figures : Callable or None
        Gives how much places hold by the message; kept beside our own stock.
    proposals : Callable or None
        Gives entries of another system's item master; a person decides on them.
    """

    name: str
    outcome: str
    rule: Rule | None = None
    is_person: bool = False
    is_same_person: bool = False
    figures: Callable[[Reading], Iterator[StockFigure]] | None = None
    proposals: Callable[[Reading], Iterator[ItemProposal]] | None = None


def _each(rule: Callable[[Reading], Iterator[Event]]) -> Rule:
    def both(readings: list[Reading]) -> Iterator[Event]:
        for reading in readings:
            yield from rule(reading)

    return both


def _started(default: EncounterClass) -> Rule:
    def rule(reading: Reading) -> Iterator[Event]:
        yield reading.event(
            EncounterStarted, encounter_class=reading.encounter_class() or default, place=reading.place("PV1", 3),
            service=reading.value("PV1", 10),
            arrival_mode=ARRIVAL_MODES.get(reading.value("PV2", 38), ""),
        )  # fmt: skip

    return _each(rule)


def _changed_class(new: EncounterClass) -> Rule:
    def rule(reading: Reading) -> Iterator[Event]:
        # Some systems give the stay a new number with its new class, and the old one in MRG (3.3.6 and 3.3.7).
        yield from _merged(reading)
        told = reading.encounter_class()
        fits = told if told not in (None, EncounterClass.PRE_ADMISSION) else new
        place, service = reading.place("PV1", 3), reading.value("PV1", 10)
        yield reading.event(EncounterStarted, encounter_class=fits, place=place, service=service)

    return _each(rule)


def _moved(reading: Reading) -> Iterator[Event]:
    place = reading.place("PV1", 3)
    if place:
        yield reading.event(EncounterMoved, place=place, from_place=reading.place("PV1", 6))
    else:
        reading.encounter()
        reading.notes.append("place_missing")


def _finished(reading: Reading) -> Iterator[Event]:
    yield reading.event(EncounterFinished, disposition=DISPOSITIONS.get(reading.value("PV1", 36).zfill(2), ""))


def _planned(reading: Reading) -> Iterator[Event]:
    yield reading.event(
        EncounterPlanned, encounter_class=reading.encounter_class() or EncounterClass.PRE_ADMISSION,
        expected_at=reading.expected_at(("PV2", 8), ("EVN", 3), ("PV1", 44)), place=reading.place("PV1", 42, 3),
        service=reading.value("PV1", 10),
        arrival_mode=ARRIVAL_MODES.get(reading.value("PV2", 38), ""),
    )  # fmt: skip


def _updated(reading: Reading) -> Iterator[Event]:
    yield reading.event(EncounterUpdated, encounter_class=reading.encounter_class(), service=reading.value("PV1", 10))


def _updated_if_visit(reading: Reading) -> Iterator[Event]:
    if reading.value("PV1", 19) or (reading.segment("PV1") and reading.value("PID", 18)):
        yield from _updated(reading)


def _departed(reading: Reading) -> Iterator[Event]:
    # Where from is PV1-6; without it, whatever place the twin believes.
    yield reading.event(EncounterDeparted, place=reading.place("PV1", 6))


def _arrived(reading: Reading) -> Iterator[Event]:
    place = reading.place("PV1", 11, 3)
    if place:
        yield reading.event(EncounterArrived, place=place)
    else:
        reading.notes.append("place_missing")


def _reserved(reading: Reading) -> Iterator[Event]:
    place = reading.place("PV1", 42, 3)
    if place:
        expected = reading.expected_at(("EVN", 3), ("PV2", 8))
        yield reading.event(BedReserved, place=place, expected_at=expected)
    else:
        reading.notes.append("place_missing")


def _discharge_planned(reading: Reading) -> Iterator[Event]:
    yield reading.event(DischargePlanned, expected_at=reading.expected_at(("PV2", 9), ("EVN", 3), ("PV1", 45)))


def _cancelled(kind: type[Event]) -> Rule:
    def rule(reading: Reading) -> Iterator[Event]:
        # EVN-6 of a cancel is when the cancelled fact happened; an admission takes back all up to the cancel itself.
        at = reading.recorded_at() if kind is EncounterStarted else reading.occurred_at()
        yield reading.event(EncounterFactCancelled, at=at, cancels=kind.__name__)

    return _each(rule)


def _deleted(reading: Reading) -> Iterator[Event]:
    """Take back a visit that was entered in error: left alone it would hold its bed for ever."""
    if not reading.value("PV1", 19) and not (reading.segment("PV1") and reading.value("PID", 18)):
        return  # the record of a person; no visit is named
    for kind in (EncounterStarted, EncounterPlanned):
        yield from _cancelled(kind)([reading])


def _swapped(readings: list[Reading]) -> Iterator[Event]:
    first, second = readings[0], readings[-1]
    if first is second or first.encounter() == second.encounter():
        first.notes.append("swap_with_nobody")
        return
    yield first.event(EncountersSwapped, other=second.encounter())


_READINESS = {
    "H": BedReadiness.CLEANING,
    "K": BedReadiness.CONTAMINATED,
    "U": BedReadiness.CLEAN,
}
_SERVICE = {"C": BedService.CLOSED, "I": BedService.ISOLATED}


def _bed_status(reading: Reading) -> Iterator[Event]:
    bed, code = reading.bed("NPU", 1), reading.value("NPU", 2).upper()
    if not bed:
        reading.notes.append("not_a_bed")
        return
    if code not in (*_READINESS, *_SERVICE, "O"):
        reading.notes.append("bed_status_unknown")
        return
    # Occupied is what encounters say, not housekeeping: O only tells that the bed is in service.
    yield reading.event(BedServiceChanged, thing=bed, service=_SERVICE.get(code, BedService.OPEN))
    if code in _READINESS:
        yield reading.event(BedReadinessChanged, thing=bed, readiness=_READINESS[code])


def _leave_started(reading: Reading) -> Iterator[Event]:
    yield reading.event(EncounterLeaveStarted, expected_return_at=reading.expected_at(("PV2", 47), ("EVN", 3)))


def _leave_ended(reading: Reading) -> Iterator[Event]:
    yield reading.event(EncounterLeaveEnded)


def _merged(reading: Reading) -> Iterator[Event]:
    prior = reading.prior_encounter()
    if not prior:
        return  # two persons turned out to be one; their visits stay two visits
    into = reading.encounter()
    if prior != into:
        yield reading.event(EncountersMerged, thing=prior, into=into)


def _persons_merged(reading: Reading) -> Iterator[Event]:
    """Merge visits if both are named; what a sender repeats in MRG beside the persons is no reason to refuse these."""
    if reading.prior_encounter() and not (reading.value("PV1", 19) or reading.value("PID", 18)):
        reading.notes.append("visit_missing")
        return
    yield from _merged(reading)


def _booked(readings: list[Reading]) -> Iterator[Event]:
    # SCH, the resources and the patient are one appointment; its first group holds all of them.
    reading = readings[0]
    expected = reading.expected_at_component("SCH", 11, 4) or reading.expected_at(
        ("TQ1", 7), ("AIS", 4), ("AIL", 6), ("AIG", 8), ("AIP", 6)
    )
    if not expected:
        reading.notes.append("instant_missing")
    kind = reading.encounter_class() or EncounterClass.AMBULATORY
    yield reading.event(
        EncounterPlanned, thing=reading.booking(), encounter_class=kind,
        expected_at=expected, place=reading.place("AIL", 3) or reading.place("PV1", 3),
        service=reading.value("AIS", 3) or reading.value("PV1", 10),
    )  # fmt: skip


def _booking_cancelled(readings: list[Reading]) -> Iterator[Event]:
    yield readings[0].event(
        EncounterFactCancelled, thing=readings[0].booking(), at=readings[0].recorded_at(),
        cancels=EncounterPlanned.__name__,
    )  # fmt: skip


def _appointments() -> dict[tuple[str, str], Trigger]:
    booked = (
        "EncounterPlanned at SCH-11 (else TQ1, AIS, AIL), in AIL-3; the visit, else the appointment number, names it."
    )
    undone = f"Undoes the latest EncounterPlanned of the booking ({_C})."
    table = {
        ("SIU", code): Trigger(name=name, outcome=booked, rule=_booked, is_person=True)
        for code, name in (("S12", "New appointment"), ("S13", "Rescheduled"), ("S14", "Modified"))
    }
    for code, name in (("S15", "Cancelled"), ("S17", "Deleted"), ("S26", "Patient did not come")):
        table["SIU", code] = Trigger(name=f"Appointment: {name.lower()}", outcome=undone, rule=_booking_cancelled)
    for code in ("S16", "S18", "S19", "S20", "S21", "S22", "S23", "S24", "S27"):
        table["SIU", code] = Trigger(name="Appointments", outcome=_STORED)
    return table


def _stage(stage: str) -> Rule:
    def rule(reading: Reading) -> Iterator[Event]:
        if reading.value("PV1", 19) or (reading.segment("PV1") and reading.value("PID", 18)):
            yield reading.event(StageReached, stage=stage)

    return lambda readings: rule(readings[0])


def _observed(readings: list[Reading]) -> Iterator[Event]:
    """Tell a location report from a result: both are ORU^R01."""
    if is_location_report(readings[0].message):
        return located(readings)
    return _stage("result_ready")(readings)


def _ordered(readings: list[Reading]) -> Iterator[Event]:
    order = readings[0].message.first("ORC")
    if order is None or order.value(1) in ("NW", "SN", "OK", "IP", "PA", ""):
        yield from _stage("ordered")(readings)
    else:
        readings[0].notes.append("order_not_new")


_STORED = "Stored; changes nothing in the twin."
_PERSON = "The link table follows; visits stay as they are."
_C = EncounterFactCancelled.__name__


def _adt() -> dict[str, Trigger]:
    cancels: dict[str, tuple[str, type[Event]]] = {
        "A11": ("Cancel admit", EncounterStarted), "A12": ("Cancel transfer", EncounterMoved),
        "A13": ("Cancel discharge", EncounterFinished), "A25": ("Cancel pending discharge", DischargePlanned),
        "A26": ("Cancel pending transfer", BedReserved), "A27": ("Cancel pending admit", EncounterPlanned),
        "A32": ("Cancel patient arriving", EncounterArrived), "A33": ("Cancel patient departing", EncounterDeparted),
        "A38": ("Cancel pre-admit", EncounterPlanned), "A52": ("Cancel leave of absence", EncounterLeaveStarted),
        "A53": ("Cancel return from leave", EncounterLeaveEnded),
    }  # fmt: skip
    table = {
        code: Trigger(name=name, rule=_cancelled(kind), outcome=f"Undoes the latest {kind.__name__} ({_C}).")
        for code, (name, kind) in cancels.items()
    }
    table |= {
        "A01": Trigger(name="Admit", rule=_started(EncounterClass.INPATIENT), is_person=True,
                       outcome="EncounterStarted in the bed of PV1-3."),
        "A02": Trigger(name="Transfer", rule=_each(_moved),
                       outcome="EncounterMoved to PV1-3; without a place, stored only."),
        "A03": Trigger(name="Discharge", rule=_each(_finished),
                       outcome="EncounterFinished: ends the assignment; the bed is free after the departure only."),
        "A04": Trigger(name="Register", rule=_started(EncounterClass.AMBULATORY), is_person=True,
                       outcome="EncounterStarted as out-patient or emergency."),
        "A05": Trigger(name="Pre-admit", rule=_each(_planned), is_person=True,
                       outcome="EncounterPlanned with the expected instant and the place booked."),
        "A06": Trigger(name="Out-patient to in-patient", rule=_changed_class(EncounterClass.INPATIENT), is_person=True,
                       outcome="EncounterStarted as in-patient; the stay goes on, also under a new number (MRG)."),
        "A07": Trigger(name="In-patient to out-patient", rule=_changed_class(EncounterClass.AMBULATORY),
                       is_person=True,
                       outcome="EncounterStarted as out-patient; the stay goes on, also under a new number (MRG)."),
        "A08": Trigger(name="Update", rule=_each(_updated), is_person=True,
                       outcome="EncounterUpdated; never a movement, whatever PV1-3 says or leaves out."),
        "A09": Trigger(name="Patient departing", rule=_each(_departed),
                       outcome="EncounterDeparted from PV1-6: frees the bed."),
        "A10": Trigger(name="Patient arriving", rule=_each(_arrived),
                       outcome="EncounterArrived at PV1-11, else PV1-3."),
        "A14": Trigger(name="Pending admit", rule=_each(_planned), is_person=True,
                       outcome="EncounterPlanned; the place of PV1-42 is kept."),
        "A15": Trigger(name="Pending transfer", rule=_each(_reserved),
                       outcome="BedReserved at PV1-42: reserved, not occupied."),
        "A16": Trigger(name="Pending discharge", rule=_each(_discharge_planned),
                       outcome="DischargePlanned; the bed stays occupied."),
        "A17": Trigger(name="Swap patients", rule=_swapped,
                       outcome="EncountersSwapped, both at once; pending moves of both stay."),
        "A20": Trigger(name="Bed status", rule=_each(_bed_status),
                       outcome="BedServiceChanged and BedReadinessChanged by table 0116; a ward is no bed."),
        "A21": Trigger(name="Leave of absence", rule=_each(_leave_started),
                       outcome="EncounterLeaveStarted; the bed is kept."),
        "A22": Trigger(name="Return from leave", rule=_each(_leave_ended), outcome="EncounterLeaveEnded."),
        "A23": Trigger(name="Delete a patient record", rule=_each(_deleted),
                       outcome=f"Undoes plan and admission of the visit named ({_C}); without a visit, stored only."),
        "A31": Trigger(name="Update person", rule=_each(_updated_if_visit), is_person=True,
                       outcome="The link table follows; EncounterUpdated if a visit is named."),
    }  # fmt: skip
    return table | _merges()


_MOVES = frozenset({"A44", "A45"})
"""What moves an account or a visit from one person to another: MRG-1 and PID-3 stay two persons."""


_OF_VISITS = frozenset({"A35", "A41", "A42", "A44", "A45", "A49", "A50"})
"""What says nothing at all without the number that an account or visit goes on under."""


def _merges() -> dict[str, Trigger]:
    table = {
        code: Trigger(name=name, rule=_each(_merged if code in _OF_VISITS else _persons_merged), is_person=True,
                      is_same_person=code not in _MOVES,
                      outcome="EncountersMerged if MRG names another visit or account; the link table follows.")
        for code, name in {
            "A18": "Merge patient information", "A34": "Merge patient", "A35": "Merge account",
            "A36": "Merge patient and account", "A39": "Merge person", "A40": "Merge patient identifiers",
            "A41": "Merge account", "A42": "Merge visit", "A44": "Move account", "A45": "Move visit",
            "A49": "Change account number", "A50": "Change visit number",
        }.items()
    }  # fmt: skip
    for code, name in {
        "A28": "Add person", "A30": "Merge person", "A43": "Move patient information", "A46": "Change patient id",
        "A47": "Change patient identifier list", "A48": "Change alternate patient id",
    }.items():  # fmt: skip
        table[code] = Trigger(name=name, outcome=_PERSON, is_person=True, is_same_person=code != "A28")
    for code, name in {
        "A19": "Patient query", "A24": "Link patients", "A29": "Delete person",
        "A37": "Unlink patients", "A51": "Change alternate visit id", "A54": "Change attending doctor",
        "A55": "Cancel change of attending doctor", "A60": "Update allergies", "A61": "Change consulting doctor",
        "A62": "Cancel change of consulting doctor",
    }.items():  # fmt: skip
        table[code] = Trigger(name=name, outcome=_STORED)
    return table


def _others() -> dict[tuple[str, str], Trigger]:
    ordered = "StageReached ordered for a new order that names a visit; else stored."
    table = {
        (kind, event): Trigger(name=name, outcome=ordered, rule=_ordered)
        for kind, event, name in (
            ("ORM", "O01", "Order"), ("OMG", "O19", "General order"), ("OML", "O21", "Laboratory order"),
            ("OML", "O33", "Laboratory order, specimens"), ("OML", "O35", "Laboratory order, containers"),
            ("OMI", "O23", "Imaging order"), ("RDE", "O11", "Pharmacy order"), ("RDE", "O25", "Refill request"),
        )
    }  # fmt: skip
    for kind, event, name, stage in (
        ("OUL", "R22", "Specimen result", "result_ready"),
        ("OUL", "R23", "Container result", "result_ready"), ("OUL", "R24", "Order result", "result_ready"),
        ("RDS", "O13", "Dispense", "dispensed"),
    ):  # fmt: skip
        sentence = f"StageReached {stage} if a visit is named; else stored."
        table[kind, event] = Trigger(name=name, outcome=sentence, rule=_stage(stage))
    table["ORU", "R01"] = Trigger(
        name="Observation result", rule=_observed,
        outcome="StageReached result_ready if a visit is named; an IHE MEM-LS report of locations is ZoneChanged, "
                "ZoneConfirmed or TagLost of each tag; else stored.",
    )  # fmt: skip
    stored = {
        "MDM": ("Documents", [f"T{number:02d}" for number in range(1, 12)]),
        "INR": ("Inventory request", ["U06", "U14"]),
        "SLR": ("Sterilization lot request", ["S28", "S29"]), "STI": ("Sterilization item request", ["S30"]),
        "SDR": ("Sterilization device request", ["S31"]), "SMD": ("Sterilization cycle data", ["S32"]),
        "STC": ("Sterilization configuration", ["S33"]), "SLN": ("Sterilization lot", ["S34", "S35"]),
        "SDN": ("Device data", ["S36"]),
        "BAR": ("Billing account", ["P01", "P02", "P05", "P06", "P10", "P12"]),
        "DFT": ("Charges", ["P03", "P11"]), "VXU": ("Vaccination", ["V04"]),
        "REF": ("Referral", ["I12", "I13", "I14", "I15"]), "PPR": ("Problems", ["PC1", "PC2", "PC3"]),
        "RAS": ("Administration", ["O17"]),
    }  # fmt: skip
    for kind, (name, events) in stored.items():
        for event in events:
            table[kind, event] = Trigger(name=name, outcome=_STORED)
    return table | _supplies()


def _supplies() -> dict[tuple[str, str], Trigger]:
    beside = "what it holds (INV) is kept beside our own stock; a difference is shown, nothing is booked."
    decided = "Entries of the item master wait for a person, who takes or declines them"
    return {
        ("INU", "U05"): Trigger(
            name="Automated equipment inventory", figures=figures_of, outcome=f"The figure of a cabinet: {beside}"
        ),
        ("OMS", "O05"): Trigger(
            name="Stock requisition", rule=requisitions,
            outcome="TaskRequested (restock) for each line with item, quantity and a place that we know; a cancelled "
                    "line is RequestSettled.",
        ),
        ("MFN", "M05"): Trigger(
            name="Location master", rule=locations_listed,
            outcome="Names of places (LOC-1) that we do not know are listed for a person to match.",
        ),
        ("MFN", "M15"): Trigger(
            name="Inventory item master", figures=figures_of, proposals=proposals_of,
            outcome=f"{decided}; an on-hand quantity (IIM-12) is kept beside our own stock.",
        ),
        ("MFN", "M16"): Trigger(name="Material item master", proposals=proposals_of, outcome=f"{decided}."),
        ("SCN", "S37"): Trigger(
            name="Device cycle data", rule=cycles,
            outcome="CycleStarted and CycleEnded of a device that we know; never passed: the verdict is undetermined, "
                    "fail if the machine aborted or rang, and a person releases the load.",
        ),
    }  # fmt: skip


TRIGGERS: dict[tuple[str, str], Trigger] = (
    {("ADT", code): rule for code, rule in sorted(_adt().items())} | _appointments() | _others()
)
"""Every trigger that we know, by message code and trigger event."""


def table_as_markdown() -> str:
    """Write the table of triggers and outcomes for the documentation."""
    lines = ["| message | trigger | name | what the twin does |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {kind} | {event} | {trigger.name} | {trigger.outcome} |" for (kind, event), trigger in TRIGGERS.items()
    ]
    return "\n".join(lines)
