"""Texts for the codes of devices' records: work, measurements, notices, agreements, incidents, replacement."""

from __future__ import annotations

from collections.abc import Mapping

from dash_app.texts.catalogue import mark

WORK_KINDS: Mapping[str, str] = {
    "corrective": mark("Repair"),
    "preventive": mark("Preventive maintenance"),
    "calibration": mark("Calibration"),
    "safety_test": mark("Electrical safety test"),
    "incoming": mark("Incoming inspection"),
    "recall": mark("Recall action"),
    "decommission": mark("Decommissioning"),
    "disinfection": mark("Disinfection"),
}
WORK_STATES: Mapping[str, str] = {
    "requested": mark("Requested"),
    "open": mark("Open"),
    "in_progress": mark("In progress"),
    "acceptance": mark("Waits for acceptance"),
    "closed": mark("Closed"),
    "cancelled": mark("Cancelled"),
}
RESULT_DETAILS: Mapping[str, str] = {
    "visual": mark("Visual inspection failed"),
    "functional": mark("Function test failed"),
    "above_limit": mark("Above its limit"),
    "out_of_tolerance": mark("Out of tolerance as found"),
    "near_limit": mark("Near its limit"),
    "rising": mark("Rising"),
}
TIME_USES: Mapping[str, str] = {
    "in_use": mark("With a patient"),
    "beside_patient": mark("Beside a patient, not running"),
    "with_patient_away": mark("At an empty bed"),
    "kept_ready": mark("Kept ready"),
    "waits_dirty": mark("Waits to be cleaned"),
    "in_repair": mark("In the workshop"),
    "on_the_way": mark("On the way"),
    "elsewhere": mark("Elsewhere"),
    "out_of_sight": mark("Out of sight"),
}
STRATEGIES: Mapping[str, str] = {
    "oem": mark("As the manufacturer says"),
    "aem": mark("Alternative interval on evidence"),
    "inspection": mark("Inspection only"),
    "run_to_failure": mark("Run to failure"),
}
STRATEGY_ENDS: Mapping[str, str] = {
    "failures": mark("devices failed more often"),
    "review": mark("its evidence is past its review"),
    "person": mark("by hand"),
}
STEP_KINDS: Mapping[str, str] = {
    "check": mark("Tick"),
    "choice": mark("Choice"),
    "number": mark("Number"),
    "text": mark("Text"),
    "photo": mark("Photo"),
    "signature": mark("Signature"),
}
MEASURED: Mapping[str, str] = {
    "equipment_leakage": mark("Equipment leakage, µA"),
    "applied_part_leakage": mark("Applied part leakage, µA"),
    "protective_earth": mark("Protective earth, mΩ"),
}
LEAKAGE_METHODS: Mapping[str, str] = {
    "alternative": mark("Alternative"),
    "direct": mark("Direct"),
    "differential": mark("Differential"),
}
EARTH_PATHS: Mapping[str, str] = {
    "cord_alone": mark("The cord alone"),
    "without_cord": mark("Without its cord"),
    "with_cord": mark("With its cord"),
    "multiple_socket": mark("With a multiple socket"),
}
DECISION_RULES: Mapping[str, str] = {
    "simple": mark("Simple: within the tolerance"),
    "guarded": mark("Guarded: within the tolerance less the uncertainty"),
}
FEATURES: Mapping[str, str] = {
    "heat_up_s": mark("Time to the plateau, s"),
    "rise_k_per_min": mark("Rise to the plateau, K/min"),
    "hold_s": mark("Time in the band, s"),
    "cycle_s": mark("Length of the cycle, s"),
    "highest_c": mark("Highest temperature, °C"),
    "record_difference_k": mark("Control against record sensor, K"),
    "deepest_vacuum_kpa": mark("Deepest vacuum, kPa"),
    "air_share": mark("Share of air in the plateau"),
    "leak_kpa_per_min": mark("Leak rate of the leak test, kPa/min"),
    "mean": mark("Mean of a day's samples"),
    "highest": mark("Highest of a day's samples"),
    "spread": mark("Spread of a day's samples"),
}
DIRECTIONS: Mapping[str, str] = {
    "up": mark("Higher is worse"),
    "down": mark("Lower is worse"),
    "both": mark("Either way is worse"),
}
ALERT_OUTCOMES: Mapping[str, str] = {
    "open": mark("Order is open"),
    "confirmed": mark("Was right: repaired"),
    "false_alarm": mark("Was a false alarm"),
    "unknown": mark("Closed without a finding"),
}
CERTAINTIES: Mapping[str, str] = {
    "certain": mark("Applies"),
    "possible": mark("May apply: look at the label"),
}
MATCH_STATES: Mapping[str, str] = {
    "open": mark("To be dealt with"),
    "fixed": mark("Fixed"),
    "not_affected": mark("Not affected"),
    "removed": mark("Taken out of use"),
    "not_located": mark("Not found"),
}
AGREEMENT_KINDS: Mapping[str, str] = {
    "loan_in": mark("Loan from others"),
    "loan_out": mark("Loan to others"),
    "rental": mark("Rental"),
    "service": mark("Service contract"),
    "warranty": mark("Warranty"),
}
SEVERITIES: Mapping[str, str] = {
    "near_miss": mark("Near miss"),
    "serious": mark("Serious"),
    "death": mark("Death or unexpected deterioration"),
    "public_threat": mark("Threat to public health"),
}
REFUSALS: Mapping[str, str] = {
    "reliability.too_few_events": mark("Fewer than three failures: too little to say"),
    "reliability.no_spread": mark("No finite shape fits these failures"),
}
TRENDS: Mapping[str, str] = {
    "worsening": mark("failures come ever faster"),
    "improving": mark("failures become rarer"),
    "none": mark("no trend"),
}
LEFT_OUT: Mapping[str, str] = {
    "benefit": mark("Others gain more for the same money"),
    "budget": mark("Does not fit into any year's budget"),
    "bundle": mark("Its bundle does not fit"),
    "standard": mark("Would be one model too many"),
    "capacity": mark("No more can be installed in a year"),
}
SCORE_PARTS: Mapping[str, str] = {
    "age": mark("Age"),
    "end_of_support": mark("End of support"),
    "failures": mark("Failures"),
    "service_cost": mark("Cost of repairs"),
    "downtime": mark("Time down"),
    "notices": mark("Open notices"),
    "cyber": mark("Unsupported system"),
    "criticality": mark("Criticality"),
}
SET_FLAGS: Mapping[str, str] = {
    "set.never_reprocessed": mark("Never reprocessed here"),
    "set.loading": mark("Still being loaded"),
    "set.in_cycle": mark("Still in the machine"),
    "set.pending": mark("Cycle ended, not released"),
    "set.rejected": mark("Its load was rejected"),
    "set.recalled": mark("Recalled"),
    "set.expired": mark("Expired"),
    "set.used_already": mark("Used since"),
    "set.instrument_faulty": mark("An instrument in it is, or may have been, faulty"),
}
MACHINE_KINDS: Mapping[str, str] = {
    "steam": mark("Steam sterilizer"),
    "washer_disinfector": mark("Washer-disinfector"),
    "low_temperature": mark("Low-temperature sterilizer"),
    "endoscope_washer": mark("Endoscope washer"),
    "ultraviolet": mark("Ultraviolet light"),
}
EVIDENCE: Mapping[str, str] = {
    "control_temperature": mark("Control sensor"),
    "record_temperature": mark("Record sensor"),
    "pressure": mark("Absolute pressure"),
    "phase": mark("Phases"),
    "door": mark("Door"),
    "alarm": mark("Alarms"),
    "cycle_number": mark("Cycle number"),
    "heartbeat": mark("Heartbeat"),
    "air_removal_test": mark("Air removal test of the day"),
    "leak_test": mark("Leak test in date"),
    "calibration": mark("Calibration in date"),
    "maintenance": mark("Maintenance not overdue"),
    "no_open_notice": mark("No open safety notice"),
    "printout": mark("Photo of the printout"),
}
LEADING: Mapping[str, str] = {
    "phase": mark("Its phase"),
    "state": mark("Its state"),
    "control_c": mark("Its temperature"),
}
SCOPE_CLOCKS: Mapping[str, str] = {
    "bedside_to_clean_s": mark("From the bedside to manual cleaning, minutes"),
    "clean_to_machine_s": mark("From manual cleaning to the washer, minutes"),
    "drying_s": mark("Least drying, minutes"),
    "hang_s": mark("Storage until it is reprocessed unused, days"),
}
RELATIONS: Mapping[str, str] = {
    "part_of": mark("is part of"),
    "powered_by": mark("is powered by"),
    "networked_to": mark("is networked to"),
    "accessory_of": mark("is an accessory of"),
    "backup_of": mark("is a backup of"),
}
FAULTS: Mapping[str, str] = {
    "broken": mark("Broken or bent"),
    "piece_missing": mark("A piece is missing"),
    "soiled": mark("Soiled after reprocessing"),
    "corroded": mark("Corroded"),
    "insulation": mark("Insulation damaged"),
    "other": mark("Something else"),
}
OPERATIONAL: Mapping[str, str] = {
    "ordered": mark("Ordered"),
    "received": mark("Received"),
    "incoming_test": mark("Being tested on arrival"),
    "in_service": mark("In service"),
    "in_maintenance": mark("In maintenance"),
    "failed": mark("Failed"),
    "in_repair": mark("In repair"),
    "acceptance_test": mark("Waits for acceptance"),
    "quarantined": mark("In quarantine"),
    "missing": mark("Missing"),
    "retired": mark("Retired"),
    "sanitised": mark("Wiped of its data"),
    "disposed": mark("Disposed of"),
}
LOAD_STATES: Mapping[str, str] = {
    "loading": mark("Being loaded"),
    "in_cycle": mark("In the machine"),
    "pending": mark("Waits for a signature"),
    "released": mark("Released"),
    "rejected": mark("Rejected"),
    "recalled": mark("Recalled"),
}
INDICATORS: Mapping[str, str] = {
    "biological": mark("Biological indicator"),
    "chemical": mark("Chemical indicator"),
    "challenge_device": mark("Challenge device"),
}
MACHINE_TESTS: Mapping[str, str] = {
    "air_removal_test": mark("Air removal test"),
    "leak_test": mark("Leak test"),
    "calibration": mark("Calibration"),
}
