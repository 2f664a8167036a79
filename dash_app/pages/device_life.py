"""Panels of one device's life: work, measurements, where it was, who held it, what it costs, what is kept about it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from assets.model.measurements import Result
from assets.service.documents import Document
from dash_app.pages.states import panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries.device_life import DeviceLife, Money, life_of
from dash_app.queries.names import place_name, staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import duration, moment, number, percent


def life_panels(port: HospitalPort, asset: str, tags: Sequence[str], *, chinese: bool) -> list[Component]:
    """Build the panels of a device's life; none if only readers ever named it.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    asset : str
        Id of the device.
    tags : Sequence[str]
        Tags fixed to it.
    chinese : bool
        Whether names are wanted in Chinese.
    """
    now = port.clock.now()
    with port.read() as session:
        life = life_of(session, asset, tags=tags, now=now, zone=ZoneInfo(port.settings.time_zone))
    if life is None:
        return []
    return [
        panel(_("Money"), _money(life)),
        panel(_("Work orders"), _orders(life), wide=True),
        panel(_("Calibrations and safety tests"), _results(life.results), wide=True),
        panel(_("Where it was"), _places(port, life, now, chinese=chinese)),
        panel(_("Who held it"), _holders(port, life)),
        panel(_("Incidents and agreements"), _papers(life)),
        panel(_("Documents and photos"), _documents(life)),
        panel(_("Use by its meters"), _usage(life, now)),
    ]


def evidence_link(asset: str) -> Component:
    """Give the link to the device's evidence as one printed document."""
    return html.A(_("Evidence as PDF"), href=f"/v1/assets/{quote(asset, safe='')}/evidence", className="action")


