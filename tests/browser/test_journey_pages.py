"""Queues, reconcile and interfaces in a real browser: what a person does there works, and says so."""

from __future__ import annotations

import pytest

from twin.events.patients import EncounterClass, EncounterStarted, QueueCalled, QueueJoined

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


def test_the_board_speaks_a_new_call_once_it_was_asked_to(visit, served):
    served.tell(QueueJoined, "ticket-V001", service_point="STORE", number="V001")
    watched = visit()
    watched.page.add_init_script(
        "window.said = []; window.speechSynthesis.speak = (one) => window.said.push(one.lang + ' ' + one.text);"
    )
    page = watched.open("/v1/board/STORE/page?lang=en")
    assert watched.violations() == []
    assert page.get_attribute("#voice", "aria-pressed") == "false"

    page.click("#voice")
    served.tell(QueueCalled, "ticket-V001", counter="Desk 2")
    watched.until("() => window.said.length > 0", seconds=20)
    assert page.evaluate("window.said") == ["en Number V 0 0 1, please go to Desk 2."]

    page.click("#voice")
    assert page.inner_text("#voice") == "Let the voice speak"


def test_an_ambulance_is_announced_and_received(visit, served):
    page = visit().open("/ui/ambulances")
    page.fill("#ambulances-minutes", "7")
    page.fill("#ambulances-service", "trauma-7")
    page.click("#ambulances-announce")
    page.wait_for_selector("text=in 7 min")
    found = [one for one in served.hospital.live.encounters.values() if one.service == "trauma-7"]
    assert [one.acuity for one in found] == [3]

    page.click("#ambulances-who")
    page.get_by_role("option", name=found[0].id[-8:]).click()
    page.click("#ambulances-arrived")
    page.wait_for_selector("#ambulances-content:not(:has-text('trauma-7'))")
    assert served.hospital.live.encounters[found[0].id].status.value == "in-progress"


def test_a_wristband_is_bound_checked_and_refused(visit, served):
    for encounter in ("band-one-E000001", "band-two-E000002"):
        served.tell(EncounterStarted, encounter, encounter_class=EncounterClass.INPATIENT)
    page = visit().open("/ui/wristbands?tag=BAND-77")

    def choose(name):
        page.click("#wristbands-encounter")
        page.get_by_role("option", name=name).click()

    choose("-E000001")
    page.click("#wristbands-bind")
    page.wait_for_selector("text=worn now")
    page.click("#wristbands-check")
    page.wait_for_selector("#wristbands-result:has-text('MATCH')")
    choose("-E000002")
    page.click("#wristbands-check")
    page.wait_for_selector("#wristbands-result:has-text('STOP')")


def test_a_fence_is_set_by_name_and_lifted(visit, served):
    served.tell(EncounterStarted, "fence-one-E000009", encounter_class=EncounterClass.INPATIENT)
    page = visit().open("/ui/watches")
    page.fill("#watches-bearer", "E000009")
    page.get_by_role("option", name="-E000009").click()
    page.click("#watches-places")
    page.get_by_role("option").first.click()
    page.click("#watches-fence")
    page.wait_for_selector("#watches-content:has-text('-E000009')")

    page.click("#watches-held-fence")
    page.get_by_role("option", name="-E000009").click()
    page.click("#watches-lift")
    page.wait_for_selector("#watches-content:not(:has-text('-E000009'))")


def test_a_fence_for_a_device_offers_devices(visit, served):
    page = visit().open("/ui/watches")
    page.click("#watches-kind")
    page.get_by_role("option", name="Device").click()
    device = next(key for key, one in served.hospital.live.assets.items() if one.entry is not None)
    page.fill("#watches-bearer", device)

    page.get_by_role("option", name=device).first.wait_for()


def test_a_desk_draws_an_urgent_ticket_and_is_told_its_number(visit, served):
    served.tell(QueueJoined, "ticket-U001", service_point="OR1", number="U001")
    page = visit().open("/ui/queues?point=OR1")
    page.wait_for_selector("#queues-content:has-text('U001')")
    page.click("#queues-draw")
    page.wait_for_selector("#queues-result:has-text('position 2')")
    ordinary = page.inner_text("#queues-result").split()[1]
    page.click("#queues-priority")
    page.get_by_role("option", name="Urgent").click()
    page.click("#queues-draw")
    page.wait_for_selector("#queues-result:has-text('position 1')")
    urgent = page.inner_text("#queues-result").split()[1]

    page.fill("#queues-counter", "Desk 9")
    page.click("#queues-next")
    page.wait_for_selector(f"#queues-result:has-text('Called: {urgent}')")
    page.click("#queues-start")  # who was called stands chosen
    page.wait_for_selector(f"#queues-result:has-text('Being served: {urgent}')")
    page.click("#queues-end")
    page.wait_for_selector(f"#queues-result:has-text('Served: {urgent}')")
    assert {one.number for one in served.hospital.live.tickets.values()} >= {ordinary, urgent}
