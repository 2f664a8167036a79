"""Pages of devices' lives: no figure without what it rests on, no position without its age, nothing called sterile."""

from __future__ import annotations

import itertools
import re
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from dash.exceptions import PreventUpdate
from sqlmodel import Session

from assets.model.agreements import Agreement, AgreementKind
from assets.model.maintenance import CalendarRule, Rule
from assets.model.notices import Clause, MatchState, Notice
from assets.model.register import Asset, DeviceModel
from assets.model.work import WorkKind, WorkOrder
from assets.rules.uptime import merged
from assets.service import agreements, documents, fleet, incidents, measuring, notices, work
from assets.service.act import Act
from assets.service.maintenance import Horizon, generate, save_rule
from assets.service.register import register_asset
from assets.tables.register import save_model
from assets.tables.rows import CycleRow, DowntimeRow, IndicatorRow, LoadItemRow, LoadRow, SetUseRow
from dash_app.actions import devices as actions
from dash_app.actions.replacing import recount
from dash_app.evidence.device import device_sheet
from dash_app.evidence.load import load_sheet
from dash_app.pages import devices, maintenance, reliability, replacement, reprocessing, sets
from dash_app.pages import notices as notice_page
from dash_app.pages.page import Visit
from dash_app.queries import device_planning
from dash_app.queries import reprocessing as queries
from dash_app.queries.device_life import life_of
from dash_app.queries.port import HospitalPort
from tests.assets.service.test_measuring import safety
from tests.assets.service.test_records import PNG, incident, photo
from tests.dash_app.gathering import gathered
from tests.dash_app.small_hospital import HOUR, NOW, small_port
from twin.access import Role
from twin.clock import ManualClock
from twin.errors import Refused
from twin.events import registry
from twin.events.things import BearerKind, TagBound, ZoneChanged, ZoneStayEnded
from twin.history.projection import OPEN
from twin.history.tables import INTERVALS
from twin.ledger.tables import EVENTS, EVENTS_BY_THING

YEAR = 8766 * HOUR
UTC = ZoneInfo("UTC")


def words(component: Any) -> str:
    """Everything that a reader of the component reads, in order."""
    if isinstance(component, list | tuple):
        return " ".join(words(one) for one in component)
    if component is None:
        return ""
    if isinstance(component, str | int | float):
        return str(component)
    return words(getattr(component, "children", None))


class Kept:
    """The small hospital with a register that has a past."""

    def __init__(self, *roles: Role) -> None:
        self.port = small_port(*roles)
        self.numbers = itertools.count()

    def act(self) -> Act:
        number = next(self.numbers)
        return Act(actor=self.port.actor(), now=self.port.clock.now(), key=f"act-{number}", ledger=self.port.ledger)

    def do(self, use_case: Any, **arguments: Any) -> Any:
        return self.port.writer.run(lambda session: use_case(session, act=self.act(), **arguments))

    def keep(self, *rows: Any) -> None:
        self.port.writer.run(lambda session: [session.merge(row) for row in rows])


def registered() -> Kept:
    """Four pumps of one model, six years old, in the small hospital."""
    held = Kept()
    model = DeviceModel(
        id="m",
        manufacturer="Acme",
        name="M100",
        category="infusion_pump",
        expected_life_years=8,
        replacement_cost=250_000,
    )
    held.port.writer.run(lambda session: save_model(session, model))
    for number in range(1, 5):
        asset = Asset(
            id=f"IP-{number}",
            control_no=f"C-{number}",
            category="infusion_pump",
            name=f"Infusion pump IP-{number}",
            manufacturer="Acme",
            model="M100",
            serial=f"S{number}",
            cost=200_000,
            lot="L7",
            commissioned_at=NOW - 6 * YEAR,
        )
        held.do(register_asset, asset=asset)
    return held


@pytest.fixture
def kept() -> Kept:
    return registered()


def failures(kept: Kept, *counts: int) -> None:
    rng = np.random.default_rng(1)
    for number, count in enumerate(counts, start=1):
        for at in sorted(rng.uniform(0.1, 5.9, count)):
            start = int(NOW - at * YEAR)
            kept.keep(DowntimeRow(asset=f"IP-{number}", start_at=start, end_at=start + 10 * HOUR))


