"""The evidence of one load: its cycle, what the evidence says, what was not looked at, and who signed."""

from __future__ import annotations

from sqlmodel import Session

from assets.model.cycle import Judgement
from assets.rules.manual import Printout
from assets.rules.release import ReleaseCase
from dash_app.evidence.sheet import Drawn, Part, curve, facts, rows, sheet, text
from dash_app.queries import reprocessing
from dash_app.queries.names import asset_name
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import duration, moment, number
from dash_app.texts.verdict_words import criteria_text, reason_text
from twin.state.live import LiveState

MEANINGS = {
    "release": mark("Release"),
    "second_release": mark("Second release"),
    "deviation": mark("Deviation"),
    "reject": mark("Rejection"),
}


def load_sheet(
    session: Session, state: LiveState, load: str, *, store: reprocessing.SampleStore | None, now: int, reader: str
) -> str:
    """Give the evidence of a load as HTML for paper.

    Parameters
    ----------
    session : Session
        Any session.
    state : LiveState
        The present hospital.
    load : str
        Id of the load.
    store : SampleStore or None
        Where the samples of its cycle are read.
    now : int
        UTC microseconds.
    reader : str
        For whom it is made.
    """
    case, judgement = reprocessing.load_evidence(session, load)
    held = case.load
    parts = [
        Part(_("Load"), _load(state, case)),
        Part(_("What the evidence of the cycle says"), _verdict(judgement)),
        Part(_("Curve"), _curve(session, held.cycle, store)),
        *_printed(reprocessing.printout_of(session, held.cycle)),
        Part(_("Things in it"), _items(case)),
        Part(_("Indicators"), _indicators(case)),
        Part(_("Signatures"), _signatures(case)),
    ]
    made = _("Made {time} for {reader}.").format(time=moment(now), reader=reader)
    lead = _("Passed is what the evidence of a cycle says; a load is released by a person.")
    return sheet(_("Evidence of load {name}").format(name=load), lead, parts, made)


def _load(state: LiveState, case: ReleaseCase) -> str:
    held = case.load
    return facts(
        [
            (_("Machine"), asset_name(state, held.machine)),
            (_("Cycle"), held.cycle),
            (_("State"), codes.code_text(device_words.LOAD_STATES, held.state.value)),
            (_("Opened"), moment(held.opened_at)),
            (_("Decided"), moment(held.decided_at) if held.decided_at else ""),
            (_("Reason"), held.reason),
        ]
    )


def _verdict(judgement: Judgement | None) -> str:
    if judgement is None:
        return text(_("not judged"), "note")
    head = text(codes.code_text(codes.VERDICTS, judgement.verdict.value), "verdict")
    lines = [
        [reason_text(r.code), _figure(r.measured), _figure(r.limit)] for r in (*judgement.reasons, *judgement.warnings)
    ]
    figures = facts(
        [
            (_("Time in the band"), duration(judgement.hold_s)),
            (_("F0, minutes"), number(judgement.f0_minutes, 2)),
            (_("A0, seconds"), number(judgement.a0_s)),
            (_("Samples"), number(judgement.samples)),
            (_("Looked at"), criteria_text(judgement.evaluated)),
            (_("Not looked at"), criteria_text(judgement.not_evaluated)),
            (_("Rules"), judgement.algorithm),
            (_("Hash of the judged input"), judgement.input_hash),
        ]
    )
    table = rows([_("Reason or notice"), _("Measured"), _("Limit")], lines) if lines else ""
    return head + table + figures


def _figure(value: float | None) -> str:
    return "" if value is None else number(value, 3)


def _curve(session: Session, cycle: str, store: reprocessing.SampleStore | None) -> str:
    found = reprocessing.curve(session, cycle, store) if store is not None and cycle else None
    if found is None or not found.minutes:
        return text(_("No samples of this cycle"), "note")
    values = found.control_c or found.record_c
    kept = [(at, value) for at, value in zip(found.minutes, values, strict=True) if value is not None]
    if not kept:
        return text(_("No samples of this cycle"), "note")
    label = _("Temperature, °C, by minutes; band {low} to {high} °C for {hold}").format(
        low=number(found.band_low_c, 1), high=number(found.band_high_c, 1), hold=duration(found.required_hold_s)
    )
    return curve(
        Drawn(
            minutes=tuple(at for at, _value in kept),
            values=tuple(value for _at, value in kept),
            low=found.band_low_c or kept[0][1],
            high=found.band_high_c or kept[0][1],
            label=label,
        )
    )


def _printed(found: Printout | None) -> list[Part]:
    """Give what was read from a printout, where the cycle was entered by hand."""
    if found is None:
        return []
    figures = [
        (_("Lowest temperature in the hold, °C"), number(found.lowest_c, 1)),
        (_("Highest temperature in the hold, °C"), number(found.highest_c, 1)),
        (_("Time in the band"), duration(found.hold_s)),
        (_("F0, minutes"), _figure(found.f0_minutes)),
        (_("A0, seconds"), _figure(found.a0_s)),
        (_("Absolute pressure"), _figure(found.pressure_kpa)),
        (_("The machine printed that it passed"), _("yes") if found.machine_says_passed else _("no")),
        (_("Photo of the printout"), found.photo or "–"),
    ]
    return [Part(_("Printout"), facts(figures))]


def _items(case: ReleaseCase) -> str:
    lines = [
        [
            item.set_instance or item.asset,
            item.gtin,
            item.lot,
            item.quantity,
            moment(item.expires_at) if item.expires_at else "",
            _("yes") if item.is_implant else "",
        ]
        for item in case.load.items
    ]
    return rows([_("Set or device"), "GTIN", _("Lot"), _("Quantity"), _("Expires"), _("Implant")], lines)


def _indicators(case: ReleaseCase) -> str:
    lines = [
        [
            codes.code_text(device_words.INDICATORS, one.kind.value),
            one.name,
            moment(one.at),
            _("passed") if one.is_passed else _("failed"),
        ]
        for one in case.indicators
    ]
    return rows([_("Kind"), _("Name"), _("When"), _("Result")], lines)


def _signatures(case: ReleaseCase) -> str:
    lines = [
        [codes.code_text(MEANINGS, one.meaning.value), one.actor, moment(one.at), one.note, one.input_hash]
        for one in case.signatures
    ]
    return rows([_("Meaning"), _("Who"), _("When"), _("Remark"), _("Hash of the judged input")], lines)
