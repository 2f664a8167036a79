"""Doors of an access control system: judged by role and zone, through the public door."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.alarms.engine import AlarmEngine
from server.alarms.entrances import AccessRule, Entrances, Finding, judge, rule_at
from tests.interop.conftest import places
from tests.server.conftest import Served
from twin.access import Role
from twin.events.places import PlaceDefined, PlaceKind
from twin.events.watch import AccessOutcome, AccessSeen
from twin.events.work import StaffDefined
from twin.state.live import LiveState

HEAD = {"occurred_at": 1_000_000, "source": "import:t"}
STAFF = [
    StaffDefined(thing="N1", source_key="n1", role="nurse", department="ICU", label="Nurse 1", **HEAD),  # type: ignore[arg-type]
    StaffDefined(thing="P1", source_key="p1", role="porter", department="LOG", label="Porter 1", **HEAD),  # type: ignore[arg-type]
]


def state() -> LiveState:
    made = LiveState()
    rooms = [("SITE", ""), ("STORE", "SITE"), ("FRIDGE", "STORE")]
    zones = [
        PlaceDefined(thing=key, source_key=key, kind=PlaceKind.ROOM, name=key, parent=parent, **HEAD)  # type: ignore[arg-type]
        for key, parent in rooms
    ]
    made.apply_all([*zones, *STAFF])
    return made


def access(staff: str, door: str, outcome: AccessOutcome = AccessOutcome.GRANTED) -> AccessSeen:
    return AccessSeen(thing=staff, source_key="a", door=door, outcome=outcome, **HEAD)  # type: ignore[arg-type]


def rules(*told: AccessRule) -> dict[str, AccessRule]:
    return {one.place: one for one in told}


STORE = AccessRule(id="R1", place="STORE", roles=("nurse",), departments=("ICU",))


@pytest.mark.parametrize(
    ("staff", "door", "outcome", "finding"),
    [
        ("N1", "STORE", AccessOutcome.GRANTED, Finding.NONE),
        ("P1", "STORE", AccessOutcome.GRANTED, Finding.ROLE),
        ("P1", "FRIDGE", AccessOutcome.GRANTED, Finding.ROLE),  # the rule of the zone around holds
        ("P1", "SITE", AccessOutcome.GRANTED, Finding.NONE),  # no rule there
        ("X9", "STORE", AccessOutcome.GRANTED, Finding.UNKNOWN_BADGE),
        ("P1", "STORE", AccessOutcome.REFUSED, Finding.NONE),  # the door stayed shut
        ("N1", "SITE", AccessOutcome.FORCED, Finding.FORCED),  # whoever it was, with or without a rule
    ],
)
def test_who_may_be_where(staff: str, door: str, outcome: AccessOutcome, finding: Finding) -> None:
    assert judge(state(), rules(STORE), access(staff, door, outcome)) is finding


def test_a_nurse_of_another_department_may_not() -> None:
    other = AccessRule(id="R1", place="STORE", roles=("nurse",), departments=("ED",))

    assert judge(state(), rules(other), access("N1", "STORE")) is Finding.DEPARTMENT


def test_the_nearest_rule_wins() -> None:
    inner = AccessRule(id="R2", place="FRIDGE", roles=("porter",))

    assert rule_at(state(), rules(STORE, inner), "FRIDGE") is inner


def test_places_that_contain_each_other_end_the_search() -> None:
    made = state()
    circle = PlaceDefined(
        thing="SITE", source_key="again", kind=PlaceKind.SITE, name="SITE", parent="FRIDGE",
        occurred_at=2_000_000, source="import:t",
    )  # fmt: skip
    made.apply_all([circle])

    assert rule_at(made, {}, "FRIDGE") is None


@given(st.sets(st.sampled_from(["nurse", "porter", "cleaner"])), st.sampled_from(["N1", "P1", "X9"]))
def test_only_who_holds_a_role_of_the_rule_may_pass(roles: set[str], staff: str) -> None:
    made = state()
    rule = AccessRule(id="R", place="STORE", roles=tuple(roles))
    found = judge(made, rules(rule), access(staff, "STORE"))

    member = made.staff.get(staff)
    assert (found is Finding.NONE) == (member is not None and member.role in roles)


@pytest.fixture
async def doors(served: Served) -> Any:
    """What a system administrator and a door system speak to, with the alarm engine behind it."""
    hospital = served.hospital
    hospital.record_now([*places(), *STAFF])
    Entrances(hospital, AlarmEngine(hospital)).start()
    return await served.signed_in(Role.SYSADMIN), await served.program(Role.SERVICE_GATEWAY, "gateway:doors")


async def test_a_breach_is_told_to_the_door_system_and_is_one_alarm(doors: Any, served: Served) -> None:
    admin, door = doors
    rule = await admin.post("/v1/access-rules", json={"place": "W1", "roles": ["nurse"]})
    assert rule.status_code == 201, rule.text
    told = {"staff": "P1", "door": "W1", "key": "door-message-1"}
    first = (await door.post("/v1/access-events", json=told)).json()
    again = (await door.post("/v1/access-events", json=told)).json()
    nurse = (await door.post("/v1/access-events", json={"staff": "N1", "door": "W1"})).json()

    assert first == again == {"is_allowed": False, "finding": "role"}
    assert nurse == {"is_allowed": True, "finding": ""}
    for _ in range(500):
        if served.hospital.live.alarms:
            break
        await asyncio.sleep(0.02)
    raised = [(one.alarm_class, one.subject_id) for one in served.hospital.live.alarms.values()]
    assert raised == [("access", "W1")]

    ended = await admin.request("DELETE", f"/v1/access-rules/{rule.json()['id']}")
    assert ended.status_code == 204
    assert (await door.post("/v1/access-events", json=told | {"key": "2"})).json()["is_allowed"]


async def test_a_zone_has_one_rule_and_unknown_places_are_refused(doors: Any) -> None:
    admin, door = doors
    for role in ("nurse", "porter"):
        await admin.post("/v1/access-rules", json={"place": "W1", "roles": [role]})

    assert [one["roles"] for one in (await admin.get("/v1/access-rules")).json()] == [["porter"]]
    assert (await admin.post("/v1/access-rules", json={"place": "none", "roles": []})).status_code == 404
    assert (await door.post("/v1/access-events", json={"staff": "P1", "door": "none"})).status_code == 404
    wrong = {"staff": "P1", "door": "W1", "outcome": "opened"}
    assert (await door.post("/v1/access-events", json=wrong)).status_code == 422