def test_the_device_page_shows_the_whole_life(kept: Kept) -> None:
    kept.do(measuring.record_safety_test, test=safety("t", "IP-1", NOW))
    kept.do(documents.attach, attachment=photo(subject="IP-1", content=PNG))
    told = incident(kept_house(kept), severity=incidents.Severity.SERIOUS, happened_at=NOW - HOUR, aware_at=NOW)
    kept.do(incidents.report_incident, incident=replaced(told, asset="IP-1"), zone=ZoneInfo("UTC"))
    rental = Agreement(id="r", kind=AgreementKind.SERVICE, party="Maker", assets=("IP-1",), starts_on=date(2026, 1, 1))
    kept.do(agreements.save_agreement, agreement=rental)
    order = WorkOrder(id="w", asset="IP-1", kind=WorkKind.CORRECTIVE, title="Door latch")
    kept.do(work.open_work_order, order=order)

    text = words(devices.device_content(kept.port, "IP-1"))

    for wanted in ("Door latch", "plate.png", "Free flow", "Maker", "C-1", "2,500.00", "failures: 1", "passed"):
        assert wanted in text
    assert "sterile" not in text.lower()


def kept_house(kept: Kept) -> Any:
    class House:
        clock = ManualClock(NOW)

    return House()


def replaced(value: Any, **changes: Any) -> Any:
    from dataclasses import replace

    return replace(value, **changes)


def test_reliability_gives_no_figure_without_its_interval_and_none_below_three_failures(kept: Kept) -> None:
    failures(kept, 1, 1)
    few = words(reliability.content(kept.port, {}))
    with kept.port.read() as session:
        points = [group.mtbf_days.point for group in fleet.groups(session, now=NOW)]
    failures(kept, 3, 4, 5)
    many = words(reliability.content(kept.port, {"model": "M100"}))

    assert few.count("Fewer than three failures") >= 3
    assert points == [None]
    assert re.search(r"\d+ \(\d+ – \d+\)", many)
    assert re.search(r"n = \d+ failures", many)


def test_down_times_that_overlap_count_once_in_whatever_order_they_were_kept(kept: Kept) -> None:
    # As (hours ago it began, hours it lasted); 0 lasts until now.
    spans = [(5.0, 0.0), (300.0, 20.0), (290.0, 4.0), (100.0, 3.0), (285.0, 9.0)]
    rows = [
        DowntimeRow(asset="IP-1", start_at=int(NOW - ago * HOUR), end_at=int(NOW - (ago - last) * HOUR) if last else 0)
        for ago, last in spans
    ]
    kept.keep(*rows)

    with kept.port.read() as session:
        found = fleet.watched(session, now=NOW, category="infusion_pump")
    (device,) = [one for own in found.values() for one in own if one.asset == "IP-1"]

    clipped = [(NOW - ago * HOUR, NOW - (ago - last) * HOUR if last else NOW) for ago, last in spans]
    union = sum(end - start for start, end in merged(clipped, start=0, end=NOW))
    assert device.down_days * 24 == pytest.approx(union / HOUR)
    assert device.down_days * 24 == pytest.approx(24.0 + 3.0 + 5.0)
    assert device.failures == tuple(sorted(device.failures))
    assert len(device.failures) == len(spans)


def test_the_fleet_counts_only_what_was_watched(kept: Kept) -> None:
    failures(kept, 2, 2)

    with kept.port.read() as session:
        (group,) = [g for g in fleet.groups(session, now=NOW + HOUR) if g.model == "M100"]

    assert (group.devices, group.failures) == (4, 4)
    # Two devices were watched from their first failure on, the others only since they were registered.
    assert group.days < 2 * 6 * 365.25
    assert group.mtbf_days.low < (group.mtbf_days.point or 0) < (group.mtbf_days.high or 0)
    assert {asset for asset, _ in group.pooled} == {f"IP-{n}" for n in range(1, 5)}


