"""Texts for the codes that organs give: what a person reads instead of ``par_breach`` or ``on-hold``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark

TASK_KINDS: Mapping[str, str] = {
    "restock": mark("Restock"),
    "clean": mark("Clean"),
    "transport": mark("Transport"),
    "maintain": mark("Maintain"),
    "retrieve": mark("Retrieve"),
    "count": mark("Count"),
}
TASK_STATUSES: Mapping[str, str] = {
    "draft": mark("Draft"),
    "requested": mark("Waiting"),
    "accepted": mark("Assigned"),
    "in-progress": mark("In progress"),
    "on-hold": mark("Blocked"),
    "completed": mark("Done"),
    "cancelled": mark("Cancelled"),
}
REASONS: Mapping[str, str] = {
    "par_breach": mark("At or below the reorder point"),
    "bin_empty": mark("Bin put to the empty position"),
    "stockout_predicted": mark("Will probably run out"),
    "departure": mark("Patient has left the bed"),
    "egress": mark("Left without permit"),
    "maintenance_due": mark("Maintenance is due"),
    "load_released": mark("Load was released"),
    "returned": mark("Goods come back"),
    "bought": mark("No place supplies the store: it is bought"),
    "back_order": mark("Owed since a short task"),
    "short_pick": mark("The shelf had less than the books say"),
    "count_due": mark("Due to be counted"),
    "case_cart": mark("For an operation"),
    "case_cancelled": mark("The operation needs it no more"),
    "transshipment": mark("Helps out another ward"),
    "manual": mark("Asked for by a person"),
    "short": mark("Less than asked for"),
    "not_found": mark("Not found where it should be"),
    "damaged": mark("Damaged"),
    "access": mark("Place cannot be entered"),
    "recalled": mark("Recalled"),
    "expired": mark("Expired"),
    "quarantined": mark("In quarantine"),
}
BACK_ORDER_STATES: Mapping[str, str] = {
    "open": mark("Waits for an arrival"),
    "asked": mark("A task brings it"),
    "cancelled": mark("Given up"),
}
LOTS_SHOWN: Mapping[str, str] = {
    "soon": mark("Expires within 30 days"),
    "expired": mark("Expired"),
    "stopped": mark("Must not be used"),
}
LOT_REASONS: Mapping[str, str] = {
    "stock.expired": mark("Expired"),
    "stock.recalled": mark("Recalled"),
    "stock.held": mark("Held"),
    "stock.quarantined": mark("In quarantine"),
    "stock.destroyed": mark("Destroyed"),
    "stock.lot_unknown": mark("Without a lot"),
    "stock.expiry_unknown": mark("Without an expiry"),
    "stock.life_too_short": mark("Too little life left"),
    "stock.storage_wrong": mark("Kept at the wrong temperature"),
    "stock.place_blocked": mark("Lies in quarantine"),
}
STOCK_PLACE_KINDS: Mapping[str, str] = {
    "central": mark("Central store"),
    "pharmacy": mark("Pharmacy"),
    "ward": mark("Shelf of a ward"),
    "cabinet": mark("Locked cabinet"),
    "bin": mark("Bin"),
    "cart": mark("Cart"),
    "transit": mark("On the way"),
    "quarantine": mark("Quarantine"),
    "return": mark("Returned goods"),
}
STORAGE_CLASSES: Mapping[str, str] = {
    "ambient": mark("Room temperature"),
    "2-8": mark("2 to 8 °C"),
    "-20": mark("−20 °C"),
    "-70": mark("−70 °C"),
    "LN2": mark("Liquid nitrogen"),
}
MOVEMENT_KINDS: Mapping[str, str] = {
    "receive": mark("Received"),
    "put_away": mark("Put away"),
    "pick": mark("Picked"),
    "deliver": mark("Delivered"),
    "issue": mark("Issued"),
    "consume": mark("Used"),
    "implant": mark("Implanted"),
    "return": mark("Brought back"),
    "count": mark("Counted"),
    "waste": mark("Thrown away"),
    "destroy": mark("Destroyed"),
    "transfer": mark("Moved"),
    "adjust": mark("Adjusted"),
    "quarantine": mark("Set aside"),
    "open": mark("Package opened"),
    "thaw": mark("Thawed"),
    "reverse": mark("Undone"),
    "reprocess": mark("Reprocessed"),
    "merge": mark("Merged with another entry"),
}
LIKENESS: Mapping[str, str] = {
    "code": mark("The same code"),
    "supplier_code": mark("The same number of a supplier"),
    "name": mark("The same words"),
    "similar_name": mark("A similar name"),
}
MERGE_OBSTACLES: Mapping[str, str] = {
    "merge.base_unit_differs": mark("They are counted in different units"),
    "merge.tracking_differs": mark("One is followed by lot or piece, the other is not"),
    "merge.storage_class_differs": mark("They are kept at different temperatures"),
    "merge.controlled_schedule_differs": mark("One is a controlled drug of another schedule"),
    "merge.merged_already": mark("One of them was merged already"),
    "merge.tasks_open": mark("A task brings some of it"),
    "merge.goods_promised": mark("Some of it is promised to a task"),
    "merge.count_open": mark("It is being counted"),
    "merge.goods_on_the_way": mark("Some of it is on a cart"),
    "merge.undone_already": mark("It was taken back already"),
    "merge.same_serial": mark("Both have a piece with the same serial number"),
}
FORECAST_ACTIONS: Mapping[str, str] = {
    "discharge_round": mark("Round for discharges now; pharmacy and transport first for those who go home"),
    "step_down": mark("See who can leave intensive care for a ward"),
    "boarders_first": mark("Ward beds first for those admitted from the emergency department"),
    "open_beds": mark("Open closed beds, or move patients to another ward"),
    "postpone": mark("See which planned admissions can wait"),
}
CROWDING: Mapping[str, str] = {
    "not_busy": mark("Not busy"),
    "busy": mark("Busy"),
    "extremely_busy": mark("Extremely busy"),
    "overcrowded": mark("Overcrowded"),
    "severely_overcrowded": mark("Severely overcrowded"),
    "dangerously_overcrowded": mark("Dangerously overcrowded"),
}
BED_USES: Mapping[str, str] = {
    "occupied": mark("Occupied"),
    "ready": mark("Ready"),
    "reserved": mark("Reserved"),
    "dirty": mark("To be cleaned"),
    "cleaning": mark("Being cleaned"),
    "closed": mark("Out of service"),
}
COUNT_STATES: Mapping[str, str] = {
    "open": mark("Being counted"),
    "closed": mark("Posted"),
    "cancelled": mark("Given up"),
}
COUNT_LINE_STATES: Mapping[str, str] = {
    "waiting": mark("To be counted"),
    "recount": mark("To be counted by a second person"),
    "decide": mark("To be decided"),
    "agreed": mark("Agreed"),
}
BED_READINESS: Mapping[str, str] = {
    "clean": mark("Clean"),
    "dirty": mark("To be cleaned"),
    "cleaning": mark("Being cleaned"),
    "contaminated": mark("Contaminated"),
}
BED_SERVICE: Mapping[str, str] = {
    "open": mark("In service"),
    "closed": mark("Out of service"),
    "isolated": mark("Isolated"),
}
PATH_KINDS: Mapping[str, str] = {
    "corridor": mark("Corridor"),
    "door": mark("Door"),
    "stairs": mark("Stairs"),
    "lift": mark("Lift"),
    "ramp": mark("Ramp"),
}
PLACE_KINDS: Mapping[str, str] = {
    "si": mark("Site"),
    "bu": mark("Building"),
    "wi": mark("Wing"),
    "wa": mark("Ward"),
    "lvl": mark("Level"),
    "co": mark("Corridor"),
    "ro": mark("Room"),
    "bd": mark("Bed"),
    "ve": mark("Vehicle"),
    "ho": mark("House"),
    "ca": mark("Cabinet"),
    "rd": mark("Road"),
    "area": mark("Area"),
    "jdn": mark("Jurisdiction"),
    "x-portal": mark("Portal"),
    "x-bin": mark("Bin"),
}
SUBSCRIPTION_STATES: Mapping[str, str] = {
    "requested": mark("Not yet confirmed"),
    "active": mark("Is told"),
    "error": mark("Stopped trying"),
    "off": mark("Paused"),
}
STOCK_STATES: Mapping[str, str] = {
    "out": mark("Empty"),
    "low": mark("Low"),
    "below_par": mark("Below par"),
    "enough": mark("Enough"),
    "unplanned": mark("No par level"),
}
FORECAST_METHODS: Mapping[str, str] = {
    "ses": mark("Exponential smoothing"),
    "moving_mean": mark("Moving mean"),
    "croston": mark("Croston"),
    "sba": mark("Croston, corrected (SBA)"),
    "tsb": mark("Teunter, Syntetos and Babai"),
}
PAR_DECISIONS: Mapping[str, str] = {
    "proposed": mark("Worth changing"),
    "unchanged": mark("As it should be"),
    "kept_small_change": mark("Left: the change is small and the service good"),
    "kept_frozen": mark("Left: accepted a short time ago"),
    "no_history": mark("Left: nothing was used"),
}
PAR_SHOWN: Mapping[str, str] = {
    "open": mark("Proposed changes"),
    "kept": mark("Levels that stay"),
    "all": mark("All par levels"),
}
DISCREPANCIES: Mapping[str, str] = {
    "short": mark("Less than expected"),
    "over": mark("More than expected"),
    "not_ordered": mark("Not ordered"),
}
ORDER_STATES: Mapping[str, str] = {
    "proposed": mark("Proposed"),
    "approved": mark("Approved"),
    "sent": mark("Sent"),
    "received": mark("Received"),
    "cancelled": mark("Cancelled"),
}
READINESS: Mapping[str, str] = {
    "clean": mark("Clean"),
    "dirty": mark("Dirty"),
    "cleaning": mark("Being cleaned"),
    "contaminated": mark("Contaminated"),
    "reprocessing": mark("Being reprocessed"),
}
DEVICE_STATUSES: Mapping[str, str] = {
    "on": mark("On"),
    "off": mark("Off"),
    "standby": mark("Stand-by"),
    "running": mark("Running"),
    "fault": mark("Fault"),
}
BASES: Mapping[str, str] = {
    "observed": mark("seen by a reader"),
    "assigned": mark("by its custodian"),
    "home": mark("its home; never seen"),
    "unknown": mark("not known"),
}
AVAILABILITY_REASONS: Mapping[str, str] = {
    "operational.in_repair": mark("In repair"),
    "operational.quarantined": mark("In quarantine"),
    "operational.failed": mark("Failed"),
    "operational.in_maintenance": mark("In maintenance"),
    "operational.missing": mark("Missing"),
    "operational.retired": mark("Retired"),
    "operational": mark("Not in service"),
    "reprocessing.dirty": mark("Not clean"),
    "reprocessing": mark("Being reprocessed"),
    "custody": mark("In somebody else's custody"),
    "compliance.maintenance_overdue": mark("Maintenance is overdue"),
    "compliance.calibration_overdue": mark("Calibration is overdue"),
    "compliance.safety_test_overdue": mark("Electrical safety test is overdue"),
    "compliance.safety_test_failed": mark("Electrical safety test failed"),
    "compliance.notice_open": mark("Under a safety notice"),
    "compliance.incident_open": mark("An incident is being looked into"),
    "compliance": mark("A duty is open"),
    "status.fault": mark("Reports a fault"),
}
TICKET_STATUSES: Mapping[str, str] = {
    "unknown": mark("Unknown"),
    "waiting": mark("Still waits"),
    "called": mark("Called"),
    "serving": mark("Being served"),
    "served": mark("Served"),
    "left": mark("Left"),
}
BEARERS: Mapping[str, str] = {
    "encounter": mark("Patient"),
    "asset": mark("Device"),
    "staff": mark("Member of staff"),
}
MESSAGE_OUTCOMES: Mapping[str, str] = {
    "applied": mark("Applied"),
    "stored": mark("Only stored"),
    "dead": mark("Dead letter"),
    "unreadable": mark("Not readable"),
}
DIFFERENCES: Mapping[str, str] = {
    "seen_elsewhere": mark("Wristband is seen elsewhere"),
    "not_present": mark("Has left the place assigned"),
    "still_present": mark("Discharged, but never seen leaving"),
    "shared_bed": mark("More people in the bed than it holds"),
    "unknown_place": mark("Assigned to a place that the twin does not know"),
    "tag_after_end": mark("Still bears a wristband after the stay"),
    "conflicting_facts": mark("Messages contradict each other"),
}
VERDICTS: Mapping[str, str] = {
    "pass": mark("Cycle passed"),
    "undetermined": mark("Evidence does not suffice"),
    "fail": mark("Cycle failed"),
}
TILES: Mapping[str, str] = {
    "beds": mark("Beds occupied"),
    "emergency": mark("Waiting in emergency"),
    "theatres": mark("Theatres in use"),
    "stock": mark("Stock lines empty"),
    "devices": mark("Devices not usable"),
    "gateways": mark("Gateways offline"),
}
TILE_DETAILS: Mapping[str, str] = {
    "ready": mark("{count} ready"),
    "dirty": mark("{count} to be cleaned"),
    "cleaning": mark("{count} being cleaned"),
    "closed": mark("{count} out of service"),
    "inbound": mark("ambulances on their way: {count}"),
    "longest_wait_s": mark("longest wait {duration}"),
    "coming_12h": mark("operations in the next 12 h: {count}"),
    "low": mark("lines low: {count}"),
    "out_within_24h": mark("lines out within 24 h: {count}"),
    "lost_tags": mark("tags lost: {count}"),
    "degraded": mark("{count} degraded"),
}
TILE_ACTIONS: Mapping[str, str] = {
    "clean_beds": mark("Clean the beds that wait ({count}): each one frees a place."),
    "relieve_ward": mark("Plan discharges or transfers from {ward}, the fullest ward."),
    "see_longest_waiting": mark("See the patient who has waited longest."),
    "publish_plan": mark("No plan is published: make one."),
    "restock": mark("Restock the lines that are low ({count})."),
    "review_devices": mark("Review the devices that may not be used ({count})."),
    "check_gateways": mark("Check the gateways that do not answer: their positions grow old."),
    "": mark("Nothing needs to be done."),
}
PRESSURE_PARAMETERS: Mapping[str, str] = {
    "beds_occupied_share": mark("Beds occupied"),
    "emergency_longest_wait_h": mark("Longest wait in emergency, hours"),
    "emergency_waiting": mark("Waiting in emergency"),
    "beds_to_clean_share": mark("Beds to be cleaned"),
    "stock_lines_out": mark("Stock lines empty"),
    "devices_unusable_share": mark("Devices not usable"),
}
PRESSURE_LEVELS: Mapping[str, str] = {
    "1": mark("Normal"),
    "2": mark("Moderate"),
    "3": mark("Severe"),
    "4": mark("Extreme"),
}
CATEGORIES: Mapping[str, str] = {
    "infusion_pump": mark("Infusion pump"),
    "syringe_pump": mark("Syringe pump"),
    "ventilator": mark("Ventilator"),
    "patient_monitor": mark("Patient monitor"),
    "defibrillator": mark("Defibrillator"),
    "wheelchair": mark("Wheelchair"),
    "bed": mark("Hospital bed"),
    "trolley": mark("Trolley"),
    "ultrasound": mark("Ultrasound"),
    "ecg": mark("ECG"),
    "steam_sterilizer": mark("Steam sterilizer"),
    "washer_disinfector": mark("Washer-disinfector"),
    "refrigerator": mark("Refrigerator"),
    "suction_unit": mark("Suction unit"),
    "thermometer": mark("Thermometer"),
    "vital_signs_monitor": mark("Vital signs monitor"),
    "feeding_pump": mark("Feeding pump"),
    "transport_trolley": mark("Transport trolley"),
    "pressure_mattress": mark("Pressure mattress"),
    "warming_unit": mark("Warming unit"),
    "ecg_recorder": mark("ECG recorder"),
    "bladder_scanner": mark("Bladder scanner"),
    "endoscope": mark("Endoscope"),
    "hoist": mark("Hoist"),
    "medicine_fridge": mark("Medicine fridge"),
    "isolation_room": mark("Isolation room"),
}
JOB_STATES: Mapping[str, str] = {
    "queued": mark("Waiting to start"),
    "running": mark("Running"),
    "done": mark("Done"),
    "failed": mark("Failed"),
    "cancelled": mark("Cancelled"),
}
PLAN_STATUSES: Mapping[str, str] = {
    "draft": mark("Draft"),
    "published": mark("In force"),
    "replaced": mark("Replaced"),
}
PLAN_RULES: Mapping[str, str] = {
    "gender_mix": mark("One gender in a room"),
    "incompatible_room": mark("Room suits the patient"),
    "incompatible_theatre": mark("Theatre suits the operation"),
    "surgeon_overtime": mark("Surgeon's hours"),
    "theatre_overtime": mark("Theatre's hours"),
    "mandatory_unscheduled": mark("Who must come is planned"),
    "admission_day": mark("Admission between release and due day"),
    "room_capacity": mark("Beds of a room"),
    "intensive_care": mark("Beds in intensive care"),
    "nurse_presence": mark("Nurse is at work"),
    "uncovered_room": mark("Each occupied room has a nurse"),
    "two_nurses": mark("One nurse for a room and shift"),
    "nurse_rooms": mark("Rooms to a nurse"),
    "two_stays": mark("One stay for a patient"),
    "theatre_missing": mark("Operation has a theatre"),
    "pin": mark("What was pinned stays"),
    "unknown": mark("Names that the hospital knows"),
    "mixed_age": mark("Ages in a room alike"),
    "nurse_skill": mark("Nurse's skill is enough"),
    "continuity": mark("Few nurses for a patient"),
    "excess_workload": mark("Nurse's workload"),
    "open_theatre": mark("Few theatres open"),
    "surgeon_transfer": mark("Surgeon stays in a theatre"),
    "delay": mark("No waiting after the release day"),
    "unscheduled": mark("Optional patients are planned"),
    "change": mark("Little changes against the plan before"),
    "one_shift": mark("One shift a day"),
    "skill": mark("Skill is held"),
    "day_off": mark("Leave is kept"),
    "succession": mark("Rest between shifts"),
    "legal_rest": mark("Legal rest between shifts"),
    "other_roster": mark("Legal rest between wards"),
    "leave_allowance": mark("Leave that there is"),
    "shift_count": mark("Most shifts of a kind"),
    "minutes": mark("Hours of the contract"),
    "assignments": mark("Days of the contract"),
    "work_run": mark("Days in a row at work"),
    "off_run": mark("Days in a row off"),
    "shift_run": mark("Days in a row on a shift"),
    "weekends": mark("Weekends at work"),
    "complete_weekend": mark("Whole weekends"),
    "minimum_cover": mark("Minimum safe staffing"),
    "cover": mark("Wished staffing"),
    "request": mark("Wishes of staff"),
    "fairness": mark("Nights and weekends shared"),
    "training": mark("Trainee with mentor"),
}
STAY_OUTCOMES: Mapping[str, str] = {
    "due": mark("Still to come"),
    "as_planned": mark("As planned"),
    "elsewhere": mark("In another room"),
    "late": mark("Late"),
    "not_come": mark("Has not come"),
    "cancelled": mark("Called off"),
}
SHIFT_REQUEST_KINDS: Mapping[str, str] = {
    "leave": mark("Leave"),
    "swap": mark("Swap"),
    "offer": mark("Offered shift"),
}
SHIFT_REQUEST_STATUSES: Mapping[str, str] = {
    "offered": mark("Waits for somebody who takes it"),
    "asked": mark("Waits for the colleague"),
    "agreed": mark("Waits for a planner"),
    "approved": mark("Approved"),
    "refused": mark("Refused"),
    "withdrawn": mark("Withdrawn"),
    "undone": mark("Undone"),
}


def code_text(table: Mapping[str, str], code: str) -> str:
    """Give the text of a code; a code without a text is shown in words of its own rather than hidden.

    Parameters
    ----------
    table : Mapping[str, str]
        One of this module's.
    code : str
        As the organ gave it; ``head.detail`` falls back to ``head``, with the detail behind it.
    """
    if code in table:
        return _(table[code])
    head, _dot, detail = code.partition(".")
    if detail and head in table:
        return f"{_(table[head])} ({detail.replace('_', ' ')})"
    return code.replace("_", " ").replace("-", " ")


def choices(table: Mapping[str, str], codes: Iterable[str]) -> list[dict[str, str]]:
    """Give options for a selection, in the order of the codes."""
    return [{"value": code, "label": code_text(table, code)} for code in codes]
