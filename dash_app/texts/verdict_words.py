"""Texts for what stands for or against a cycle: reasons of verdicts, criteria, and reasons against a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.codes import code_text

REASONS: Mapping[str, str] = {
    "hold_not_evidenced": mark("No sufficient time in the temperature band is proven"),
    "hold_short": mark("The time in the temperature band was too short"),
    "below_band": mark("The temperature fell below the band"),
    "over_band": mark("The temperature rose above the band"),
    "f0_low": mark("The lethality is below its limit"),
    "a0_low": mark("The disinfection value is below its limit"),
    "air_suspected": mark("Air in the chamber is suspected"),
    "air_excess": mark("There was air in the chamber"),
    "theoretical_temperature": mark("Pressure and temperature do not fit saturated steam"),
    "gauge_pressure_suspected": mark("The pressure seems to be gauge, not absolute"),
    "record_difference": mark("Control and record sensor disagree"),
    "record_begins_in_hold": mark("The record begins within the holding time"),
    "record_ends_in_hold": mark("The record ends within the holding time"),
    "gap_in_hold": mark("Samples are missing within the holding time"),
    "gap_outside_hold": mark("Samples are missing outside the holding time"),
    "no_samples": mark("There are no samples"),
    "samples_frozen": mark("The readings stood still"),
    "clock_step": mark("The clock was set during the cycle"),
    "cycle_number_changed": mark("The cycle number changed on the way"),
    "phase_missing": mark("A phase is missing"),
    "phase_order": mark("The phases did not come in their order"),
    "pulses_few": mark("Too few vacuum pulses"),
    "drying_short": mark("Drying was too short"),
    "abort_alarm": mark("The machine reported an alarm"),
    "machine_says_failed": mark("The machine did not print that it passed"),
    "door_open": mark("The door was open"),
    "evidence_missing": mark("Required evidence is missing"),
    "not_printed": mark("It is not printed"),
    "entered_by_hand": mark("It was entered by hand."),
    "precondition": mark("A test that must come before has not been passed"),
    "indicator": mark("An indicator did not pass"),
    "machine_test": mark("A test of the machine did not pass"),
    "cycle.not_ended": mark("The cycle has not ended"),
    "load.empty": mark("Nothing was scanned into the load"),
    "load.loading": mark("Being loaded"),
    "load.in_cycle": mark("In the machine"),
    "load.released": mark("Released"),
    "load.rejected": mark("Rejected"),
    "load.recalled": mark("Recalled"),
    "load.pending": mark("Waits for a signature"),
    "machine.running": mark("A cycle runs in the machine"),
    "machine.no_programme": mark("The machine has no programme"),
    "programme.unknown": mark("A programme of the machine is not entered"),
    "programme.not_of_machine": mark("The machine is not set up for this programme"),
    "programme.not_validated": mark("The programme's limits name no standard or validation"),
    "set.recalled": mark("The set was recalled: unpack and inspect it first"),
    "set.in_another_load": mark("The set lies in another load as well"),
    "set.instrument_faulty": mark("An instrument of the set is faulty"),
    "set.instrument_missing": mark("An instrument of the set is missing"),
    "set.instrument_worn_out": mark("An instrument of the set is worn out"),
    "device.unknown": mark("The device is not in the register"),
    "device.gone": mark("The device was retired"),
    "device.notice_open": mark("A safety notice on the device is open"),
}
"""By the codes of ``assets.rules`` (criteria, trust, manual, release); what follows a point names a detail."""

DETAILS: Mapping[str, str] = {
    "control_temperature": mark("Control sensor"),
    "record_temperature": mark("Record sensor"),
    "pressure": mark("Absolute pressure"),
    "phase": mark("Phases"),
    "door": mark("Door"),
    "alarm": mark("Alarms"),
    "cycle_number": mark("Cycle number"),
    "heartbeat": mark("Heartbeat"),
    "printout": mark("Photo of the printout"),
    "air_removal_test": mark("air removal test"),
    "leak_test": mark("leak test"),
    "calibration": mark("calibration"),
    "maintenance": mark("maintenance"),
    "no_open_notice": mark("safety notices"),
    "biological": mark("biological"),
    "chemical": mark("chemical"),
    "challenge_device": mark("challenge device"),
    "f0": "F0",
    "a0": "A0",
}

CRITERIA: Mapping[str, str] = {
    "hold": mark("Time in the band"),
    "over_band": mark("Upper end of the band"),
    "over_band_between_lines": mark("What was between two printed lines"),
    "theoretical_temperature": mark("Temperature of saturated steam"),
    "record_difference": mark("Control against record sensor"),
    "lethality": mark("Lethality"),
    "f0": "F0",
    "a0": "A0",
    "phases": mark("Phases"),
    "pulses": mark("Vacuum pulses"),
    "drying": mark("Drying"),
    "alarms": mark("Alarms"),
    "door": mark("Door"),
    "clock": mark("Clock"),
    "cycle_number": mark("Cycle number"),
    "precondition": mark("Known of the machine before"),
}


def reason_text(code: str) -> str:
    """Give the text of a reason of a verdict or against a release."""
    return _with_detail(REASONS, code)


def criteria_text(criteria: Sequence[str]) -> str:
    """Give criteria that were, or were not, looked at, in one line; a dash for none."""
    return ", ".join(_with_detail(CRITERIA, code) for code in criteria) or "–"


def _with_detail(table: Mapping[str, str], code: str) -> str:
    head, _dot, detail = code.partition(".")
    if code in table or head not in table or not detail:
        return code_text(table, code)
    return f"{_(table[head])} ({code_text(DETAILS, detail)})"