def test_a_notice_is_triaged_device_by_device_and_closed_with_proof(kept: Kept) -> None:
    notice = Notice(
        id="n",
        title="Battery may fail",
        issuer="Maker",
        received_at=NOW,
        clauses=(Clause(manufacturer="Acme", models=("M100",)),),
    )
    kept.do(notices.receive_notice, notice=notice)
    assert "4 of 4" in words(notice_page.content(kept.port, {}))

    for number in range(1, 5):
        actions.close_match(kept.port, notice="n", asset=f"IP-{number}", state=MatchState.FIXED, evidence="swapped")
        if number == 1:
            with pytest.raises(Refused):
                actions.close_notice(kept.port, "n")
    actions.close_notice(kept.port, "n")

    assert "No safety notice is open" in words(notice_page.content(kept.port, {}))
    assert "swapped" in words(notice_page.content(kept.port, {"closed": "1"}))


def test_the_calendar_shows_weeks_overdue_and_what_runs_out_and_spreads_work(kept: Kept) -> None:
    today = date(2026, 9, 21)
    for number in range(1, 5):
        calendar = CalendarRule(months=12, anchor_on=today, window_days=28)
        kept.do(
            save_rule, rule=Rule(id=f"r{number}", asset=f"IP-{number}", title="Check", calendar=calendar, minutes=90)
        )
    kept.do(generate, horizon=Horizon(today=today, zone=UTC, days=30))
    rental = Agreement(
        id="r",
        kind=AgreementKind.RENTAL,
        party="Rent",
        assets=("IP-1",),
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 9, 30),
    )
    kept.do(agreements.save_agreement, agreement=rental)

    before = words(maintenance.content(kept.port))
    changed = actions.keep_levelled(kept.port, weeks=4, minutes=120, zone=UTC)

    assert ("2026-09-21" in before, "Rent" in before) == (True, True)
    assert changed == 4
    with kept.port.read() as session:
        weeks = {order.planned_on for order in device_planning.open_planned(session)}
    assert len(weeks) == 4
    assert "Heaviest week 360 → " in words(maintenance._spread(kept.port, 120))


def test_the_studio_explains_every_device_planned_or_left_out(kept: Kept) -> None:
    failures(kept, 4, 0, 1, 0)
    before = words(replacement.content(kept.port, {}))
    recount(kept.port)

    text = words(replacement.content(kept.port, {"budget": "2500", "years": "1", "risk": "100"}))
    scores = words(replacement.content(kept.port, {}))
    empty = words(replacement.content(small_port(), {}))

    assert text.count("year 1") == 1
    assert "Replaced: 1 of 4 devices" in text
    assert "Others gain more" in text or "Does not fit" in text
    assert "No device is registered" in empty
    assert "The devices were not counted yet" in before
    assert all(re.search(r"Counted: +0 s ago", shown) for shown in (text, scores))
    assert ("Set a budget" in scores, "year 1" in scores) == (True, False)


@pytest.mark.parametrize("query", [{"budget": "x", "years": "-1"}, {"years": "99"}, {"risk": "", "models": "1e9"}])
def test_the_studio_takes_defaults_for_what_is_no_number(query: dict[str, str]) -> None:
    studio = device_planning.studio_of(query)

    assert 1 <= len(studio.budgets) <= 10
    assert studio.risk_weight == 0.3


