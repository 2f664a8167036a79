"""Usability as one predicate over independent regions."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from assets.model.regions import ComplianceFlag, CustodyState, OperationalState, Regions, ReprocessingState
from assets.rules.usability import ALLOWED_MOVES, may_move, usability_of, warnings_of

regions = st.builds(
    Regions,
    operational=st.sampled_from(OperationalState),
    reprocessing=st.sampled_from(ReprocessingState),
    custody=st.sampled_from(CustodyState),
    compliance=st.frozensets(st.sampled_from(ComplianceFlag)),
    status=st.sampled_from(["", "on", "standby", "fault"]),
)


def test_clean_device_in_service_is_usable() -> None:
    found = usability_of(Regions(reprocessing=ReprocessingState.CLEAN))

    assert (found.is_usable, found.reasons) == (True, ())


def test_every_reason_is_named_at_once() -> None:
    state = Regions(
        operational=OperationalState.IN_REPAIR,
        reprocessing=ReprocessingState.DIRTY,
        compliance=frozenset({ComplianceFlag.NOTICE_OPEN, ComplianceFlag.MAINTENANCE_OVERDUE}),
        status="fault",
    )

    assert usability_of(state).reasons == (
        "compliance.notice_open",
        "operational.in_repair",
        "reprocessing.dirty",
        "status.fault",
    )
    assert warnings_of(state) == ("compliance.maintenance_overdue",)


def test_overdue_maintenance_warns_but_does_not_take_a_device_away() -> None:
    state = Regions(compliance=frozenset({ComplianceFlag.MAINTENANCE_OVERDUE}))

    assert usability_of(state).is_usable
    assert not usability_of(state, blocking=frozenset(ComplianceFlag)).is_usable


@given(regions)
def test_usable_exactly_when_there_is_no_reason(state: Regions) -> None:
    found = usability_of(state)

    assert found.is_usable == (not found.reasons)
    assert list(found.reasons) == sorted(set(found.reasons))


@given(regions, st.sampled_from(ComplianceFlag))
def test_a_further_open_duty_never_makes_a_device_usable(state: Regions, flag: ComplianceFlag) -> None:
    worse = Regions(
        operational=state.operational,
        reprocessing=state.reprocessing,
        custody=state.custody,
        compliance=state.compliance | {flag},
        status=state.status,
    )

    assert set(usability_of(state).reasons) <= set(usability_of(worse).reasons)


def test_repair_leads_back_into_service_only_through_an_acceptance_test() -> None:
    assert not may_move(OperationalState.IN_REPAIR, OperationalState.IN_SERVICE)
    assert may_move(OperationalState.IN_REPAIR, OperationalState.ACCEPTANCE_TEST)
    assert may_move(OperationalState.ACCEPTANCE_TEST, OperationalState.IN_SERVICE)


def test_nothing_comes_back_from_retirement() -> None:
    dead = {OperationalState.RETIRED, OperationalState.SANITISED, OperationalState.DISPOSED}

    for before, after in itertools.product(dead, set(OperationalState) - dead):
        assert not may_move(before, after)
    assert set(ALLOWED_MOVES) == set(OperationalState)