def _or_none(caption: str, headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Component:
    return table(caption, headings, rows) if rows else html.P(_("Nothing is kept yet."), className="secondary")


def money_text(minor_units: int) -> str:
    """Write an amount; a dash where it is not known."""
    return number(minor_units / 100, 2) if minor_units else "–"


def _money(life: DeviceLife) -> Component:
    money: Money = life.money
    facts: list[tuple[str, str]] = [
        (_("Control number"), life.control_no),
        (_("Maker"), life.manufacturer or "–"),
        (_("Lot"), life.lot or "–"),
        (_("Firmware"), life.firmware or "–"),
        (_("In service since"), life.commissioned_on.isoformat() if life.commissioned_on else "–"),
        (_("Price paid"), money_text(money.paid)),
        (_("Book value"), money_text(money.book_value)),
        (_("Price of a new one"), money_text(money.replacement)),
        (
            _("Repairs on record"),
            _("{amount} (failures: {failures}, years watched: {years})").format(
                amount=money_text(money.repairs), failures=money.failures, years=number(money.years, 1)
            ),
        ),
    ]
    if life.case is not None:
        score = life.case.score
        parts = ", ".join(
            f"{codes.code_text(device_words.SCORE_PARTS, name)} {percent(points)}"
            for name, points in score.parts.items()
            if points > 0
        )
        unknown = ", ".join(codes.code_text(device_words.SCORE_PARTS, name) for name in score.unknown)
        facts.append((_("Speaks for replacement"), f"{percent(score.score)} ({parts or '–'})"))
        facts.append((_("Not known for it"), unknown or "–"))
    return html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")


def _orders(life: DeviceLife) -> Component:
    rows: list[list[Cell]] = [
        [
            order.title or codes.code_text(device_words.WORK_KINDS, order.kind.value),
            codes.code_text(device_words.WORK_KINDS, order.kind.value),
            codes.code_text(device_words.WORK_STATES, order.state.value),
            moment(order.opened_at),
            order.due_date or (moment(order.due_at) if order.due_at else "–"),
            moment(order.closed_at) if order.closed_at else "–",
            money_text(sum(part.cost for part in order.parts) + sum(one.cost for one in order.labour)),
            html.Span([_document_link(one) for one in life.papers.get(order.id, ())]),
        ]
        for order in life.orders
    ]
    headings = [_("What"), _("Kind"), _("State"), _("Opened"), _("Due"), _("Closed"), _("Cost"), _("Evidence")]
    return _or_none(_("Work orders"), headings, rows)


def _document_link(one: Document) -> Component:
    return html.A(f"{one.name} ", href=f"/v1/documents/{quote(one.id, safe='')}", target="_blank")


def detail_text(code: str) -> str:
    """Write what a measurement found: a code with the quantity that it is about."""
    head, _dot, quantity = code.partition(".")
    text = codes.code_text(device_words.RESULT_DETAILS, head)
    return f"{text}: {quantity.replace('_', ' ')}" if quantity else text


def _results(results: Sequence[Result]) -> Component:
    rows: list[list[Cell]] = [
        [
            moment(result.at),
            codes.code_text(device_words.WORK_KINDS, result.kind.value),
            _("in doubt: its instrument was out of tolerance")
            if result.is_flagged
            else (_("passed") if result.is_passed else _("failed")),
            "; ".join(detail_text(code) for code in result.details),
            result.instrument or "–",
        ]
        for result in results
    ]
    return _or_none(
        _("Calibrations and safety tests"), [_("When"), _("What"), _("Result"), _("Details"), _("Instrument")], rows
    )


def _places(port: HospitalPort, life: DeviceLife, now: int, *, chinese: bool) -> Component:
    rows: list[list[Cell]] = [
        [
            place_name(port.state(), stay.place, chinese=chinese),
            moment(stay.from_at),
            duration(((stay.to_at or now) - stay.from_at) / 1e6),
            since(stay.from_at, now),
            # What readers said at once is kept without its confidence; only what was decided with hindsight has one.
            percent(stay.confidence) if stay.confidence else _("not known"),
        ]
        for stay in life.places
    ]
    return _or_none(_("Where it was"), [_("Place"), _("From"), _("For"), _("Age"), _("Confidence")], rows)


def _holders(port: HospitalPort, life: DeviceLife) -> Component:
    rows: list[list[Cell]] = [
        [
            staff_label(port.state(), holder.custodian),
            moment(holder.start_at),
            moment(holder.end_at) if holder.end_at else _("until now"),
        ]
        for holder in life.holders
    ]
    return _or_none(_("Who held it"), [_("Who"), _("From"), _("To")], rows)


def _papers(life: DeviceLife) -> Component:
    rows: list[list[Cell]] = [
        [
            _("Incident"),
            codes.code_text(device_words.SEVERITIES, one.severity.value),
            one.description,
            _("closed") if one.closed_at else (moment(one.due_at) if one.due_at else _("open")),
        ]
        for one in life.incidents
    ]
    rows += [
        [
            codes.code_text(device_words.AGREEMENT_KINDS, one.kind.value),
            one.party,
            one.reference or one.terms or "–",
            one.ends_on.isoformat() if one.ends_on is not None else _("open"),
        ]
        for one in life.agreements
    ]
    return _or_none(_("Incidents and agreements"), [_("What"), _("Who or how bad"), _("Details"), _("Until")], rows)


def _documents(life: DeviceLife) -> Component:
    rows: list[list[Cell]] = [
        [
            html.A(one.name, href=f"/v1/documents/{quote(one.id, safe='')}"),
            one.note,
            moment(one.at),
            _("{size} kB").format(size=number(one.size / 1024)),
        ]
        for one in life.documents
    ]
    return _or_none(_("Documents and photos"), [_("Name"), _("Note"), _("When"), _("Size")], rows)


def _usage(life: DeviceLife, now: int) -> Component:
    rows: list[list[Cell]] = [
        [name, number(usage.total, 1), number(usage.per_day, 2), usage.readings, since(usage.last_at, now)]
        for name, usage in life.usage.items()
    ]
    return _or_none(_("Use by its meters"), [_("Meter"), _("In all"), _("A day"), _("Readings"), _("Last read")], rows)
