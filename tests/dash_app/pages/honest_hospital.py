"""A hospital whose devices have a past of every kind, so that every page and paper about devices has something to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from dash.development.base_component import Component

from assets.model.agreements import Agreement, AgreementKind
from assets.model.drift import DriftWatch, Feature
from assets.model.incidents import Severity
from assets.model.maintenance import CalendarRule, Rule
from assets.model.notices import Clause, Notice
from assets.model.work import WorkKind, WorkOrder
from assets.service import agreements, documents, drift, incidents, measuring, notices, work
from assets.service.maintenance import Horizon, generate, save_rule
from assets.tables.records import DriftPointRow
from dash_app.actions import strategies
from dash_app.actions.replacing import recount
from dash_app.pages.page import Page, Visit
from dash_app.pages.registry import PAGES
from tests.assets.service.test_measuring import calibration, safety
from tests.assets.service.test_records import PNG, incident, photo
from tests.dash_app.pages.test_device_pages import Kept, failures, kept_house, registered, reprocessed
from tests.dash_app.small_hospital import HOUR, NOW
from twin.events.things import BearerKind, TagBound, ZoneChanged
from twin.history.tables import INTERVALS

UTC = ZoneInfo("UTC")
TODAY = date(2026, 9, 21)
DAY = 24 * HOUR
QUERIES: dict[str, tuple[dict[str, str], ...]] = {
    "/reliability": ({}, {"model": "M100"}),
    "/replacement": ({"budget": "2500", "years": "1", "risk": "100"},),
    "/sets": ({"set": "set-2"}, {"cycle": "c3"}),
    "/reprocessing": ({"cycle": "c1"},),
    "/drift": ({"watch": "w"}, {}),
    "/find": ({"kind": "infusion_pump", "from": "W1"},),
    "/incidents": ({}, {"closed": "1"}),
    "/notices": ({}, {"notice": "n"}),
    "/calibrations": ({}, {"instrument": "IP-2"}),
    "/fleet-figures": ({"days": "30"},),
}
"""What each page is asked, where it shows more than without a question."""


def busy() -> Kept:
    """Give the hospital."""
    kept = registered()
    failures(kept, 3, 4, 5, 2)
    reprocessed(kept)
    kept.do(measuring.record_safety_test, test=safety("t", "IP-1", NOW - DAY, instrument="IP-2"))
    kept.do(measuring.record_calibration, calibration=calibration("c", "IP-2", NOW - HOUR, 3.0, 0.1))
    kept.do(documents.attach, attachment=photo(subject="IP-1", content=PNG))
    told = incident(kept_house(kept), severity=Severity.SERIOUS, happened_at=NOW - HOUR, aware_at=NOW)
    kept.do(incidents.report_incident, incident=replace(told, asset="IP-1"), zone=UTC)
    contract = Agreement(
        id="a", kind=AgreementKind.SERVICE, party="Maker", assets=("IP-1",), starts_on=date(2026, 1, 1)
    )
    kept.do(agreements.save_agreement, agreement=contract)
    for number in range(1, 5):
        calendar = CalendarRule(months=3, anchor_on=date(2026, 1, 5), window_days=7)
        rule = Rule(id=f"r{number}", asset=f"IP-{number}", title="Check", calendar=calendar, minutes=90)
        kept.do(save_rule, rule=rule)
    kept.do(generate, horizon=Horizon(today=TODAY, zone=UTC, days=60))
    kept.do(work.open_work_order, order=WorkOrder(id="w1", asset="IP-1", kind=WorkKind.CORRECTIVE, title="Door latch"))
    clause = Clause(manufacturer="Acme", models=("M100",))
    kept.do(notices.receive_notice, notice=Notice(id="n", title="Battery", received_at=NOW, clauses=(clause,)))
    _seen(kept)
    _charted(kept)
    evidence = {"model": "Acme\tM100", "strategy": "aem", "months": 24, "evidence": "x", "review": "2028-01-01"}
    strategies.begin(kept.port, evidence | {"critical": True})
    recount(kept.port)
    return kept


def _seen(kept: Kept) -> None:
    """Let each pump have stood in the ward for some days, and be in sight for the last hour still."""
    rows = [
        {
            "id": 800 + number,
            "facet": "tag.zone",
            "thing": f"T{number}",
            "value": "W1",
            "from_at": NOW - 5 * DAY,
            "to_at": NOW - number * HOUR,
            "said_at": NOW - 5 * DAY,
            "sequence": number,
            "known_from": NOW - 5 * DAY,
        }
        for number in range(1, 5)
    ]
    kept.port.writer.run(lambda session: session.execute(INTERVALS.insert(), rows))
    events = []
    for number in range(1, 5):
        head = {"occurred_at": NOW - 5 * DAY, "source": "demo:test"}
        bound = {"bearer": f"IP-{number}", "bearer_kind": BearerKind.ASSET}
        events += [
            TagBound(thing=f"T{number}", source_key=f"b{number}", id=f"b{number}", **head, **bound),
            ZoneChanged(thing=f"T{number}", source_key=f"z{number}", id=f"z{number}", zone="W1", **head),
        ]
    for sequence, event in enumerate(events, start=100_000):
        kept.port.state().apply(event, sequence)


def _charted(kept: Kept) -> None:
    watch = DriftWatch(id="w", asset="IP-1", feature=Feature.HOLD_S, baseline_n=10)
    kept.do(drift.save_watch, watch=watch)
    values = np.random.default_rng(2).normal(200.0, 1.0, 30)
    kept.keep(*(DriftPointRow(watch="w", at=NOW - (30 - i) * HOUR, value=float(v)) for i, v in enumerate(values)))


def device_pages() -> list[Page]:
    """Give all pages about devices: those of the section from position 10 on, and the page of one device."""
    return [page for page in PAGES if 10 <= page.position < 30 or page.path == "/devices/*"]


def rendered(kept: Kept) -> Iterator[tuple[str, Component]]:
    """Give every page about devices as it is drawn for each of its questions, with its address."""
    for page in device_pages():
        path = page.path.replace("*", "IP-1")
        for query in QUERIES.get(page.path, ({},)):
            yield f"{path}{query or ''}", page.layout(kept.port, Visit(path=path, query=query))


def walk(component: Any) -> Iterator[Any]:
    """Give a component and everything under it, texts included, in the order of reading."""
    if isinstance(component, list | tuple):
        for one in component:
            yield from walk(one)
        return
    if component is None:
        return
    yield component
    yield from walk(getattr(component, "children", None))
