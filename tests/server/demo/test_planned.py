"""The demo works by a plan that began days ago: it keeps every must, and shows what became of it."""

from dash_app.queries.adherence import followed
from scheduling.rules.adherence import Outcome, counted
from scheduling.tables.plans import list_plan_rows
from server.demo.past import PastLedger, write_past
from server.demo.planned import publish_plan
from server.demo.waiting_list import waiting_list


def test_the_plan_of_the_demo_is_in_force_keeps_every_must_and_has_a_past(hospital):
    now = hospital.clock.now()
    truth = write_past(hospital, seed=1, now=now, days=9)
    listed = waiting_list(hospital.live, now, days=7, seed=1)

    rooms = publish_plan(hospital, PastLedger(hospital), listed, now=now, seed=1)

    with hospital.read() as session:
        [row] = list_plan_rows(session)
    assert (row.status, row.n_violations) == ("published", 0)
    found = followed(hospital.live, now)
    counts = counted(found)
    assert counts[Outcome.AS_PLANNED] > counts[Outcome.ELSEWHERE] > 0
    assert counts[Outcome.DUE] > 20
    assert sum(bool(one.stay.theatre) for one in found) > 10
    # who is still to come will be meant for the planned room
    due = {one.stay.encounter: one.stay.place for one in found if one.outcome is Outcome.DUE}
    assert due.items() <= rooms.items()
    truth.patients.keep_to(rooms, {place.thing: place.parent for place in truth.places})
