"""The register: unique entries, no containment circles, custody without overlaps, work orders and notices."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from assets.model.notices import Certainty, Clause, MatchState, Notice, Span
from assets.model.regions import OperationalState
from assets.model.register import Asset, CustodianKind, DeviceModel, Identifier, IdentifierKind, Relation, RelationKind
from assets.model.work import Answer, Labour, Part, Step, StepKind, WorkKind, WorkOrder, WorkState
from assets.service.availability import change_state
from assets.service.custody import custody_as_of, custody_of, give_back, hand_over, reserve
from assets.service.fleet import watched
from assets.service.notices import close_match, close_notice, closure_of, list_notices, matches_of, receive_notice
from assets.service.register import edit_asset, entry_of, impact, register_asset, register_assets, relate, retire_asset
from assets.service.work import (
    Finding,
    amend,
    cancel_work_order,
    close_work_order,
    get_work_order,
    list_work_orders,
    open_work_order,
    record_work,
    start_work,
)
from assets.tables.register import find_by_identifier, list_assets, load_asset, load_model, save_model
from tests.assets.conftest import House
from twin.access import Role
from twin.errors import Conflict, FieldError, Forbidden, ImportRefused, NotFound, Refused, StaleVersion
from twin.events.things import AssetRegistered, AssetRetired, AvailabilityChanged, CustodyChanged
from twin.events.work import TaskRequested


def pump(number: int, **fields: Any) -> Asset:
    own = {"manufacturer": "Acme", "model": "IP 20", "serial": f"SN{number}"} | fields
    return Asset(id=f"pump-{number}", control_no=f"C-{number}", category="infusion_pump", name=f"Pump {number}", **own)


def test_registered_assets_are_found_by_any_mark(house: House) -> None:
    marks = (Identifier(kind=IdentifierKind.BARCODE, value="4006381333931"),)
    house.do(register_assets, act=house.act(), assets=[pump(1, identifiers=marks), pump(2)])

    for mark in ("pump-1", "C-1", "4006381333931"):
        found = house.ask(find_by_identifier, value=mark)
        assert found is not None
        assert found.id == "pump-1"
    assert house.ask(find_by_identifier, value="nothing") is None
    assert [event.thing for event in house.events(AssetRegistered)] == ["pump-1", "pump-2"]
    assert [row.id for row in house.ask(list_assets, category="infusion_pump", is_usable=True, after="pump-1")] == [
        "pump-2"
    ]


def test_an_import_with_duplicates_stores_nothing_and_names_each(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=pump(1))
    rows = [pump(2), pump(3, serial="SN1"), dataclasses.replace(pump(4), control_no="C-2"), pump(5)]

    with pytest.raises(ImportRefused) as refused:
        house.do(register_assets, act=house.act(), assets=rows)

    assert [(problem.place, problem.field) for problem in refused.value.problems] == [
        ("row 2", "serial"),
        ("row 3", "control_no"),
    ]
    assert len(house.ask(list_assets)) == 1
    with pytest.raises(Conflict):
        house.do(register_asset, act=house.act(), asset=pump(1))


def test_the_same_serial_of_another_maker_is_another_device(house: House) -> None:
    house.do(register_assets, act=house.act(), assets=[pump(1), pump(2, manufacturer="Bolt", serial="SN1")])

    assert len(house.ask(list_assets)) == 2


def test_an_edit_on_an_old_version_is_refused(house: House) -> None:
    row = house.do(register_asset, act=house.act(), asset=pump(1))
    version = house.ask(load_asset, asset_id=row.id).version
    house.do(edit_asset, act=house.act(), asset=pump(1, home="ward-2"), version=version)

    with pytest.raises(StaleVersion):
        house.do(edit_asset, act=house.act(), asset=pump(1, home="ward-3"), version=version)

    assert house.ask(entry_of, asset_id="pump-1").home == "ward-2"


def test_an_edit_does_not_begin_the_watch_of_a_device_anew(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=pump(1))
    house.do(register_asset, act=house.act(), asset=pump(2))
    begun = house.clock.now()
    house.clock.advance(100 * 86_400)
    house.do(
        edit_asset,
        act=house.act(),
        asset=dataclasses.replace(pump(1), name="Pump A"),
        version=version_of(house, "pump-1"),
    )
    house.do(retire_asset, act=house.act(), asset_id="pump-2", reason="sold")
    house.clock.advance(100 * 86_400)

    ((edited, retired),) = house.ask(watched, now=house.clock.now()).values()

    assert house.ask(load_asset, asset_id="pump-1").registered_at == begun
    assert (edited.end - edited.start, retired.end - retired.start) == (200.0, 100.0)


def version_of(house: House, asset: str) -> int:
    return house.ask(load_asset, asset_id=asset).version


def test_nothing_contains_itself_neither_by_parent_nor_by_relation(house: House) -> None:
    house.do(register_assets, act=house.act(), assets=[pump(1), pump(2, parent="pump-1"), pump(3)])
    house.do(relate, act=house.act(), relation=Relation(asset="pump-3", other="pump-2", kind=RelationKind.PART_OF))
    version = house.ask(load_asset, asset_id="pump-1").version

    with pytest.raises(Refused, match="contain itself"):
        house.do(edit_asset, act=house.act(), asset=pump(1, parent="pump-3"), version=version)
    with pytest.raises(Refused):
        house.do(relate, act=house.act(), relation=Relation(asset="pump-1", other="pump-3", kind=RelationKind.PART_OF))
    with pytest.raises(NotFound):
        house.do(relate, act=house.act(), relation=Relation(asset="pump-1", other="x", kind=RelationKind.PART_OF))


def test_impact_names_what_a_failure_hits_and_by_which_chain(house: House) -> None:
    house.do(register_assets, act=house.act(), assets=[pump(n) for n in range(1, 5)])
    for asset, other, kind in (
        ("pump-2", "pump-1", RelationKind.POWERED_BY),
        ("pump-3", "pump-2", RelationKind.NETWORKED_TO),
        ("pump-4", "pump-1", RelationKind.BACKUP_OF),
    ):
        house.do(relate, act=house.act(), relation=Relation(asset=asset, other=other, kind=kind))

    assert house.ask(impact, asset_id="pump-1") == {
        "pump-2": ("pump-1", "pump-2"),
        "pump-3": ("pump-1", "pump-2", "pump-3"),
    }


def test_who_may_not_write_changes_nothing(house: House) -> None:
    with pytest.raises(Forbidden):
        house.do(register_asset, act=house.act("n", Role.NURSE), asset=pump(1))
    assert house.ask(list_assets) == []


def test_a_retired_asset_is_unusable_and_retired_once(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=pump(1))
    house.do(retire_asset, act=house.act(), asset_id="pump-1", reason="worn out")

    with pytest.raises(Refused):
        house.do(retire_asset, act=house.act(), asset_id="pump-1", reason="again")
    assert [event.reason for event in house.events(AssetRetired)] == ["worn out"]
    assert [event.reasons for event in house.events(AvailabilityChanged)] == [("operational.retired",)]


def test_a_model_keeps_all_its_facts(house: House) -> None:
    model = DeviceModel(id="m", manufacturer="Acme", name="IP 20", category="c", device_identifiers=("1", "2"))
    house.do(save_model, model=model)

    assert house.ask(load_model, model_id="m") == model
    with pytest.raises(NotFound):
        house.ask(load_model, model_id="x")


def test_custody_periods_do_not_overlap_and_any_instant_can_be_asked(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=pump(1))
    start = house.clock.now()
    house.do(hand_over, act=house.act(), asset_id="pump-1", custodian="a")
    house.clock.advance(10)
    house.do(hand_over, act=house.act(), asset_id="pump-1", custodian="vendor", kind=CustodianKind.VENDOR)
    assert not house.ask(load_asset, asset_id="pump-1").is_usable
    house.clock.advance(10)
    house.do(give_back, act=house.act(), asset_id="pump-1")
    house.do(give_back, act=house.act(), asset_id="pump-1")

    def at(seconds: float) -> str:
        period = house.ask(custody_as_of, asset_id="pump-1", at=start + round(seconds * 1e6))
        return period.custodian if period is not None else ""

    assert [at(s) for s in (-1, 0, 9.9, 10, 19.9, 20)] == ["", "a", "a", "vendor", "vendor", ""]
    assert [event.custodian for event in house.events(CustodyChanged)] == ["a", "vendor", ""]
    assert len(house.ask(custody_of, asset_id="pump-1")) == 2


def test_a_reserved_device_cannot_be_reserved_again(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=pump(1))
    house.do(reserve, act=house.act("n1", Role.NURSE), asset_id="pump-1")

    with pytest.raises(Refused) as refused:
        house.do(reserve, act=house.act("n2", Role.NURSE), asset_id="pump-1")

    assert refused.value.reasons == ("custody.reserved",)


STEPS = (
    Step(id="flow", label="Flow", kind=StepKind.NUMBER, unit="ml/h", low=95.0, high=105.0),
    Step(id="case", label="Case whole", kind=StepKind.CHECK),
    Step(id="remark", label="Remark", kind=StepKind.TEXT, is_required=False),
)


def opened(house: House, kind: WorkKind = WorkKind.CORRECTIVE, **fields: Any) -> WorkOrder:
    house.do(register_asset, act=house.act(), asset=pump(1))
    return house.do(open_work_order, act=house.act(), order=WorkOrder(id="wo-1", asset="pump-1", kind=kind, **fields))


def version(house: House) -> int:
    return house.ask(get_work_order, order_id="wo-1")[1]


def record(house: House, **fields: Any) -> None:
    house.do(record_work, act=house.act(), order_id="wo-1", version=version(house), finding=Finding(**fields))


def state(house: House) -> str:
    return house.ask(load_asset, asset_id="pump-1").operational


def test_a_repair_leads_back_into_service_only_through_acceptance_and_safety_test(house: House) -> None:
    opened(house, steps=STEPS)
    assert state(house) == OperationalState.FAILED
    house.do(start_work, act=house.act(), order_id="wo-1", version=version(house))
    assert state(house) == OperationalState.IN_REPAIR
    record(house, answers=(Answer(step="flow", value=94.99), Answer(step="case", value=True)), opens_mains_part=True)
    record(house, finding="repaired", parts=(Part(item="i1", quantity=1),), labour=(Labour(staff="b", minutes=30),))
    assert state(house) == OperationalState.ACCEPTANCE_TEST

    with pytest.raises(Refused) as refused:
        house.do(close_work_order, act=house.act(), order_id="wo-1", version=version(house))
    assert refused.value.reasons == ("step_out_of_limits.flow", "acceptance_missing", "safety_test_missing")

    record(house, answers=(Answer(step="flow", value=95),), acceptance_passed=True, safety_test_passed=True)
    house.do(close_work_order, act=house.act(), order_id="wo-1", version=version(house))
    assert state(house) == OperationalState.IN_SERVICE
    assert [e.is_usable for e in house.events(AvailabilityChanged)][-1]
    assert [e.reason for e in house.events(TaskRequested)] == ["corrective"]


def test_a_closed_work_order_is_only_amended(house: House) -> None:
    opened(house, WorkKind.PREVENTIVE)
    house.do(start_work, act=house.act(), order_id="wo-1", version=1)
    closed = house.do(close_work_order, act=house.act(), order_id="wo-1", version=2)

    with pytest.raises(Refused):
        record(house, finding="late")
    amended = house.do(amend, act=house.act(), order_id="wo-1", text="photo added")

    assert dataclasses.replace(amended, amendments=()) == closed
    assert amended.amendments[0].text == "photo added"
    assert house.ask(list_work_orders, asset="pump-1", is_open=False) == [amended]


def test_the_same_request_opens_one_order(house: House) -> None:
    first = opened(house, WorkKind.PREVENTIVE)
    other = WorkOrder(id="wo-2", asset="pump-1", kind=WorkKind.PREVENTIVE)

    again = house.do(open_work_order, act=house.act(), order=other, dedupe_key="wo-1")

    assert again == first


def test_a_cancelled_repair_leaves_the_device_where_another_one_holds_it(house: House) -> None:
    opened(house)
    second = WorkOrder(id="wo-2", asset="pump-1", kind=WorkKind.CORRECTIVE)
    house.do(open_work_order, act=house.act(), order=second)

    house.do(cancel_work_order, act=house.act(), order_id="wo-1", version=1, reason="double")
    assert state(house) == OperationalState.FAILED
    house.do(cancel_work_order, act=house.act(), order_id="wo-2", version=1, reason="use error")
    assert state(house) == OperationalState.IN_SERVICE


def test_cancelling_a_repair_is_no_way_round_its_tests(house: House) -> None:
    opened(house)
    house.do(start_work, act=house.act(), order_id="wo-1", version=version(house))
    record(house, opens_mains_part=True)

    with pytest.raises(Refused) as refused:
        house.do(cancel_work_order, act=house.act(), order_id="wo-1", version=version(house), reason="no parts")
    assert refused.value.reasons == ("acceptance_missing", "safety_test_missing")
    assert state(house) == OperationalState.IN_REPAIR

    record(house, acceptance_passed=True, safety_test_passed=True)
    house.do(cancel_work_order, act=house.act(), order_id="wo-1", version=version(house), reason="nothing found")
    assert state(house) == OperationalState.IN_SERVICE


@pytest.mark.parametrize("aside", [OperationalState.QUARANTINED, OperationalState.RETIRED])
def test_a_repair_of_a_device_that_serves_no_more_is_given_up_without_tests(
    house: House, aside: OperationalState
) -> None:
    opened(house)
    house.do(start_work, act=house.act(), order_id="wo-1", version=version(house))
    house.do(change_state, act=house.act(), asset_id="pump-1", operational=aside)

    house.do(cancel_work_order, act=house.act(), order_id="wo-1", version=version(house), reason="beyond repair")

    assert state(house) == aside


def test_a_mains_part_opened_in_planned_work_asks_for_the_safety_test_too(house: House) -> None:
    opened(house, WorkKind.PREVENTIVE)
    record(house, opens_mains_part=True)

    for end in (close_work_order, cancel_work_order):
        more = {"reason": "not needed"} if end is cancel_work_order else {}
        with pytest.raises(Refused) as refused:
            house.do(end, act=house.act(), order_id="wo-1", version=version(house), **more)
        assert refused.value.reasons == ("safety_test_missing",)


def test_the_end_of_some_work_does_not_bring_a_retired_device_back(house: House) -> None:
    opened(house, WorkKind.PREVENTIVE)
    house.do(retire_asset, act=house.act(), asset_id="pump-1", reason="sold")

    with pytest.raises(Refused, match="nothing to work on"):
        house.do(start_work, act=house.act(), order_id="wo-1", version=1)
    house.do(cancel_work_order, act=house.act(), order_id="wo-1", version=1, reason="sold")
    order = WorkOrder(id="wo-2", asset="pump-1", kind=WorkKind.CORRECTIVE)
    with pytest.raises(Refused, match="nothing to work on"):
        house.do(open_work_order, act=house.act(), order=order)

    assert state(house) == OperationalState.RETIRED
    assert not house.ask(load_asset, asset_id="pump-1").is_usable


@pytest.mark.parametrize("aside", [OperationalState.MISSING, OperationalState.QUARANTINED])
def test_a_cancelled_order_leaves_a_device_where_something_else_put_it(house: House, aside: OperationalState) -> None:
    opened(house, WorkKind.PREVENTIVE)
    house.do(change_state, act=house.act(), asset_id="pump-1", operational=aside)

    house.do(cancel_work_order, act=house.act(), order_id="wo-1", version=1, reason="not located")

    assert state(house) == aside


@pytest.mark.parametrize(
    ("step", "value"),
    [
        ("nowhere", True),  # no such step
        ("flow", "fast"),  # text for a number
        ("flow", float("nan")),  # no number at all
        ("case", "yes"),  # text for a tick
        ("remark", "  "),  # nothing said
    ],
)
def test_an_answer_of_another_kind_is_refused(house: House, step: str, value: Any) -> None:
    opened(house, steps=STEPS)

    with pytest.raises(FieldError):
        record(house, answers=(Answer(step=step, value=value),))
    assert house.ask(get_work_order, order_id="wo-1")[0].state is WorkState.OPEN


RECALL = Notice(
    id="fsn-1",
    title="Free flow",
    clauses=(Clause(manufacturer="ACME", models=("IP-20",), serials=(Span(low="SN1", high="SN5"),)),),
)


def test_a_notice_is_closed_when_every_device_is_and_finds_those_added_later(house: House) -> None:
    house.do(register_assets, act=house.act(), assets=[pump(1), pump(9), pump(3, serial="")])
    matches = house.do(receive_notice, act=house.act(), notice=RECALL)
    assert [(m.asset, m.certainty) for m in matches] == [
        ("pump-1", Certainty.CERTAIN),
        ("pump-3", Certainty.POSSIBLE),
    ]
    assert not house.ask(load_asset, asset_id="pump-1").is_usable
    assert house.ask(load_asset, asset_id="pump-3").is_usable

    house.do(register_asset, act=house.act(), asset=pump(4))
    assert len(house.ask(matches_of, notice_id="fsn-1")) == 3
    with pytest.raises(Refused) as refused:
        house.do(close_notice, act=house.act(), notice_id="fsn-1")
    assert len(refused.value.reasons) == 3

    close = {"act": house.act(), "notice_id": "fsn-1", "evidence": "clamp replaced"}
    house.do(close_match, asset_id="pump-1", state=MatchState.FIXED, **close)
    house.do(close_match, asset_id="pump-3", state=MatchState.NOT_AFFECTED, **close)
    house.do(close_match, asset_id="pump-4", state=MatchState.NOT_LOCATED, **close)
    closure = house.do(close_notice, act=house.act(), notice_id="fsn-1")

    assert closure == house.ask(closure_of, notice_id="fsn-1")
    assert (closure.matched, closure.actioned, closure.not_affected, closure.open) == (3, 2, 1, 0)
    assert house.ask(load_asset, asset_id="pump-1").is_usable
    assert not house.ask(load_asset, asset_id="pump-4").is_usable
    assert house.ask(list_notices) == []


def certainty_of(house: House, asset: str) -> Certainty:
    return next(m.certainty for m in house.ask(matches_of, notice_id="fsn-1") if m.asset == asset)


def test_a_device_whose_serial_is_entered_later_is_kept_from_use(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=pump(3, serial=""))
    house.do(receive_notice, act=house.act(), notice=RECALL)
    assert (certainty_of(house, "pump-3"), usable(house, "pump-3")) == (Certainty.POSSIBLE, True)

    seen = house.ask(load_asset, asset_id="pump-3").version
    house.do(edit_asset, act=house.act(), asset=pump(3), version=seen)

    assert (certainty_of(house, "pump-3"), usable(house, "pump-3")) == (Certainty.CERTAIN, False)


def usable(house: House, asset: str) -> bool:
    return house.ask(load_asset, asset_id=asset).is_usable


def close(house: House, notice: str, asset: str, state: MatchState, evidence: str = "done") -> None:
    house.do(close_match, act=house.act(), notice_id=notice, asset_id=asset, state=state, evidence=evidence)


def test_a_device_that_was_not_found_stays_unusable_whatever_else_is_closed_until_it_turns_up(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=pump(1))
    other = dataclasses.replace(RECALL, id="fsn-2")
    for notice in (RECALL, other):
        house.do(receive_notice, act=house.act(), notice=notice)

    close(house, "fsn-1", "pump-1", MatchState.NOT_LOCATED, "looked on all wards")
    close(house, "fsn-2", "pump-1", MatchState.FIXED)
    assert not usable(house, "pump-1")
    house.do(close_notice, act=house.act(), notice_id="fsn-1")

    close(house, "fsn-1", "pump-1", MatchState.FIXED, "found in a cupboard, clamp replaced")
    assert usable(house, "pump-1")
    (match,) = house.ask(matches_of, notice_id="fsn-1")
    assert match.evidence == "looked on all wards\nfound in a cupboard, clamp replaced"
    with pytest.raises(Refused):
        close(house, "fsn-1", "pump-1", MatchState.NOT_AFFECTED)


def test_a_notice_that_does_not_stop_use_keeps_no_device_from_it(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=pump(1))
    house.do(receive_notice, act=house.act(), notice=RECALL)
    house.do(receive_notice, act=house.act(), notice=dataclasses.replace(RECALL, id="fsn-2", stops_use=False))

    close(house, "fsn-1", "pump-1", MatchState.FIXED)

    assert usable(house, "pump-1")


def test_no_device_is_closed_without_proof(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=pump(1))
    house.do(receive_notice, act=house.act(), notice=RECALL)

    with pytest.raises(Refused):
        house.do(
            close_match, act=house.act(), notice_id="fsn-1", asset_id="pump-1", state=MatchState.FIXED, evidence=""
        )
    with pytest.raises(NotFound):
        house.do(close_match, act=house.act(), notice_id="x", asset_id="y", state=MatchState.FIXED, evidence="e")
