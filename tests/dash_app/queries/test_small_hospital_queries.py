"""Each question, asked of the small hospital that the tests know by heart."""

import pytest

from dash_app.queries import alarms, beds, devices, floor_map, gateways, overview, plans, search, stock, work
from dash_app.queries.beds import BedUse
from tests.dash_app.small_hospital import HOUR, NOW, actor_with, small_state
from twin.access import Role
from twin.events.watch import AlarmCleared, AlarmPriority, AlarmShelved, GatewayStatus
from twin.events.work import TaskCreated, TaskKind


@pytest.fixture
def state():
    return small_state()


def tell(state, event_type, thing, **payload):
    state.apply(event_type(thing=thing, occurred_at=NOW, source="user:u", source_key=f"{thing}{payload}", **payload))


def test_alarms_come_by_urgency(state):
    rows = alarms.active(state, NOW)

    assert [row.id for row in rows] == ["alarm-1", "alarm-2"]
    assert alarms.counts(state, NOW) == {AlarmPriority.HIGH: 1, AlarmPriority.MEDIUM: 1, AlarmPriority.LOW: 0}


def test_a_shelved_alarm_is_not_counted_until_it_comes_back(state):
    tell(state, AlarmShelved, "alarm-1", until=NOW + HOUR, reason="known")

    assert alarms.counts(state, NOW)[AlarmPriority.HIGH] == 0
    assert alarms.counts(state, NOW + 2 * HOUR)[AlarmPriority.HIGH] == 1
    assert alarms.active(state, NOW, with_shelved=True)[-1].shelved_reason == "known"


def test_a_cleared_alarm_is_gone(state):
    tell(state, AlarmCleared, "alarm-1")

    assert "IP-3" not in alarms.subjects(state, NOW)


def test_alarms_can_be_narrowed_to_a_priority(state):
    assert [row.id for row in alarms.active(state, NOW, priority="P2")] == ["alarm-2"]
    assert alarms.active(state, NOW, priority="P9") == []


def test_beds_are_shown_by_what_keeps_them(state):
    uses = {row.id: row.use for row in beds.rows(state, NOW)}

    assert uses["W1-B1"] is BedUse.OCCUPIED
    assert uses["W1-B3"] is BedUse.DIRTY
    assert uses["W1-B4"] is BedUse.READY


def test_wards_are_counted_the_fullest_first(state):
    found = beds.wards(state)

    assert [ward.id for ward in found] == ["W1", "ICU"]
    assert found[0].occupied_share == 0.5
    assert sum(found[0].by_use.values()) == found[0].beds == 4


def test_a_planned_discharge_is_shown_at_the_bed(state):
    row = next(row for row in beds.rows(state, NOW, ward="W1") if row.id == "W1-B2")

    assert row.discharge_at == NOW + 2 * HOUR


def test_names_are_chinese_for_a_chinese_reader(state):
    assert beds.wards(state, chinese=True)[0].name == "一病区"


def test_every_position_has_its_age_and_confidence(state):
    found = {entry.asset: entry for entry in floor_map.positions(state, NOW)}

    assert found["IP-1"].place == "W1-B1"
    assert NOW - found["IP-1"].seen_at == 40_000_000
    assert 0.9 < found["IP-1"].confidence <= 1
    assert found["IP-3"].priority is AlarmPriority.HIGH
    assert found["V-1"].basis == "home"
    assert found["V-1"].seen_at == 0


def test_the_browsers_model_knows_every_tag_and_place(state):
    places, found = floor_map.shapes(state), floor_map.positions(state, NOW)
    model = floor_map.browser_model(places, found, floor=1, category="", alarm_subjects={"alarm-1": "IP-3"})

    assert model["tags"]["T-3"] == "IP-3"
    assert model["alarms"] == {"IP-3": "P1"}
    assert set(model["assets"]) == {"IP-1", "IP-2", "IP-3", "IP-4", "V-1"}
    assert model["places"]["ICU"]["floor"] == 1


def test_floors_are_those_with_something_to_draw(state):
    assert floor_map.floors(state) == [0, 1, 2]


def test_devices_that_may_not_be_used_stand_before_the_others(state):
    rows = devices.rows(state, NOW)

    assert [row.position.asset for row in rows][:2] == ["IP-3", "V-1"]
    assert rows[1].reasons == ("compliance.maintenance_overdue",)
    assert [row.position.asset for row in devices.rows(state, NOW, use="unusable")] == ["V-1"]


def test_a_devices_time_line_is_told_backwards_and_once(state):
    line = devices.timeline(state, "IP-1")

    assert [entry.kind for entry in line] == ["ZoneChanged", "TagBound", "AssetRegistered"]
    assert line[0].detail == "Ward 1 bed 1"
    older = [state.assets["IP-1"].entry]
    assert devices.timeline(state, "IP-1", older) == line


