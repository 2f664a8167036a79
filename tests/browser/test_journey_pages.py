"""Queues, reconcile and interfaces in a real browser: what a person does there works, and says so."""

from __future__ import annotations

import pytest

from twin.events.patients import QueueJoined

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_desk_calls_the_next(visit, served):
    for number in ("B001", "B002", "B003"):
        served.tell(QueueJoined, f"ticket-{number}", service_point="HALL", number=number)
    page = visit().open("/ui/queues?point=HALL")
    page.wait_for_selector("text=B001")

    page.fill("#queues-counter", "Desk 1")
    page.click("#queues-next")
    page.wait_for_selector("text=Desk 1")
    assert served.hospital.live.tickets["ticket-B001"].counter == "Desk 1"


def test_the_board_in_the_waiting_room_names_nobody(visit, served):
    served.tell(QueueJoined, "ticket-C001", service_point="STORE", number="C001")
    page = visit().open("/v1/board/STORE/page?lang=en")

    assert "C001" in page.inner_text("main")


@pytest.mark.parametrize(("address", "heading"), [("/ui/reconcile", "Reconcile"), ("/ui/interfaces", "Interfaces")])
def test_reports_stand_and_say_what_they_are_about(visit, address, heading):
    page = visit().open(address)

    assert page.inner_text("#page h1") == heading
    page.wait_for_selector("#page section")
