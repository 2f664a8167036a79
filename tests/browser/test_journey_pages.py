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


def test_a_call_out_of_turn_without_a_reason_is_refused_on_the_page(visit, served):
    for number in ("D001", "D002"):
        served.tell(QueueJoined, f"ticket-{number}", service_point="ICU", number=number)
    page = visit().open("/ui/queues?point=ICU")
    page.wait_for_selector("text=D002")

    page.click("#queues-ticket")
    page.get_by_role("option", name="D002").click()
    page.click("#queues-call")
    page.wait_for_selector("#frame-notice:has-text('queue.jump')")
    assert served.hospital.live.tickets["ticket-D002"].counter == ""

    page.fill("#queues-reason", "Faints in the hall")
    page.click("#queues-call")
    page.wait_for_selector("text=Faints in the hall")
    assert served.hospital.live.tickets["ticket-D002"].exception_reason == "Faints in the hall"


def test_a_bed_opens_its_evidence(visit):
    page = visit().open("/ui/beds?ward=W1")
    page.click(".bed a >> nth=0")

    page.wait_for_selector("text=Code of HL7 table 0116")
    assert "bed=W1-B1" in page.url