def test_an_unknown_device_is_none(state):
    assert devices.one(state, "nobody", NOW) is None
    assert devices.timeline(state, "nobody") == []


def test_stock_stands_emptiest_first(state):
    rows = stock.rows(state)

    assert [(row.item, row.state_code) for row in rows] == [
        ("saline", "out"),
        ("gloves-m", "low"),
        ("mask-ffp2", "below_par"),
    ]
    assert stock.places(state) == [("STORE", "Ward store")]
    assert [row.item for row in stock.rows(state, code="low")] == ["gloves-m"]


def test_a_shelf_of_goods_that_are_held_apart_is_an_empty_shelf(state):
    before = {row.item: row for row in stock.rows(state)}
    rows = {row.item: row for row in stock.rows(state, apart={("STORE", "mask-ffp2"): before["mask-ffp2"].quantity})}

    assert (rows["mask-ffp2"].usable, rows["mask-ffp2"].state_code) == (0, "out")
    assert rows["mask-ffp2"].quantity == before["mask-ffp2"].quantity
    assert rows["gloves-m"] == before["gloves-m"]


def test_one_item_can_be_followed_through_all_places(state):
    assert "gloves-m" in stock.item_ids(state)
    assert {row.item for row in stock.rows(state, item="gloves-m")} == {"gloves-m"}
    assert stock.rows(state, item="nothing of ours") == []


def test_late_tasks_stand_first(state):
    rows = work.open_tasks(state, NOW)

    assert [row.id for row in rows] == ["task-1", "task-2"]
    assert rows[0].is_late
    counted = work.counts(rows)
    assert (counted.open, counted.unassigned, counted.late) == (2, 2, 1)
    assert work.assignees(state) == [("porter-1", "Porter 001")]


def test_silent_readers_stand_first_with_the_places_that_are_blind(state):
    rows = gateways.rows(state)

    assert rows[0].id == "reader-1"
    assert rows[0].status is GatewayStatus.OFFLINE
    assert rows[0].places == ("Ward 1",)
    assert rows[0].tags == 4


def test_a_published_plan_is_laid_out_by_bed_and_theatre(state):
    (plan,) = plans.published(state)

    assert [line.row for line in plan.of("bed")] == ["W1-B4"]
    assert [line.row_name for line in plan.of("theatre")] == ["Theatre 1"]
    assert plan.of("shift") == []


def test_a_checkers_report_shows_broken_hard_rules_first():
    report = {
        "report": {
            "rules": [
                {"rule": "cost", "is_hard": False, "violations": 3, "cost": 30},
                {"rule": "capacity", "is_hard": True, "violations": 1, "cost": 0},
            ]
        }
    }

    assert [line.rule for line in plans.check_lines(report)] == ["capacity", "cost"]
    assert plans.check_lines(None) == []


@pytest.mark.parametrize(
    ("text", "first"),
    [("T-3", "IP-3"), ("s2", "IP-2"), ("IP-4", "IP-4"), ("pump IP-1", "IP-1"), ("重症", "ICU"), ("gloves", "gloves-m")],
)
def test_one_box_finds_by_tag_serial_number_id_and_name(state, text, first):
    assert search.find(state, actor_with(Role.NURSE), text)[0].id == first


def test_search_finds_items_by_their_name_and_tasks_by_ids_of_other_systems(state):
    names = {"gloves-m": "Nitrile, medium"}
    tell(state, TaskCreated, "WO-77", kind=TaskKind.MAINTAIN, subject_id="IP-1")

    by_name = search.find(state, actor_with(Role.LOGISTICS), "nitrile", item_names=names)
    by_task = search.find(state, actor_with(Role.LOGISTICS), "WO-77")

    assert [(hit.id, hit.name) for hit in by_name] == [("gloves-m", "Nitrile, medium")]
    assert [hit.id for hit in by_task] == ["WO-77"]


def test_search_shows_only_what_one_may_read(state):
    assert search.find(state, actor_with(Role.AUDITOR), "pump") == []
    assert search.find(state, actor_with(Role.NURSE), "   ") == []


def test_tiles_answer_one_question_each(state):
    tiles = {tile.key: tile for tile in overview.tiles(state, NOW)}

    assert (tiles["beds"].value, tiles["beds"].total, tiles["beds"].action) == (3, 8, "clean_beds")
    assert dict(tiles["emergency"].details) == {"longest_wait_s": 18_000, "inbound": 1}
    assert tiles["emergency"].level is AlarmPriority.MEDIUM
    assert dict(tiles["theatres"].details) == {"coming_12h": 1}
    assert (tiles["stock"].value, tiles["stock"].level) == (1, AlarmPriority.MEDIUM)
    assert tiles["devices"].value == 1
    assert (tiles["gateways"].value, tiles["gateways"].action) == (1, "check_gateways")
