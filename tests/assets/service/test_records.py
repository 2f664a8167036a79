"""Incidents, agreements, meters, checklists, documents, terms and duplicates."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.model.agreements import Agreement, AgreementKind
from assets.model.incidents import Incident, ReportingClock, Severity
from assets.model.maintenance import Anchor, CalendarRule, MeterRule, Rule
from assets.model.register import Asset, CustodianKind, Identifier, IdentifierKind
from assets.model.work import Answer, Step, StepKind, WorkKind, WorkOrder
from assets.rules.due_dates import MeterReading, local_day
from assets.rules.emdn import Term, read_emdn
from assets.service import agreements, documents, incidents, measuring, merging, meters, nomenclature, templates, work
from assets.service.custody import custody_of, give_back, hand_over
from assets.service.maintenance import Horizon, generate, save_rule, work_ahead
from assets.service.register import edit_asset, entry_of, register_asset, retire_asset
from assets.tables.register import find_by_identifier, load_asset
from tests.assets.conftest import House
from tests.assets.service.test_measuring import safety
from tests.fakes import START_US
from twin.access import Role
from twin.clock import HOUR_US, from_datetime, to_datetime
from twin.errors import FieldError, ImportRefused, NotFound, Refused, StaleVersion
from twin.events.watch import AlarmCleared, AlarmRaised

UTC = ZoneInfo("UTC")
DAY_US = 24 * HOUR_US


def pump(number: int, **fields: Any) -> Asset:
    own = {"manufacturer": "Acme", "model": "IP 20", "serial": f"SN{number}"} | fields
    return Asset(id=f"pump-{number}", control_no=f"C-{number}", category="pump", name=f"Pump {number}", **own)


def enter(house: House, *assets: Asset) -> None:
    for asset in assets or (pump(1),):
        house.do(register_asset, act=house.act(), asset=asset)


def incident(house: House, name: str = "i-1", severity: Severity = Severity.SERIOUS, **fields: Any) -> Incident:
    now = house.clock.now()
    own = {"description": "Free flow after a door was opened.", "happened_at": now - HOUR_US, "aware_at": now} | fields
    return Incident(id=name, asset="pump-1", severity=severity, **own)


def test_an_incident_starts_a_clock_an_alarm_and_keeps_the_device_from_use(house: House) -> None:
    enter(house)

    opened = house.do(
        incidents.report_incident,
        act=house.act("nurse-1", Role.NURSE),
        incident=incident(house),
        zone=UTC,
    )

    assert opened.due_at == opened.aware_at + 15 * DAY_US
    assert house.ask(load_asset, asset_id="pump-1").reasons == "compliance.incident_open"
    assert [alarm.alarm_class for alarm in house.events(AlarmRaised)] == ["device.incident"]


def test_an_incident_is_closed_only_when_reported_and_concluded(house: House) -> None:
    enter(house)
    house.do(incidents.report_incident, act=house.act(), incident=incident(house), zone=UTC)
    with pytest.raises(Refused) as refused:
        house.do(incidents.close_incident, act=house.act(), incident_id="i-1", conclusion=" ")
    assert set(refused.value.reasons) == {"incident.not_reported", "incident.no_conclusion"}

    house.do(incidents.note_report, act=house.act(), incident_id="i-1", reference="BfArM 1")
    closed = house.do(incidents.close_incident, act=house.act(), incident_id="i-1", conclusion="Latch was worn.")

    assert closed.closed_by == "biomed-1"
    assert house.ask(load_asset, asset_id="pump-1").is_usable
    assert house.ask(incidents.list_incidents, is_open=True) == []
    (raised,), (cleared,) = house.events(AlarmRaised), house.events(AlarmCleared)
    assert cleared.thing == raised.thing


def test_a_near_miss_has_no_clock_and_a_second_incident_keeps_the_device_out(house: House) -> None:
    enter(house)
    house.do(incidents.report_incident, act=house.act(), incident=incident(house, "i-1", Severity.NEAR_MISS), zone=UTC)
    house.do(incidents.report_incident, act=house.act(), incident=incident(house, "i-2", Severity.NEAR_MISS), zone=UTC)

    house.do(incidents.close_incident, act=house.act(), incident_id="i-1", conclusion="Use error.")

    assert not house.ask(load_asset, asset_id="pump-1").is_usable
    assert house.ask(incidents.get_incident, incident_id="i-2").due_at == 0


def test_the_most_urgent_incident_comes_first_and_a_reported_one_no_longer_presses(house: House) -> None:
    enter(house)
    for name, severity in (("i-1", Severity.SERIOUS), ("i-2", Severity.PUBLIC_THREAT), ("i-3", Severity.NEAR_MISS)):
        house.do(incidents.report_incident, act=house.act(), incident=incident(house, name, severity), zone=UTC)

    first = [one.id for one in house.ask(incidents.list_incidents)]
    house.do(incidents.note_report, act=house.act(), incident_id="i-2", reference="R")

    assert first == ["i-2", "i-1", "i-3"]
    assert house.ask(incidents.list_incidents)[0].id == "i-1"


@pytest.mark.parametrize(
    "fields",
    [
        {"description": "  "},  # nothing is said
        {"happened_at": 10**16},  # it was known before it happened
        {"aware_at": START_US + DAY_US},  # its clock would begin tomorrow
    ],
)
def test_an_incident_that_says_nothing_is_refused(house: House, fields: dict[str, Any]) -> None:
    enter(house)
    with pytest.raises(FieldError):
        house.do(incidents.report_incident, act=house.act(), incident=incident(house, **fields), zone=UTC)


@given(st.integers(0, 4000), st.integers(1, 30))
def test_working_days_never_end_on_a_weekend_and_never_come_sooner_than_calendar_days(day: int, days: int) -> None:
    at = day * DAY_US
    working = incidents.clock_end(at, ReportingClock(days=days, source="s", is_working_days=True), UTC)

    assert (date(1970, 1, 1) + timedelta(days=working // DAY_US)).weekday() < 5
    assert working >= incidents.clock_end(at, ReportingClock(days=days, source="s"), UTC)


@pytest.mark.parametrize(
    ("aware", "zone", "ends"),
    [
        # 22:00 on a Thursday in New York is Friday in UTC; one working day ends on Friday there, not on Monday
        ("2026-01-09T03:00:00+00:00", "America/New_York", "2026-01-10T03:00:00+00:00"),
        # 07:00 on a Monday in Shanghai is Sunday in UTC, and no less a Monday
        ("2026-01-04T23:00:00+00:00", "Asia/Shanghai", "2026-01-05T23:00:00+00:00"),
        # over the change to summer time the same time of day is an hour less
        ("2026-03-27T11:00:00+00:00", "Europe/Berlin", "2026-03-30T10:00:00+00:00"),
    ],
)
def test_working_days_are_those_of_the_hospital(aware: str, zone: str, ends: str) -> None:
    clock = ReportingClock(days=1, source="s", is_working_days=True)

    found = incidents.clock_end(from_datetime(datetime.fromisoformat(aware)), clock, ZoneInfo(zone))

    assert to_datetime(found) == datetime.fromisoformat(ends)


def agreement(name: str, **fields: Any) -> Agreement:
    own = {"kind": AgreementKind.RENTAL, "party": "Rent Co", "assets": ("pump-1",), "starts_on": date(2026, 1, 1)}
    return Agreement(id=name, **(own | fields))


def test_what_runs_out_is_told_before_its_notice_and_never_again_once_ended(house: House) -> None:
    enter(house, pump(1, warranty_until=int(date(2026, 8, 1).toordinal() - 719163) * DAY_US))
    house.do(
        agreements.save_agreement, act=house.act(), agreement=agreement("r", ends_on=date(2026, 6, 30), notice_days=30)
    )
    house.do(agreements.save_agreement, act=house.act(), agreement=agreement("open"))

    def told(day: date) -> list[tuple[str, str]]:
        found = house.ask(agreements.running_out, today=day, zone=UTC)
        return [(one.kind.value, one.agreement) for one in found]

    assert told(date(2026, 5, 30)) == []
    assert told(date(2026, 5, 31)) == [("rental", "r")]
    assert told(date(2026, 6, 3)) == [("rental", "r"), ("warranty", "")]
    assert told(date(2026, 7, 5)) == [("rental", "r"), ("warranty", "")]  # not returned: it is still told
    house.do(agreements.end_agreement, act=house.act(), agreement_id="r", on=date(2026, 7, 6))
    assert told(date(2026, 7, 7)) == [("warranty", "")]


def test_costs_of_a_rental_count_begun_periods_whole() -> None:
    weekly = agreement("r", cost=700, per_days=7, ends_on=date(2026, 2, 28))

    assert [weekly.cost_until(date(2026, 1, day)) for day in (1, 7, 8)] == [700, 700, 1400]
    assert weekly.cost_until(date(2026, 12, 31)) == weekly.cost_until(date(2026, 2, 28))
    assert weekly.cost_until(date(2025, 12, 31)) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"assets": ()},  # about nothing
        {"ends_on": date(2025, 1, 1)},  # ends before it starts
        {"notice_days": -1},
        {"uptime_share": 1.5},
    ],
)
def test_an_agreement_makes_sense(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Expected"):
        agreement("a", **fields)


def read(house: House, value: float, **fields: Any) -> meters.Usage:
    house.clock.advance(3600)
    taken = meters.ReadMeter(
        asset="pump-1", meter="hours", at=house.clock.now(), reading=MeterReading(value=value, **fields)
    )
    return house.do(meters.record_reading, act=house.act(), read=taken)


def test_use_never_falls_when_a_meter_is_replaced(house: House) -> None:
    enter(house)
    for value in (4000.0, 4999.0, 5001.0):
        read(house, value)

    assert read(house, 120.0).is_unexplained
    assert read(house, 130.0, is_reset=True).total == pytest.approx(1131.0)


def test_use_makes_maintenance_due_once_per_step_of_the_meter(house: House) -> None:
    enter(house)
    by_use = Rule(id="r", asset="pump-1", meter=MeterRule(every=500, anchor=Anchor.GRID))
    house.do(save_rule, act=house.act(), rule=by_use)
    horizon = Horizon(today=date(2026, 1, 10), zone=UTC)
    read(house, 0.0)
    read(house, 499.0)
    assert house.do(generate, act=house.act(), horizon=horizon) == []

    read(house, 501.0)
    first = house.do(generate, act=house.act(), horizon=horizon)
    again = house.do(generate, act=house.act(), horizon=horizon)
    read(house, 640.0)
    _close(house, first[0].id)

    assert ([order.id for order in first], again) == (["pm:r:use:500"], [])
    assert house.do(generate, act=house.act(), horizon=horizon) == []
    read(house, 1001.0)
    assert [o.id for o in house.do(generate, act=house.act(), horizon=horizon)] == ["pm:r:use:1000"]


def test_use_asks_again_at_the_next_step_after_an_order_was_given_up(house: House) -> None:
    enter(house)
    house.do(save_rule, act=house.act(), rule=Rule(id="r", asset="pump-1", meter=MeterRule(every=500)))
    horizon = Horizon(today=date(2026, 1, 10), zone=UTC)
    read(house, 0.0)
    read(house, 510.0)
    (first,) = house.do(generate, act=house.act(), horizon=horizon)
    house.do(work.cancel_work_order, act=house.act(), order_id=first.id, version=1, reason="on loan")

    read(house, 990.0)
    assert house.do(generate, act=house.act(), horizon=horizon) == []
    read(house, 1010.0)

    assert [order.id for order in house.do(generate, act=house.act(), horizon=horizon)] == ["pm:r:use:1000"]


def test_steps_of_a_meter_of_millions_have_keys_of_their_own(house: House) -> None:
    enter(house)
    house.do(save_rule, act=house.act(), rule=Rule(id="r", asset="pump-1", meter=MeterRule(every=50)))
    horizon = Horizon(today=date(2026, 1, 10), zone=UTC)
    found = []
    for value in (0.0, 12_345_600.0, 12_345_650.0, 12_345_700.0):
        read(house, value)
        for order in house.do(generate, act=house.act(), horizon=horizon):
            found.append(order.id)
            _close(house, order.id)

    assert found == ["pm:r:use:50", "pm:r:use:12345650", "pm:r:use:12345700"]


def test_a_retired_device_asks_for_no_maintenance(house: House) -> None:
    enter(house)
    calendar = CalendarRule(months=1, anchor_on=date(2026, 1, 15))
    house.do(save_rule, act=house.act(), rule=Rule(id="r", asset="pump-1", calendar=calendar))
    house.do(retire_asset, act=house.act(), asset_id="pump-1", reason="sold")
    today = local_day(house.clock.now(), UTC)

    assert house.do(generate, act=house.act(), horizon=Horizon(today=today, zone=UTC, days=400)) == []
    assert house.ask(work_ahead, start_on=today, end_on=today + timedelta(days=400)) == []


def test_due_days_that_a_season_moves_to_one_are_one_order(house: House) -> None:
    enter(house)
    today = local_day(house.clock.now(), UTC)
    calendar = CalendarRule(months=1, anchor_on=today, season=(today.month,))
    house.do(save_rule, act=house.act(), rule=Rule(id="r", asset="pump-1", calendar=calendar))

    found = house.do(generate, act=house.act(), horizon=Horizon(today=today, zone=UTC, days=420))

    # The days of February to December all move to the first of January.
    assert sorted(order.due_date[5:] for order in found) == ["01-01", "01-05", "01-05"]


def _close(house: House, order: str) -> None:
    house.do(work.start_work, act=house.act(), order_id=order, version=1)
    house.do(work.close_work_order, act=house.act(), order_id=order, version=2)


def checklist(low: float, high: float, version: int = 0, category: str = "pump") -> templates.Template:
    step = Step(id="flow", label="Flow", kind=StepKind.NUMBER, unit="ml/h", low=low, high=high)
    return templates.Template(kind=WorkKind.PREVENTIVE, category=category, steps=(step,), version=version)


def test_a_checklist_changed_later_changes_no_order_that_was_opened_before(house: House) -> None:
    enter(house)
    house.do(templates.save_template, act=house.act(), template=checklist(95.0, 105.0))
    order = WorkOrder(id="w-1", asset="pump-1", kind=WorkKind.PREVENTIVE)
    house.do(work.open_work_order, act=house.act(), order=order)

    house.do(templates.save_template, act=house.act(), template=checklist(99.0, 101.0, version=1))
    house.do(work.open_work_order, act=house.act(), order=WorkOrder(id="w-2", asset="pump-1", kind=WorkKind.PREVENTIVE))

    limits = [house.ask(work.get_work_order, order_id=name)[0].steps[0].low for name in ("w-1", "w-2")]
    assert limits == [95.0, 99.0]
    house.do(work.start_work, act=house.act(), order_id="w-1", version=1)
    finding = work.Finding(answers=(Answer(step="flow", value=96.0),))
    house.do(work.record_work, act=house.act(), order_id="w-1", version=2, finding=finding)
    house.do(work.close_work_order, act=house.act(), order_id="w-1", version=3)


def test_a_category_without_its_own_checklist_takes_the_one_for_all(house: House) -> None:
    enter(house)
    house.do(templates.save_template, act=house.act(), template=checklist(1.0, 2.0, category=""))

    assert house.ask(templates.steps_for, kind=WorkKind.PREVENTIVE, category="pump")[0].low == 1.0
    assert house.ask(templates.steps_for, kind=WorkKind.INCOMING, category="pump") == ()


def test_checklists_are_changed_by_version_and_checked(house: House) -> None:
    house.do(templates.save_template, act=house.act(), template=checklist(1.0, 2.0))
    with pytest.raises(StaleVersion):
        house.do(templates.save_template, act=house.act(), template=checklist(1.0, 3.0))
    for steps in (
        (Step(id="a", label=""), Step(id="a", label="")),  # two of one id
        (Step(id="a", label="", kind=StepKind.NUMBER, low=2.0, high=1.0),),  # limits the wrong way round
        (Step(id="a", label="", kind=StepKind.CHOICE),),  # nothing to choose from
    ):
        with pytest.raises(FieldError):
            house.do(
                templates.save_template,
                act=house.act(),
                template=templates.Template(kind=WorkKind.PREVENTIVE, category="pump", steps=steps, version=1),
            )


PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50


def photo(**fields: Any) -> documents.Attachment:
    own = {"subject": "pump-1", "name": "plate.png", "media_type": "image/png", "content": PNG}
    return documents.Attachment(**(own | fields))


def test_a_photo_is_kept_once_and_withdrawn_without_being_destroyed(house: House) -> None:
    first = house.do(documents.attach, act=house.act("nurse-1", Role.NURSE), attachment=photo())
    again = house.do(documents.attach, act=house.act(), attachment=photo(name="other.png"))

    assert first.id == again.id
    assert house.ask(documents.documents_of, subject="pump-1") == [again]
    assert house.ask(documents.content_of, document_id=first.id)[1] == PNG
    with pytest.raises(Refused):
        house.do(documents.withdraw, act=house.act("nurse-2", Role.NURSE), document_id=first.id)
    house.do(documents.withdraw, act=house.act("nurse-1", Role.NURSE), document_id=first.id)
    assert house.ask(documents.documents_of, subject="pump-1") == []
    with pytest.raises(NotFound):
        house.ask(documents.content_of, document_id=first.id)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"content": b"<script>"}, "body"),  # it is no picture
        ({"content": b""}, "body"),
        ({"content": PNG + b"0" * documents.LARGEST}, "body"),
        ({"media_type": "text/html"}, "content-type"),  # a browser would run it
        ({"media_type": "image/svg+xml"}, "content-type"),
        ({"name": " "}, "name"),
    ],
)
def test_what_a_browser_could_run_is_not_kept(house: House, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        house.do(documents.attach, act=house.act(), attachment=photo(**fields))
    assert refused.value.problem.field == field


EMDN = "EMDN CODE;CATEGORY DESCRIPTION\nZ;MEDICAL EQUIPMENT\nZ12;DEVICES FOR EXAMINATION\nZ1203;SUPPORT\n"


def test_a_nomenclature_is_imported_by_version_after_a_dry_run(house: House) -> None:
    terms = read_emdn(EMDN, source="emdn.csv")
    act = house.act()

    dry = house.do(nomenclature.import_terms, act=act, version="2021", terms=terms, is_dry_run=True)
    assert (dry.added, house.ask(nomenclature.search_terms, text="Z12")) == (3, [])
    house.do(nomenclature.import_terms, act=act, version="2021", terms=terms)
    changed = [Term(code="Z", term="EQUIPMENT"), *terms[1:]]
    second = house.do(nomenclature.import_terms, act=act, version="2021", terms=changed)

    assert (second.added, second.changed, second.unchanged) == (0, 1, 2)
    assert [t.code for t in house.ask(nomenclature.search_terms, text="z12")] == ["Z12", "Z1203"]
    assert [t.code for t in house.ask(nomenclature.search_terms, text="examin")] == ["Z12"]
    assert house.ask(nomenclature.search_terms, text="%") == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a,b\n1,2", "row 1"),  # no heading that is known
        ("code,term\nZ,X\nZ1,Y", "row 3"),  # one digit is no level
        ("code,term\nZ,X\nZ,Y", "row 3"),  # twice
        ("code,term\nZ,X\nZ1203,Y", "Z1203"),  # the level above is missing
        ("code,term\nZ,", "row 2"),  # no words
        ("code,term\n", "row 2"),  # nothing
    ],
)
def test_a_nomenclature_with_holes_is_refused(text: str, place: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        read_emdn(text, source="emdn.csv")
    assert refused.value.problems[0].place == place


def test_duplicates_are_one_maker_and_serial_written_differently(house: House) -> None:
    enter(
        house,
        pump(1, serial="SN-0042"),
        pump(2, serial="sn 0042", manufacturer="ACME"),
        pump(3, serial="SN0042", manufacturer="Other"),
        pump(4, serial=""),
        pump(5, serial=""),
    )

    found = house.ask(merging.find_duplicates)

    assert [(one.assets, one.why) for one in found] == [(("pump-1", "pump-2"), "serial")]


def test_merging_keeps_the_history_of_both(house: House) -> None:
    mark = Identifier(kind=IdentifierKind.BARCODE, value="4711")
    enter(house, pump(1, serial="SN-1", cost=0), pump(2, serial="SN1", cost=900, lot="L", identifiers=(mark,)))
    now = house.clock.now()
    house.do(measuring.record_safety_test, act=house.act(), test=safety("t", "pump-2", now))
    house.do(documents.attach, act=house.act(), attachment=photo(subject="pump-2"))
    order = WorkOrder(id="w", asset="pump-2", kind=WorkKind.PREVENTIVE)
    house.do(work.open_work_order, act=house.act(), order=order)
    _close(house, "w")
    for who in ("pump-1", "pump-2"):
        house.do(hand_over, act=house.act(), asset_id=who, custodian=who, kind=CustodianKind.DEPARTMENT)
        house.clock.advance(60)
        house.do(give_back, act=house.act(), asset_id=who)
        house.clock.advance(60)

    entry = house.do(merging.merge_assets, act=house.act(), keep="pump-1", drop="pump-2")

    assert (entry.cost, entry.lot, entry.serial) == (900, "L", "SN-1")
    assert house.ask(entry_of, asset_id="pump-1") == entry
    assert [r.id for r in house.ask(measuring.results_of, asset="pump-1")] == ["t"]
    assert house.ask(work.get_work_order, order_id="w")[0].asset == "pump-1"
    assert len(house.ask(documents.documents_of, subject="pump-1")) == 1
    assert [period.custodian for period in house.ask(custody_of, asset_id="pump-1")] == ["pump-2", "pump-1"]
    found = house.ask(find_by_identifier, value="4711")
    assert found is not None
    assert found.id == "pump-1"
    assert house.ask(load_asset, asset_id="pump-2").operational == "retired"
    assert house.ask(merging.find_duplicates) == []


def test_merging_gives_no_leave_to_pass_an_exit_unseen(house: House) -> None:
    enter(house, pump(1, is_mobile=False), pump(2, may_leave=True))

    entry = house.do(merging.merge_assets, act=house.act(), keep="pump-1", drop="pump-2")

    assert (entry.may_leave, entry.is_mobile) == (False, False)


def test_merging_is_refused_where_two_lives_run_at_once(house: House) -> None:
    enter(house, pump(1), pump(2, parent=""))
    house.do(edit_asset, act=house.act(), asset=pump(2, parent="pump-1"), version=2)
    house.do(work.open_work_order, act=house.act(), order=WorkOrder(id="w", asset="pump-2", kind=WorkKind.PREVENTIVE))
    for who in ("pump-1", "pump-2"):
        house.do(hand_over, act=house.act(), asset_id=who, custodian="ward")

    with pytest.raises(Refused) as refused:
        house.do(merging.merge_assets, act=house.act(), keep="pump-1", drop="pump-2")
    with pytest.raises(Refused) as same:
        house.do(merging.merge_assets, act=house.act(), keep="pump-1", drop="pump-1")

    assert set(refused.value.reasons) == {"asset.parent_cycle", "custody.both", "work_order.open"}
    assert "asset.same" in same.value.reasons
