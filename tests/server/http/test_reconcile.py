"""The reconcile report: each kind of difference, and one click down to the messages."""

from __future__ import annotations

from typing import Any

import pytest

from interop.hl7v2.message import read_message
from server.listening import intake_of, receive
from tests.interop.conftest import places
from tests.interop.messages_for_tests import adt
from tests.server.conftest import Served
from twin.access import Role
from twin.clock import HOUR_US, MINUTE_US
from twin.events.things import BearerKind, TagBound, ZoneChanged
from twin.state.reconciling import Turnover, turnover_quantiles_s

START = 1_767_600_000_000_000  # 2026-01-05T08:00:00Z


@pytest.fixture
async def peopled(served: Served) -> Served:
    served.hospital.record_now(places())
    served.clock.set(START + 12 * HOUR_US)  # type: ignore[union-attr]
    return served


async def _hear(served: Served, *contents: bytes) -> None:
    for content in contents:
        handled = await receive(served.hospital, read_message(content), content)
        assert not handled.problem


def _band(served: Served, visit: str, zone: str, at: int) -> list[Any]:
    encounter = intake_of(served.hospital).vault.pseudonym("visit", "HOSP", visit)
    head = {"thing": f"TAG-{visit}", "source": "gateway:g1"}
    return [
        TagBound(**head, occurred_at=at, source_key=f"b{visit}", bearer_kind=BearerKind.ENCOUNTER, bearer=encounter),  # type: ignore[arg-type]
        ZoneChanged(**head, occurred_at=at + 1, source_key=f"z{visit}{at}", zone=zone),  # type: ignore[arg-type]
    ]


async def _kinds(client: Any) -> list[str]:
    return [one["kind"] for one in (await client.get("/v1/reconcile")).json()["disagreements"]]


async def test_a_wristband_seen_on_another_ward_is_told_with_both_claims(peopled: Served) -> None:
    client = await peopled.signed_in(Role.NURSE)
    await _hear(peopled, adt("A01", bed="W1^1^A"))
    peopled.hospital.record_now(_band(peopled, "V1", "W2", START + HOUR_US))

    report = (await client.get("/v1/reconcile")).json()
    (row,) = report["disagreements"]

    assert (row["kind"], row["assigned"], row["observed"]) == ("seen_elsewhere", "W1-1-A", "W2")
    counts = {one["place"]: (one["assigned"], one["observed"]) for one in report["census"]}
    assert counts == {"W1": (1, 0), "W2": (0, 1)}


async def test_a_wristband_in_the_ward_of_its_bed_agrees(peopled: Served) -> None:
    client = await peopled.signed_in(Role.NURSE)
    await _hear(peopled, adt("A01", bed="W1^1^A"))
    peopled.hospital.record_now(_band(peopled, "V1", "W1", START + HOUR_US))

    assert await _kinds(client) == []


async def test_a_discharged_patient_who_never_left_and_two_in_a_bed_are_told(peopled: Served) -> None:
    client = await peopled.signed_in(Role.NURSE)
    await _hear(
        peopled,
        adt("A01", bed="W1^1^A"),
        adt("A03", at="20260105090000"),
        adt("A01", visit="V2", bed="W1^2^A"),
        adt("A01", visit="V3", bed="W1^2^A", at="20260105081500"),
        adt("A01", visit="V4", bed="W9^1^A"),
    )

    assert sorted(await _kinds(client)) == ["shared_bed", "shared_bed", "still_present", "unknown_place"]


async def test_what_has_just_changed_is_given_time(peopled: Served) -> None:
    client = await peopled.signed_in(Role.NURSE)
    await _hear(peopled, adt("A01", bed="W1^1^A"))
    at = peopled.clock.now() - 2 * MINUTE_US
    peopled.hospital.record_now(_band(peopled, "V1", "W2", at))

    assert await _kinds(client) == []


async def test_one_click_leads_from_a_value_to_the_messages(peopled: Served) -> None:
    client = await peopled.signed_in(Role.NURSE)
    await _hear(peopled, adt("A01", bed="W1^1^A", control="A/B/C"), adt("A02", bed="W1^1^B", at="20260105090000"))
    peopled.hospital.record_now(_band(peopled, "V1", "W1", START + 2 * HOUR_US))
    encounter = intake_of(peopled.hospital).vault.pseudonym("visit", "HOSP", "V1")

    told = (await client.get(f"/v1/reconcile/{encounter}")).json()

    assert [(one["event"], one["message_type"]) for one in told["evidence"]][:2] == [
        ("EncounterStarted", "ADT^A01"),
        ("EncounterMoved", "ADT^A02"),
    ]
    assert [one["message"] for one in told["evidence"]][:2] == [1, 2]
    assert "FAMILYNAME" not in str(told)
    assert (await client.get("/v1/reconcile/nobody")).status_code == 404


def test_turnover_counts_only_beds_that_are_ready() -> None:
    minutes = [30, 60, 90]
    done = [Turnover(bed="B", departed_at=0 + 1, started_at=0, ready_at=1 + m * MINUTE_US) for m in minutes]
    waiting = Turnover(bed="B", departed_at=5, started_at=0, ready_at=0)

    assert turnover_quantiles_s([*done, waiting]) == (1800.0, 3600.0, 5400.0)
    assert turnover_quantiles_s([waiting]) == (0.0, 0.0, 0.0)