def reprocessed(kept: Kept) -> None:
    for number, (verdict, passed) in enumerate((("pass", True), ("pass", None), ("pass", False)), start=1):
        cycle = f"c{number}"
        at = NOW - (4 - number) * HOUR
        kept.keep(
            CycleRow(id=cycle, machine="ster-1", start_at=at, end_at=at + HOUR // 2, verdict=verdict),
            LoadRow(id=f"l{number}", machine="ster-1", cycle=cycle, state="released"),
            LoadItemRow(
                load=f"l{number}", position=0, set_instance=f"set-{number}", gtin="1", lot=cycle, expires_at=NOW + YEAR
            ),
        )
        if passed is not None:
            kept.keep(IndicatorRow(cycle=cycle, kind="biological", name="BI", at=at, is_passed=passed))
    kept.keep(SetUseRow(set_instance="set-2", at=NOW - HOUR, case_id="case-9", cycle="c2"))


def test_a_failed_indicator_reaches_what_was_used_since_the_last_good_one(kept: Kept) -> None:
    reprocessed(kept)

    recall = words(sets.content(kept.port, {"cycle": "c3"}))
    trace = words(sets.content(kept.port, {"set": "set-2"}))
    unknown = words(sets.content(kept.port, {"set": "never-seen", "cycle": "none"}))

    assert "Cycles in doubt: 2, loads: 2, cases reached: 1, sets to fetch back: 1" in recall
    assert ("case-9" in recall, "set-3" in recall, "set-1" in recall) == (True, True, False)
    assert ("Used since" in trace, "case-9" in trace) == (True, True)
    assert "Never reprocessed here" in unknown


def test_no_load_is_lost_from_the_board_behind_those_that_came_later(kept: Kept) -> None:
    released = [LoadRow(id=f"l{n:03}", machine="ster-1", cycle=f"c{n:03}", state="released") for n in range(1, 560)]
    kept.keep(
        *(CycleRow(id=f"c{n:03}", machine="ster-1", start_at=NOW - (600 - n) * HOUR, end_at=NOW) for n in range(560)),
        LoadRow(id="l000", machine="ster-1", cycle="c000", state="pending"),
        *released[:-1],
        LoadRow(id="l559", machine="ster-1", cycle="c559", state="recalled"),
    )

    with kept.port.read() as session:
        latest, waiting = queries.cycles(session), queries.pending(session)
    shown = words(reprocessing.content(kept.port, {}))

    assert [line.load_state for line in latest[:3]] == ["recalled", "released", "released"]
    assert [line.load for line in waiting] == ["l000"]  # older than all that are shown, and still to be signed
    assert "loads that wait for a signature: 1" in shown


def test_a_model_in_the_address_stays_until_another_kind_is_chosen(kept: Kept) -> None:
    narrow = gathered(reliability.register, kept.port)["narrow"].function

    with pytest.raises(PreventUpdate):
        narrow("infusion_pump", "?kind=infusion_pump&model=M100")  # the selection was only put on the page
    with pytest.raises(PreventUpdate):
        narrow(None, "?model=M100")
    assert narrow("ventilator", "?kind=infusion_pump&model=M100") == "?kind=ventilator"


def test_evidence_of_a_device_and_a_load_is_complete_safe_html(kept: Kept) -> None:
    reprocessed(kept)
    order = WorkOrder(id="w", asset="IP-1", kind=WorkKind.CORRECTIVE, title="<script>alert(1)</script>")
    kept.do(work.open_work_order, order=order)
    state = kept.port.state()

    def device(session: Session) -> str:
        return device_sheet(session, state, "IP-1", now=NOW, zone=UTC, reader="Reader")

    def load(session: Session) -> str:
        return load_sheet(session, state, "l2", store=None, now=NOW, reader="Reader")

    with kept.port.read() as session:
        first, second = device(session), load(session)

    assert "<script>" not in first
    assert "&lt;script&gt;" in first
    assert ("seen" in first, "confidence" in first, "C-1" in first) == (True, True, True)
    assert ("set-2" in second, "Signatures" in second) == (True, True)
    assert "sterile" not in (first + second).lower()


@pytest.mark.parametrize("page", [notice_page, maintenance, reliability, replacement, sets])
def test_pages_open_on_an_empty_register_for_a_reader_who_only_reads(page: Any) -> None:
    port: HospitalPort = small_port(Role.NURSE)

    text = words(page.layout(port, Visit(path=page.PAGE.path, query={})))

    assert len(text) > 40


def zones(kept: Kept, tag: str, *told: tuple[str, int, int]) -> None:
    """Keep what readers said at once: place, from and to in hours before now; to 0 while it lasts."""
    rows = [
        {
            "id": 1000 + number,
            "facet": "tag.zone",
            "thing": tag,
            "value": place,
            "from_at": NOW - start * HOUR,
            "to_at": NOW - end * HOUR if end else OPEN,
            "said_at": NOW - start * HOUR,
            "sequence": number,
            "known_from": NOW - start * HOUR,
        }
        for number, (place, start, end) in enumerate(told)
    ]
    kept.port.writer.run(lambda session: session.execute(INTERVALS.insert(), rows))


def stays(kept: Kept, tag: str, *told: tuple[str, int, int]) -> None:
    """Keep stays that a gateway decided: place, from and to in hours before now."""
    for number, (place, start, end) in enumerate(told, start=9000):
        event = ZoneStayEnded(
            thing=tag,
            occurred_at=NOW - end * HOUR,
            source="gateway:g",
            source_key=str(number),
            id=f"stay-{number}",
            zone=place,
            entered_at=NOW - start * HOUR,
            confidence=0.98,
        )
        row = {
            "sequence": number,
            "id": event.id,
            "type": "ZoneStayEnded",
            "version": 1,
            "thing": tag,
            "occurred_at": event.occurred_at,
            "recorded_at": event.occurred_at,
            "source": event.source,
            "source_key": event.source_key,
            "body": registry.encode(event).decode(),
        }
        index = {"thing": tag, "first": number, "last": number, "positions": f"[{number}]"}
        index |= {"from_at": event.occurred_at, "to_at": event.occurred_at}

        def keep(session: Session, row: Any = row, index: Any = index) -> None:
            session.execute(EVENTS.insert(), row)
            session.execute(EVENTS_BY_THING.insert(), index)

        kept.port.writer.run(keep)


def places_of(kept: Kept, tag: str) -> list[tuple[str, int, int, bool]]:
    with kept.port.read() as session:
        life = life_of(session, "IP-1", tags=[tag], now=NOW, zone=UTC)
    assert life is not None
    return [
        (one.place, (NOW - one.from_at) // HOUR, (NOW - one.to_at) // HOUR if one.to_at else 0, one.confidence > 0)
        for one in life.places
    ]


def test_where_it_was_is_told_at_once_where_no_gateway_decides_stays(kept: Kept) -> None:
    zones(kept, "T1", ("WARD", 9, 6), ("STORE", 6, 0))

    assert places_of(kept, "T1") == [("STORE", 6, 0, False), ("WARD", 9, 6, False)]


def test_stays_take_the_place_of_the_quick_word_and_of_its_moves_that_were_none(kept: Kept) -> None:
    # At hour 7 the map had it in the store for a moment; the stay says that it never left the ward.
    zones(kept, "T1", ("EXIT", 12, 9), ("WARD", 9, 7), ("STORE", 7, 6), ("WARD", 6, 4), ("STORE", 4, 0))
    stays(kept, "T1", ("WARD", 9, 4))

    assert places_of(kept, "T1") == [("STORE", 4, 0, False), ("WARD", 9, 4, True), ("EXIT", 12, 9, False)]


def test_the_device_page_says_where_it_does_not_know_how_sure_a_place_was(kept: Kept) -> None:
    head = {"thing": "T1", "source": "demo:test"}
    fixed = TagBound(
        occurred_at=NOW - 20 * HOUR, source_key="bound", bearer="IP-1", bearer_kind=BearerKind.ASSET, **head
    )
    kept.port.ledger.append(None, [fixed])
    zones(kept, "T1", ("WARD", 9, 6), ("STORE", 6, 0))

    text = words(devices.device_content(kept.port, "IP-1"))

    assert "not known" in text
    assert "at once" not in text


def test_the_device_page_says_how_sure_a_stay_is(kept: Kept) -> None:
    head = {"thing": "T1", "source": "demo:test"}
    facts = [
        TagBound(occurred_at=NOW - 20 * HOUR, source_key="bound", bearer="IP-1", bearer_kind=BearerKind.ASSET, **head),
        ZoneChanged(occurred_at=NOW - 9 * HOUR, source_key="seen", zone="WARD", tid="E2801160600002054CC2096F", **head),
    ]
    kept.port.ledger.append(None, facts)
    stays(kept, "T1", ("WARD", 9, 4))

    text = words(devices.device_content(kept.port, "IP-1"))

    assert "98" in text
    assert "E2801160600002054CC2096F" in text
