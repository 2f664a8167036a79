"""Leave, swaps and offered shifts through the doors: asked, agreed, decided, undone, told and audited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2
import msgspec
import pytest

from scheduling.model.plans import PlanKind
from scheduling.model.rosters import Assignment, Contract, Employee, Need, Roster, RosterProblem, Shift
from scheduling.service.plans import NewPlan, Publishing, keep_draft, publish
from scheduling.service.rosters_in_force import roster_in_force
from server.audit.chain import rows_of
from tests.server.conftest import Served
from twin.access import Actor, Role
from twin.clock import DAY_US, from_text, to_text

SHIFTS = (
    Shift(id="E", minutes=480, start_minute=420),
    Shift(id="L", minutes=480, start_minute=840),
    Shift(id="N", minutes=600, start_minute=1260),
)
PLANNER = Actor(id="planner", name="planner", roles=frozenset({Role.PLANNER}))


@dataclass
class Ward:
    """A ward with a roster in force, three nurses and a planner."""

    served: Served
    start: int
    ids: dict[str, str]
    clients: dict[str, httpx2.AsyncClient]

    @property
    def planner(self) -> httpx2.AsyncClient:
        return self.clients["planner"]

    def at(self, day: int, minute: int = 420) -> str:
        return to_text(self.start + day * DAY_US + minute * 60_000_000)

    def works(self, who: str) -> set[tuple[int, int]]:
        """Give day and hour of a nurse's shifts in the live state."""
        return {
            ((one.start_at - self.start) // DAY_US, (one.start_at - self.start) % DAY_US // 3_600_000_000)
            for one in self.served.hospital.live.plans["roster:w1"].shifts
            if one.staff == self.ids[who]
        }

    async def ask(self, who: str, **body: Any) -> httpx2.Response:
        return await self.clients[who].post("/v1/roster/requests", json=body)

    async def act(self, who: str, request: dict[str, Any], kind: str, reason: str = "") -> httpx2.Response:
        body = {"kind": kind, "version": request["version"], "reason": reason}
        return await self.clients[who].post(f"/v1/roster/requests/{request['id']}/acts", json=body)

    async def decide(self, request: dict[str, Any], kind: str = "approve", **more: Any) -> httpx2.Response:
        body = {"kind": kind, "version": request["version"], **more}
        return await self.planner.post(f"/v1/roster/requests/{request['id']}/decision", json=body)


@pytest.fixture
async def ward(served: Served) -> Ward:
    """Ann works early on days 2 and 3, Bo early on day 2 and late on day 4, Cy is free; each early shift needs one."""
    ids = {name: served.add_user(name, Role.NURSE) for name in ("ann", "bo", "cy")}
    clients = {name: await served.signed_in(Role.NURSE, name) for name in ids}
    clients["planner"] = await served.signed_in(Role.PLANNER)
    start = (served.clock.now() // DAY_US + 1) * DAY_US
    problem = RosterProblem(
        days=7,
        shifts=SHIFTS,
        contracts=(Contract(id="full"),),
        employees=tuple(Employee(id=one, contract="full") for one in ids.values()),
        needs=(Need(day=2, shift="E", minimum=1), Need(day=3, shift="E", minimum=1)),
        place="w1",
    )
    rows = (("ann", 2, "E"), ("ann", 3, "E"), ("bo", 2, "E"), ("bo", 4, "L"))
    roster = Roster(assignments=tuple(Assignment(employee=ids[who], day=day, shift=shift) for who, day, shift in rows))
    new = NewPlan(
        id="plan-0",
        title="Ward 1",
        start_at=start,
        problem=msgspec.json.encode(problem),
        plan=msgspec.json.encode(roster),
        kind=PlanKind.ROSTER,
    )
    hospital = served.hospital

    def use_case(session: Any) -> None:
        keep_draft(session, actor=PLANNER, at=1, new=new)
        publish(session, ledger=hospital.ledger, actor=PLANNER, at=1, intent=Publishing(plan="plan-0", version=1))

    hospital.write_now(use_case)
    return Ward(served, start, ids, clients)


async def test_leave_is_approved_filled_told_and_undone(ward: Ward) -> None:
    day = ward.at(2)[:10]
    asked = (await ward.ask("ann", kind="leave", **{"from": day}, reason="wedding")).json()
    assert (asked["status"], asked["reason"]) == ("agreed", "wedding")
    detail = (await ward.planner.get(f"/v1/roster/requests/{asked['id']}")).json()
    assert [one["employee"] for one in detail["filled"]] == [ward.ids["cy"]]  # Bo works on that day
    assert detail["gaps"] == []

    approved = await ward.decide(asked, fills=True)

    assert approved.status_code == 201, approved.text
    assert ward.works("ann") == {(3, 7)}
    assert ward.works("cy") == {(2, 7)}
    mine = (await ward.clients["ann"].get("/v1/roster/mine")).json()
    assert (mine["news"], mine["requests"][0]["status"]) == (1, "approved")
    assert (await ward.act("ann", approved.json(), "seen")).status_code == 201
    assert (await ward.clients["ann"].get("/v1/roster/mine")).json()["news"] == 0

    undone = await ward.decide(approved.json(), "undo")

    assert undone.status_code == 201, undone.text
    assert ward.works("ann") == {(2, 7), (3, 7)}
    assert ward.works("cy") == set()


async def test_leave_that_breaks_minimum_staffing_needs_a_reason_by_name(ward: Ward) -> None:
    asked = (await ward.ask("ann", kind="leave", **{"from": ward.at(3)[:10]})).json()

    refused = await ward.decide(asked)

    assert refused.status_code in {409, 422}, refused.text
    assert "minimum_cover" in refused.text
    assert ward.works("ann") == {(2, 7), (3, 7)}
    reasons = [{"rule": "minimum_cover", "reason": "the ward is closed"}]
    assert (await ward.decide(asked, overrides=reasons)).status_code == 201
    assert ward.works("ann") == {(2, 7)}


async def test_a_swap_needs_the_colleague_then_the_planner(ward: Ward) -> None:
    swaps = (await ward.clients["ann"].get("/v1/roster/mine/swaps", params={"shift": ward.at(3)})).json()["swaps"]
    assert (ward.ids["bo"], ward.at(4, 840)) in {(one["partner"], one["starts"]) for one in swaps}
    body = {"kind": "swap", "from": ward.at(3), "partner": ward.ids["bo"], "partner_from": ward.at(4, 840)}
    asked = (await ward.ask("ann", **body)).json()
    assert (await ward.decide(asked)).status_code == 409  # the colleague has not agreed
    assert (await ward.act("cy", asked, "agree")).status_code == 403
    told = (await ward.clients["bo"].get("/v1/roster/mine")).json()
    assert (told["news"], told["requests"][0]["id"]) == (1, asked["id"])

    agreed = (await ward.act("bo", asked, "agree")).json()
    assert agreed["status"] == "agreed"
    assert (await ward.decide(agreed)).status_code == 201

    assert ward.works("ann") == {(2, 7), (4, 14)}
    assert ward.works("bo") == {(2, 7), (3, 7)}


async def test_an_offered_shift_is_taken_given_back_and_taken_again(ward: Ward) -> None:
    offer = (await ward.ask("ann", kind="offer", **{"from": ward.at(2)})).json()
    assert (await ward.act("ann", offer, "agree")).status_code in {409, 422}  # one's own
    assert (await ward.act("bo", offer, "agree")).status_code in {409, 422}  # works on that day
    seen = (await ward.clients["cy"].get("/v1/roster/mine")).json()["offers"]
    assert [(one["request"]["id"], one["breaks"]) for one in seen] == [(offer["id"], [])]
    assert (await ward.clients["bo"].get("/v1/roster/mine")).json()["offers"] == []

    taken = (await ward.act("cy", offer, "agree")).json()
    back = (await ward.act("cy", taken, "withdraw")).json()
    assert (back["status"], back["partner"]) == ("offered", "")
    taken = (await ward.act("cy", back, "agree")).json()
    assert (await ward.decide(taken)).status_code == 201

    assert ward.works("ann") == {(3, 7)}
    assert ward.works("cy") == {(2, 7)}


async def test_a_planner_offers_an_open_shift_and_a_nurse_takes_it(ward: Ward) -> None:
    body = {"kind": "offer", "from": ward.at(5)[:10], "shift": "N"}
    assert (await ward.ask("ann", **body)).status_code == 403
    offer = (await ward.ask("planner", **body)).json()
    assert (offer["staff"], offer["shift"], offer["starts"]) == ("", "N", ward.at(5, 1260))

    taken = (await ward.act("bo", offer, "agree")).json()
    assert (await ward.decide(taken)).status_code == 201

    assert ward.works("bo") == {(2, 7), (4, 14), (5, 21)}


async def test_a_refusal_needs_a_reason_and_the_person_reads_it(ward: Ward) -> None:
    asked = (await ward.ask("bo", kind="leave", **{"from": ward.at(4)[:10]})).json()
    assert (await ward.act("planner", asked, "refuse")).status_code == 422
    assert (await ward.act("cy", asked, "refuse", "no")).status_code == 403

    refused = (await ward.act("planner", asked, "refuse", "too many are away")).json()

    assert refused["status"] == "refused"
    mine = (await ward.clients["bo"].get("/v1/roster/mine")).json()
    assert (mine["news"], mine["requests"][0]["answer"]) == (1, "too many are away")
    assert (await ward.decide(refused)).status_code == 409


async def test_the_same_time_is_asked_for_once(ward: Ward) -> None:
    first = (await ward.ask("ann", kind="offer", **{"from": ward.at(2)})).json()

    again = await ward.ask("ann", kind="leave", **{"from": ward.at(1)[:10], "to": ward.at(3)[:10]})

    assert again.status_code == 409
    assert again.json()["code"] == "roster.asked_already"
    assert (await ward.act("ann", first, "withdraw")).status_code == 201
    assert (await ward.ask("ann", kind="offer", **{"from": ward.at(2)})).status_code == 201


async def test_what_has_begun_can_be_neither_asked_for_nor_undone(ward: Ward) -> None:
    asked = (await ward.ask("bo", kind="leave", **{"from": ward.at(4)[:10]})).json()
    approved = (await ward.decide(asked)).json()
    ward.served.clock.set(from_text(ward.at(4)))
    ward.clients["planner"] = await ward.served.signed_in(Role.PLANNER)  # the old sessions have ended meanwhile
    ward.clients["ann"] = await ward.served.signed_in(Role.NURSE, "ann")

    assert (await ward.decide(approved, "undo")).json()["code"] == "roster.begun"
    assert (await ward.ask("ann", kind="offer", **{"from": ward.at(3)})).json()["code"] == "roster.begun"


async def test_days_that_were_changed_since_are_not_undone(ward: Ward) -> None:
    first = (await ward.decide((await ward.ask("bo", kind="leave", **{"from": ward.at(4)[:10]})).json())).json()
    offer = (await ward.ask("planner", kind="offer", shift="E", **{"from": ward.at(4)[:10]})).json()
    taken = (await ward.act("cy", offer, "agree")).json()
    assert (await ward.decide(taken)).status_code == 201
    assert (await ward.decide(first, "undo")).status_code == 201  # Cy's new shift is on that day, not Bo's

    second = (await ward.decide((await ward.ask("ann", kind="leave", **{"from": ward.at(6)[:10]})).json())).json()
    more = (await ward.ask("planner", kind="offer", shift="E", **{"from": ward.at(6)[:10]})).json()
    taken = (await ward.act("ann", more, "agree")).json()
    reasons = [{"rule": "day_off", "reason": "she offered it"}]
    assert (await ward.decide(taken, overrides=reasons)).status_code == 201

    assert (await ward.decide(second, "undo")).json()["code"] == "roster.changed_since"


def leave_of(ward: Ward, who: str) -> frozenset[int]:
    """Give the days of leave of a nurse in the roster in force."""
    with ward.served.hospital.read() as session:
        problem = roster_in_force(session, place="w1").problem
    return next(one.days_off for one in problem.employees if one.id == ward.ids[who])


async def test_undo_takes_back_its_own_days_of_leave_and_no_others(ward: Ward) -> None:
    async def leave(first: int, last: int) -> dict[str, Any]:
        days = {"from": ward.at(first)[:10], "to": ward.at(last)[:10]}
        answered = await ward.decide((await ward.ask("bo", kind="leave", **days)).json())
        assert answered.status_code == 201, answered.text
        return dict(answered.json())

    early = await leave(2, 4)
    late = await leave(4, 6)
    assert leave_of(ward, "bo") == {2, 3, 4, 5, 6}

    assert (await ward.decide(early, "undo")).status_code == 201

    assert leave_of(ward, "bo") == {4, 5, 6}  # day 4 belongs to both
    assert ward.works("bo") == {(2, 7)}  # and its late shift does not come back
    assert (await ward.decide(late, "undo")).status_code == 201
    assert leave_of(ward, "bo") == frozenset()


async def test_two_who_decide_at_once_do_it_once(ward: Ward) -> None:
    asked = (await ward.ask("bo", kind="leave", **{"from": ward.at(4)[:10]})).json()

    first, second = await ward.decide(asked), await ward.decide(asked)

    assert (first.status_code, second.status_code) == (201, 412)


async def test_every_act_is_in_the_audit_with_who_and_whom(ward: Ward) -> None:
    asked = (await ward.ask("ann", kind="leave", **{"from": ward.at(2)[:10]}, reason="wedding")).json()
    await ward.act("planner", asked, "refuse", "no")

    with ward.served.hospital.read() as session:
        rows = [row for row in rows_of(session, action="shift_request.changed") if row.subject == asked["id"]]

    assert ward.ids["ann"] in {row.actor for row in rows}
    assert len(rows) == 2


async def test_others_do_not_read_what_does_not_concern_them(ward: Ward) -> None:
    asked = (await ward.ask("ann", kind="leave", **{"from": ward.at(2)[:10]}, reason="private")).json()

    assert (await ward.clients["bo"].get(f"/v1/roster/requests/{asked['id']}")).status_code == 403
    assert (await ward.clients["bo"].get("/v1/roster/requests")).json()["requests"] == []
    assert len((await ward.planner.get("/v1/roster/requests")).json()["requests"]) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "leave", "from": "soon"}, 422),  # no day
        ({"kind": "leave", "from": "2026-12-24", "to": "2026-12-20"}, 422),  # backwards
        ({"kind": "leave", "from": "9999-12-31"}, 422),  # no day after it
        ({"kind": "leave", "from": "1999-01-01"}, 409),  # over
        ({"kind": "leave", "from": "0001-01-01"}, 422),  # before all calendars
        ({"kind": "offer", "shift": "E", "from": "0001-01-01"}, 422),  # a nurse, and no such day
        ({"kind": "leave", "from": "2150-01-01", "to": "2150-06-01"}, 422),  # half a year at once
        ({"kind": "leave", "from": "2150-01-01", "from_noon": True, "to_noon": True}, 422),  # from noon to noon
        ({"kind": "swap", "from": "2026-12-24", "partner": "x"}, 422),  # a day is no instant
        ({"kind": "offer", "from": "2026-12-24T07:00:00Z"}, 404),  # no such shift
        ({"kind": "holiday", "from": "2026-12-24"}, 422),  # no such kind
    ],
)
async def test_what_cannot_be_asked_is_refused_by_field(ward: Ward, body: dict[str, Any], status: int) -> None:
    answer = await ward.ask("ann", **body)

    assert answer.status_code == status, answer.text
    assert (await ward.clients["ann"].get("/v1/roster/mine")).json()["requests"] == []


async def test_who_is_in_no_roster_sees_that_and_cannot_ask(ward: Ward) -> None:
    mine = (await ward.planner.get("/v1/roster/mine")).json()
    assert (mine["is_rostered"], mine["shifts"]) == (False, [])

    answer = await ward.ask("planner", kind="leave", **{"from": ward.at(2)[:10]})

    assert answer.json()["code"] == "roster.not_rostered"


async def test_without_a_roster_there_is_nothing_to_ask(served: Served) -> None:
    nurse = await served.signed_in(Role.NURSE)

    assert (await nurse.get("/v1/roster/mine")).json()["is_rostered"] is False
    answer = await nurse.post("/v1/roster/requests", json={"kind": "leave", "from": "2026-12-24"})

    assert answer.json()["code"] == "roster.none"
