"""The evidence of one device."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlmodel import Session

from dash_app.evidence.sheet import Part, facts, rows, sheet, text
from dash_app.pages.device_life import detail_text, money_text
from dash_app.queries import devices
from dash_app.queries.device_life import DeviceLife, life_of
from dash_app.queries.names import place_name, staff_label
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import age, moment, number, percent
from twin.errors import NotFound
from twin.state.live import LiveState


def device_sheet(session: Session, state: LiveState, asset: str, *, now: int, zone: ZoneInfo, reader: str) -> str:
    """Give the evidence of a device as HTML for paper.

    Parameters
    ----------
    session : Session
        Any session.
    state : LiveState
        The present hospital.
    asset : str
        Id of the device.
    now : int
        UTC microseconds.
    zone : ZoneInfo
        The hospital's.
    reader : str
        For whom it is made.

    Raises
    ------
    NotFound
        If there is no such device in the register.
    """
    row = devices.one(state, asset, now)
    tags = row.position.tags if row is not None else ()
    life = life_of(session, asset, tags=tags, now=now, zone=zone)
    if life is None:
        raise NotFound("asset", asset)
    name = row.position.name if row is not None else asset
    parts = [
        Part(_("What it is"), _identity(row, life)),
        Part(_("Now"), _now(row, now)),
        Part(_("Work orders"), _orders(life)),
        Part(_("Calibrations and safety tests"), _results(life)),
        Part(_("Incidents"), _incidents(life)),
        Part(_("Agreements"), _agreements(life)),
        Part(_("Where it was"), _places(state, life, now)),
        Part(_("Who held it"), _holders(state, life)),
        Part(_("Documents and photos"), _documents(life)),
    ]
    made = _("Made {time} for {reader}.").format(time=moment(now), reader=reader)
    return sheet(_("Evidence of {name}").format(name=name), asset, parts, made)


def _identity(row: devices.DeviceRow | None, life: DeviceLife) -> str:
    money = life.money
    return facts(
        [
            (_("Control number"), life.control_no),
            (_("Maker"), life.manufacturer),
            (_("Model"), row.model if row is not None else ""),
            (_("Serial number"), row.serial if row is not None else ""),
            (_("Lot"), life.lot),
            (_("Firmware"), life.firmware),
            (_("In service since"), life.commissioned_on or ""),
            (_("Price paid"), money_text(money.paid)),
            (_("Price of a new one"), money_text(money.replacement)),
        ]
    )


def _now(row: devices.DeviceRow | None, now: int) -> str:
    if row is None:
        return text(_("No reader has seen it."), "note")
    found = row.position
    reasons = "; ".join(codes.code_text(codes.AVAILABILITY_REASONS, reason) for reason in row.reasons)
    seen = _("{place}, seen {age} ago, confidence {confidence}").format(
        place=found.place_name or _("unknown place"), age=age(found.seen_at, now), confidence=percent(found.confidence)
    )
    return facts([(_("May it be used"), _("Usable") if row.is_usable else reasons), (_("Place"), seen)])


def _orders(life: DeviceLife) -> str:
    lines = [
        [
            order.title or codes.code_text(device_words.WORK_KINDS, order.kind.value),
            codes.code_text(device_words.WORK_STATES, order.state.value),
            order.due_date or (moment(order.due_at) if order.due_at else ""),
            moment(order.closed_at) if order.closed_at else "",
            order.closed_by,
            "; ".join(f"{answer.step}: {answer.value}" for answer in order.answers),
            "; ".join(note.text for note in order.amendments),
        ]
        for order in life.orders
    ]
    headings = [_("What"), _("State"), _("Due"), _("Closed"), _("Signed by"), _("Found"), _("Amendments")]
    return rows(headings, lines)


def _results(life: DeviceLife) -> str:
    lines = [
        [
            moment(result.at),
            codes.code_text(device_words.WORK_KINDS, result.kind.value),
            _("in doubt: its instrument was out of tolerance")
            if result.is_flagged
            else (_("passed") if result.is_passed else _("failed")),
            "; ".join(detail_text(code) for code in result.details),
            result.instrument,
        ]
        for result in life.results
    ]
    return rows([_("When"), _("What"), _("Result"), _("Details"), _("Instrument")], lines)


def _incidents(life: DeviceLife) -> str:
    lines = [
        [
            moment(one.happened_at),
            codes.code_text(device_words.SEVERITIES, one.severity.value),
            one.description,
            one.reference,
            one.conclusion,
        ]
        for one in life.incidents
    ]
    return rows([_("When"), _("How bad"), _("What happened"), _("Reported as"), _("Conclusion")], lines)


def _agreements(life: DeviceLife) -> str:
    lines = [
        [
            codes.code_text(device_words.AGREEMENT_KINDS, one.kind.value),
            one.party,
            one.reference,
            one.starts_on.isoformat(),
            one.ends_on.isoformat() if one.ends_on is not None else _("open"),
        ]
        for one in life.agreements
    ]
    return rows([_("What"), _("With"), _("Reference"), _("From"), _("To")], lines)


def _places(state: LiveState, life: DeviceLife, now: int) -> str:
    lines = [
        [
            place_name(state, one.place, chinese=False),
            moment(one.from_at),
            moment(one.to_at) if one.to_at else _("until now"),
            age(one.to_at or one.from_at, now),
        ]
        for one in life.places
    ]
    return rows([_("Place"), _("From"), _("To"), _("Age")], lines)


def _holders(state: LiveState, life: DeviceLife) -> str:
    lines = [
        [staff_label(state, one.custodian), moment(one.start_at), moment(one.end_at) if one.end_at else _("until now")]
        for one in life.holders
    ]
    return rows([_("Who"), _("From"), _("To")], lines)


def _documents(life: DeviceLife) -> str:
    lines = [[one.name, one.note, moment(one.at), number(one.size / 1024), one.sha256] for one in life.documents]
    return rows([_("Name"), _("Note"), _("When"), _("kB"), "SHA-256"], lines)
