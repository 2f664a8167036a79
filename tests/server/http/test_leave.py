"""Leave by the year, packages of shifts, and one person on two wards, through the doors."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from scheduling.loaders.roster_sheets import Period
from scheduling.model.plans import Override, PlanKind
from scheduling.model.rosters import Assignment, Contract, Employee, Roster, RosterProblem
from scheduling.service.plans import NewPlan, Publishing, keep_draft, publish
from scheduling.service.roster_sheets import Sheets, problem_from_sheets
from scheduling.service.rosters_in_force import roster_in_force
from server.audit.chain import rows_of
from tests.server.http.test_shift_requests import PLANNER, SHIFTS, Ward, ward
from twin.clock import DAY_US
from twin.errors import Refused

__all__ = ["ward"]  # the fixture of one ward
EVERY_DAY = [0, 1, 2, 3, 4, 5, 6]


async def set_terms(ward: Ward, half_days: int, **more: Any) -> None:
    year = int(ward.at(0)[:4])
    body = {"contract": "full", "year": year, "half_days": half_days, "weekdays": EVERY_DAY, **more}
    answer = await ward.planner.put("/v1/leave/terms", json=body)
    assert answer.status_code == 200, answer.text


async def left(ward: Ward, who: str, day: int = 2) -> int:
    answer = await ward.clients[who].get("/v1/leave/mine", params={"year": ward.at(day)[:4]})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["remaining"])


def publish_second(ward: Ward, rows: list[tuple[str, int, str]], *, overrides: tuple[Override, ...] = ()) -> None:
    """Put a roster of ward 2 in force whose people are Ann and Cy."""
    people = {ward.ids[who] for who in ("ann", "cy")}
    problem = RosterProblem(
        days=7,
        shifts=SHIFTS,
        contracts=(Contract(id="full"),),
        employees=tuple(Employee(id=one, contract="full") for one in sorted(people)),
        place="w2",
    )
    works = tuple(Assignment(employee=ward.ids[who], day=day, shift=shift) for who, day, shift in rows)
    new = NewPlan(
        id="plan-w2",
        title="Ward 2",
        start_at=ward.start,
        problem=msgspec.json.encode(problem),
        plan=msgspec.json.encode(Roster(assignments=works)),
        kind=PlanKind.ROSTER,
    )
    hospital = ward.served.hospital

    def use_case(session: Any) -> None:
        keep_draft(session, actor=PLANNER, at=2, new=new)
        intent = Publishing(plan="plan-w2", version=1, overrides=overrides)
        publish(session, ledger=hospital.ledger, actor=PLANNER, at=2, intent=intent)

    hospital.write_now(use_case)


async def test_balance_goes_down_with_leave_and_up_again_when_it_is_undone(ward: Ward) -> None:
    await set_terms(ward, 10)
    asked = (await ward.ask("bo", kind="leave", **{"from": ward.at(4)[:10]})).json()
    assert await left(ward, "bo") == 10  # asked for is not granted

    approved = (await ward.decide(asked)).json()

    assert await left(ward, "bo") == 8
    everybody = (await ward.planner.get("/v1/leave/balances", params={"year": ward.at(2)[:4]})).json()["balances"]
    assert {one["staff"]: one["remaining"] for one in everybody} == {
        ward.ids["ann"]: 10,
        ward.ids["bo"]: 8,
        ward.ids["cy"]: 10,
    }
    assert (await ward.decide(approved, "undo")).status_code == 201
    assert await left(ward, "bo") == 10


async def test_leave_beyond_what_there_is_needs_a_reason_by_a_named_person(ward: Ward) -> None:
    await set_terms(ward, 3)
    days = {"from": ward.at(4)[:10], "to": ward.at(5)[:10]}
    asked = (await ward.ask("bo", kind="leave", **days)).json()
    detail = (await ward.planner.get(f"/v1/roster/requests/{asked['id']}")).json()
    assert detail["missing_half_days"] == {ward.at(4)[:4]: 1}

    refused = await ward.decide(asked)

    assert refused.status_code in {409, 422}, refused.text
    assert refused.json()["code"] == "roster.leave_allowance"
    assert ward.works("bo") == {(2, 7), (4, 14)}
    overrides = [{"rule": "leave_allowance", "reason": "brought from the old house"}]
    made = await ward.decide(asked, overrides=overrides)
    assert made.status_code == 201, made.text
    assert made.json()["allowance_reason"] == "brought from the old house"
    assert made.json()["decided_by"]
    with ward.served.hospital.read() as session:
        acts = [row for row in rows_of(session, action="shift_request.changed") if row.subject == asked["id"]]
    assert any("brought from the old house" in str(row) for row in acts)


async def test_half_a_day_frees_the_shift_that_it_touches_and_no_other(ward: Ward) -> None:
    await set_terms(ward, 10)
    morning = {"from": ward.at(4)[:10], "to_noon": True}  # Bo works late on that day
    early = {"from": ward.at(2)[:10], "to_noon": True}  # and early on this one

    assert (await ward.decide((await ward.ask("bo", kind="leave", **morning)).json())).status_code == 201
    assert ward.works("bo") == {(2, 7), (4, 14)}
    approved = (await ward.decide((await ward.ask("bo", kind="leave", **early)).json())).json()
    assert ward.works("bo") == {(4, 14)}

    assert await left(ward, "bo") == 8
    assert (await ward.decide(approved, "undo")).status_code == 201
    assert ward.works("bo") == {(2, 7), (4, 14)}
    with ward.served.hospital.read() as session:
        wishes = roster_in_force(session, place="w1").problem.requests
    assert {(one.employee, one.day) for one in wishes} == {(ward.ids["bo"], 4)}  # those of the other half day stay


async def test_leave_of_next_summer_is_granted_now_and_the_roster_of_then_is_made_around_it(ward: Ward) -> None:
    await set_terms(ward, 60, carry_half_days=60)
    first = date.fromisoformat(ward.at(0)[:10]) + timedelta(days=60)
    days = {"from": (first + timedelta(days=1)).isoformat(), "to": (first + timedelta(days=2)).isoformat()}
    before = ward.works("ann")

    approved = await ward.decide((await ward.ask("ann", kind="leave", **days)).json())

    assert approved.status_code == 201, approved.text
    assert ward.works("ann") == before
    sheets = Sheets(
        contracts="contract,hours_max\nfull,200\n",
        staff=f"staff,contract\n{ward.ids['ann']},full\n{ward.ids['bo']},full\n",
        cover="day,shift,skill,minimum,preferred\ndaily,E,,1,1\n",
    )
    with ward.served.hospital.read() as session:
        problem = problem_from_sheets(session, sheets=sheets, period=Period(first=first, days=7, place="w1"))
    assert {one.id: one.days_off for one in problem.employees} == {
        ward.ids["ann"]: frozenset({1, 2}),
        ward.ids["bo"]: frozenset(),
    }
    assert (await ward.decide(approved.json(), "undo")).status_code == 201


async def test_terms_and_corrections_are_checked_and_audited(ward: Ward) -> None:
    year = int(ward.at(0)[:4])
    good = {"contract": "full", "year": year, "half_days": 60}
    for wrong in ({"half_days": 999}, {"carry_until": "02-30"}, {"carry_until": "soon"}, {"weekdays": []}, {"year": 1}):
        answer = await ward.planner.put("/v1/leave/terms", json=good | wrong)
        assert answer.status_code == 422, (wrong, answer.text)
    assert (await ward.clients["ann"].put("/v1/leave/terms", json=good)).status_code == 403
    assert (await ward.clients["ann"].get("/v1/leave/balances")).status_code == 403
    await set_terms(ward, 60)
    grant = {"staff": ward.ids["bo"], "year": year, "half_days": -6, "reason": "joined in May"}
    for wrong in ({"staff": "nobody"}, {"half_days": 0}, {"reason": " "}):
        assert (await ward.planner.post("/v1/leave/grants", json=grant | wrong)).status_code in {404, 422}

    made = await ward.planner.post("/v1/leave/grants", json=grant)

    assert made.status_code == 201, made.text
    assert await left(ward, "bo", 0) == 54
    listed = (await ward.planner.get("/v1/leave/grants", params={"staff": ward.ids["bo"]})).json()["grants"]
    assert [one["reason"] for one in listed] == ["joined in May"]
    with ward.served.hospital.read() as session:
        assert len(list(rows_of(session, action="leave.granted"))) == 1
        assert len(list(rows_of(session, action="leave.terms_set"))) == 1


async def test_two_shifts_are_swapped_for_one(ward: Ward) -> None:
    swaps = (await ward.clients["ann"].get("/v1/roster/mine/swaps", params={"shift": ward.at(3)})).json()["swaps"]
    assert all(one["partner"] != ward.ids["ann"] for one in swaps)
    body = {
        "kind": "swap",
        "from": ward.at(3),
        "partner": ward.ids["bo"],
        "partner_from": ward.at(4, 840),
        "also": [ward.at(2)],
    }
    assert (await ward.ask("ann", **body)).json()["code"] == "roster.works_already"  # Bo works on day 2 as well

    asked = (await ward.ask("ann", **(body | {"partner_also": [ward.at(2)]}))).json()
    agreed = (await ward.act("bo", asked, "agree")).json()
    assert (await ward.decide(agreed)).status_code == 201

    assert ward.works("ann") == {(2, 7), (4, 14)}
    assert ward.works("bo") == {(2, 7), (3, 7)}
    offer = {"kind": "swap", "from": ward.at(2), "also": [ward.at(2)], "partner": ward.ids["bo"]}
    twice = await ward.ask("ann", **(offer | {"partner_from": ward.at(3)}))
    assert twice.status_code == 422, twice.text  # one shift named twice


async def test_one_shift_is_proposed_for_two_and_the_swap_is_undone(ward: Ward) -> None:
    both = f"{ward.at(2)},{ward.at(3)}"
    found = (await ward.clients["ann"].get("/v1/roster/mine/swaps", params={"shift": both})).json()["swaps"]
    # Bo works early on day 2 like Ann: the late shift of day 4 alone cannot be had for both of hers
    assert {one["partner"] for one in found} <= {ward.ids["bo"]}
    one = (await ward.clients["bo"].get("/v1/roster/mine/swaps", params={"shift": ward.at(4, 840)})).json()["swaps"]
    assert {len(each["also"]) for each in one} <= {0, 1}
    assert any(each["starts"] == ward.at(3) for each in one)
    body = {"kind": "swap", "from": ward.at(4, 840), "partner": ward.ids["ann"], "partner_from": ward.at(3)}
    agreed = (await ward.act("ann", (await ward.ask("bo", **body)).json(), "agree")).json()
    approved = (await ward.decide(agreed)).json()
    assert ward.works("bo") == {(2, 7), (3, 7)}

    assert (await ward.decide(approved, "undo")).status_code == 201

    assert ward.works("bo") == {(2, 7), (4, 14)}


async def test_who_stands_on_two_wards_sees_all_shifts_and_leave_is_of_both(ward: Ward) -> None:
    publish_second(ward, [("ann", 5, "L"), ("cy", 2, "E")])

    mine = (await ward.clients["ann"].get("/v1/roster/mine")).json()

    assert sorted(mine["places"]) == ["w1", "w2"]
    assert [(one["place"], one["starts"]) for one in mine["shifts"]] == [
        ("w1", ward.at(2)),
        ("w1", ward.at(3)),
        ("w2", ward.at(5, 840)),
    ]
    offer = (await ward.ask("ann", kind="offer", **{"from": ward.at(5, 840)})).json()
    assert offer["place"] == "w2"
    await ward.act("ann", offer, "withdraw")
    days = {"from": ward.at(2)[:10], "to": ward.at(5)[:10]}
    asked = (await ward.ask("ann", kind="leave", **days)).json()
    reasons = [{"rule": "minimum_cover", "reason": "closed"}]
    approved = await ward.decide(asked, overrides=reasons)
    assert approved.status_code == 201, approved.text
    assert (await ward.clients["ann"].get("/v1/roster/mine")).json()["shifts"] == []

    assert (await ward.decide(approved.json(), "undo")).status_code == 201

    assert len((await ward.clients["ann"].get("/v1/roster/mine")).json()["shifts"]) == 3


async def test_legal_rest_is_looked_at_across_wards_when_publishing(ward: Ward) -> None:
    with pytest.raises(Refused) as refused:
        publish_second(ward, [("ann", 1, "N")])  # until seven, when her early shift on ward 1 begins
    assert "other_roster" in str(refused.value.reasons)

    publish_second(ward, [("ann", 1, "N")], overrides=(Override(rule="other_roster", reason="she asked for it"),))

    assert len((await ward.clients["ann"].get("/v1/roster/mine")).json()["shifts"]) == 3


async def test_a_shift_that_would_break_rest_with_another_ward_says_so(ward: Ward) -> None:
    publish_second(ward, [("cy", 1, "N")])
    offer = (await ward.ask("ann", kind="offer", **{"from": ward.at(2)})).json()

    seen = (await ward.clients["cy"].get("/v1/roster/mine")).json()["offers"]

    assert [(one["request"]["id"], one["breaks"]) for one in seen] == [(offer["id"], ["other_roster"])]
    taken = (await ward.act("cy", offer, "agree")).json()
    assert (await ward.decide(taken)).status_code in {409, 422}
    reasons = [{"rule": "other_roster", "reason": "nobody else"}]
    assert (await ward.decide(taken, overrides=reasons)).status_code == 201


async def test_a_roster_that_has_somebody_work_in_granted_leave_is_not_published_silently(ward: Ward) -> None:
    asked = (await ward.ask("ann", kind="leave", **{"from": ward.at(5)[:10]})).json()
    assert (await ward.decide(asked)).status_code == 201

    with pytest.raises(Refused) as refused:
        publish_second(ward, [("ann", 5, "L")])

    assert "day_off" in str(refused.value.reasons)


def publish_next(ward: Ward, first: int, name: str = "next", at: int = 3) -> None:
    """Put a roster of ward 1 in force whose first day is a day of the one before, in which Ann works early on day 1."""
    problem = RosterProblem(
        days=7,
        shifts=SHIFTS,
        contracts=(Contract(id="full"),),
        employees=tuple(Employee(id=one, contract="full") for one in ward.ids.values()),
        place="w1",
    )
    roster = Roster(assignments=(Assignment(employee=ward.ids["ann"], day=1, shift="E"),))
    new = NewPlan(
        id=name,
        title="Next",
        start_at=ward.start + first * DAY_US,
        problem=msgspec.json.encode(problem),
        plan=msgspec.json.encode(roster),
        kind=PlanKind.ROSTER,
    )
    hospital = ward.served.hospital

    def use_case(session: Any) -> None:
        keep_draft(session, actor=PLANNER, at=at, new=new)
        intent = Publishing(plan=name, version=1)
        publish(session, ledger=hospital.ledger, actor=PLANNER, at=at, intent=intent)

    hospital.write_now(use_case)


async def test_next_weeks_roster_is_published_ahead_and_this_weeks_goes_on(ward: Ward) -> None:
    publish_next(ward, 7)

    starts = [one["starts"] for one in (await ward.clients["ann"].get("/v1/roster/mine")).json()["shifts"]]

    assert starts == [ward.at(2), ward.at(3), ward.at(8)]
    assert ward.works("ann") == {(2, 7), (3, 7), (8, 7)}  # in the live state as well
    days = {"from": ward.at(3)[:10], "to": ward.at(8)[:10]}  # leave over the border of the two
    asked = (await ward.ask("ann", kind="leave", **days)).json()
    approved = await ward.decide(asked, overrides=[{"rule": "minimum_cover", "reason": "closed"}])
    assert approved.status_code == 201, approved.text
    assert ward.works("ann") == {(2, 7)}
    assert (await ward.decide(approved.json(), "undo")).status_code == 201
    assert ward.works("ann") == {(2, 7), (3, 7), (8, 7)}


async def test_a_roster_of_the_same_days_replaces_the_one_before(ward: Ward) -> None:
    publish_next(ward, 7)
    publish_next(ward, 7, "again", at=4)
    publish_next(ward, 0, "this-week", at=5)

    starts = [one["starts"] for one in (await ward.clients["ann"].get("/v1/roster/mine")).json()["shifts"]]

    assert starts == [ward.at(1), ward.at(8)]
    assert ward.works("ann") == {(1, 7), (8, 7)}
    assert ward.works("bo") == set()


async def test_ones_own_shifts_of_all_wards_are_a_calendar_whose_events_stay_the_same(ward: Ward) -> None:
    publish_second(ward, [("ann", 5, "L")])
    client = ward.clients["ann"]

    first = await client.get("/v1/roster/mine/calendar.ics")

    assert first.headers["content-type"].startswith("text/calendar")
    assert first.text.count("BEGIN:VEVENT") == 3
    assert "SUMMARY:L" in first.text
    publish_next(ward, 7)
    lines = (await client.get("/v1/roster/mine/calendar.ics")).text.split("\r\n")
    assert {line for line in first.text.split("\r\n") if line.startswith("UID:")} < set(lines)
    assert (await ward.planner.get("/v1/roster/mine/calendar.ics")).text.count("BEGIN:VEVENT") == 0
