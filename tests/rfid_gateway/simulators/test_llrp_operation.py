"""A reader operation runs when its boundaries say, by the antennas that it names, and tells when its report is due."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.rfid.llrp import building
from rfid_gateway.rfid.llrp.codec import Parameter
from rfid_gateway.simulators.llrp_operation import Happening, OperationState, Outlet, ReaderOperation
from rfid_gateway.simulators.llrp_reports import Observation, Selection, Sighting
from rfid_gateway.simulators.llrp_specs import Reporting, SpecRefused, spec_of

EPC = bytes.fromhex("3074257BF7194E4000001A85")
OTHER = bytes(12)
BEGAN, ENDED, INVENTORY = Happening.OPERATION_BEGAN, Happening.OPERATION_ENDED, Happening.INVENTORY_ENDED


def inventory(*, antennas: tuple[int, ...] = (0,), stop: int = 0, lasts_ms: int = 0, **trigger: int) -> Parameter:
    inside = [building.parameter("TagObservationTrigger", **trigger)] if trigger else []
    return building.parameter(
        "AISpec",
        building.parameter("AISpecStopTrigger", *inside, AISpecStopTriggerType=stop, DurationTriggerValue=lasts_ms),
        building.parameter("InventoryParameterSpec", InventoryParameterSpecID=7, ProtocolID=1),
        AntennaIDs=antennas,
    )


def rospec(
    *inside: Parameter,
    start: Parameter | None = None,
    stop: Parameter | None = None,
    report: tuple[int, int] = (1, 1),
    **values: int,
) -> Parameter:
    content = building.parameter("TagReportContentSelector", EnableAntennaID=1, EnableTagSeenCount=1)
    return building.parameter(
        "ROSpec",
        building.parameter(
            "ROBoundarySpec",
            start or building.parameter("ROSpecStartTrigger", ROSpecStartTriggerType=1),
            stop or building.parameter("ROSpecStopTrigger", ROSpecStopTriggerType=0),
        ),
        *(inside or (inventory(),)),
        building.parameter("ROReportSpec", content, ROReportTrigger=report[0], N=report[1]),
        **{"ROSpecID": 5, **values},
    )


class Told:
    """An operation that was enabled at 0 s, and what it told."""

    def __init__(self, parameter: Parameter, *, antennas: int = 4) -> None:
        self.reports: list[list[tuple[bytes, int, int]]] = []
        self.happened: list[tuple[Happening, int]] = []
        self.is_open = True
        outlet = Outlet(self._report, lambda what, number: self.happened.append((what, number)), lambda: self.is_open)
        self.operation = ReaderOperation(spec_of(parameter, antennas, Reporting()), outlet, 0.0)
        self.operation.enable(0.0)

    def _report(self, found: Sequence[Observation], selection: Selection) -> None:
        assert selection.antenna
        self.reports.append([(one.seen.epc, one.seen.antenna, one.seen.count) for one in found])

    @property
    def antennas(self) -> list[int]:
        return [antenna for report in self.reports for _, antenna, _ in report]


def test_only_the_antennas_that_are_named_look() -> None:
    told = Told(rospec(inventory(antennas=(2, 4))))

    missed = told.operation.see([Sighting(EPC, antenna) for antenna in (1, 2, 3, 4)], 0.1)

    assert (told.antennas, missed) == ([2, 4], 2)


@pytest.mark.parametrize("tags", [1, 2, 3, 7])
def test_a_report_goes_out_after_every_n_tags_and_no_sooner(tags: int) -> None:
    told = Told(rospec(report=(1, tags)))

    for number in range(10):
        told.operation.see([Sighting(bytes([number]) * 12)], number / 10)

    assert [len(report) for report in told.reports] == [tags] * (10 // tags)


def test_reports_of_an_inventory_without_a_number_wait_for_its_end_and_tell_each_tag_once() -> None:
    told = Told(rospec(inventory(stop=1, lasts_ms=500), report=(1, 0)))
    for at_s in (0.1, 0.2, 0.3):
        told.operation.see([Sighting(EPC, 1), Sighting(EPC, 2), Sighting(OTHER, 1)], at_s)
    assert told.reports == []

    told.operation.advance(0.5)

    assert told.reports == [[(EPC, 1, 3), (EPC, 2, 3), (OTHER, 1, 3)]]


def test_reports_may_wait_for_the_end_of_the_operation_over_several_inventories() -> None:
    parts = (inventory(stop=1, lasts_ms=100, antennas=(1,)), inventory(stop=1, lasts_ms=100, antennas=(2,)))
    told = Told(rospec(*parts, report=(2, 0)))
    told.operation.see([Sighting(EPC, 1), Sighting(EPC, 2)], 0.05)
    told.operation.see([Sighting(EPC, 1), Sighting(EPC, 2)], 0.15)
    assert told.reports == []

    told.operation.advance(0.2)

    # Each inventory saw what its own antennas see.
    assert told.antennas == [1, 2]
    assert told.happened[:4] == [(BEGAN, 0), (INVENTORY, 1), (INVENTORY, 2), (ENDED, 0)]


def test_nothing_is_told_without_being_asked_where_no_trigger_says_so() -> None:
    told = Told(rospec(inventory(stop=1, lasts_ms=100), report=(0, 0)))
    told.operation.see([Sighting(EPC)], 0.05)
    told.operation.advance(10.0)
    assert told.reports == []

    told.operation.give_held()

    assert told.reports == [[(EPC, 1, 1)]]


@pytest.mark.parametrize(
    ("trigger", "rounds"),
    [
        ({"TriggerType": 0, "NumberOfTags": 5}, 3),  # observations: two a round
        ({"TriggerType": 2, "NumberOfAttempts": 4}, 4),
        ({"TriggerType": 3, "NumberOfTags": 2}, 1),  # different tags
        ({"TriggerType": 0, "NumberOfTags": 500, "Timeout": 600}, 6),
        ({"TriggerType": 4, "T": 300, "Timeout": 9000}, 4),  # the last new one in the first round
    ],
)
def test_an_inventory_ends_by_what_it_saw_or_at_its_limit(trigger: dict[str, int], rounds: int) -> None:
    told = Told(rospec(inventory(stop=3, **trigger)))
    number = 0

    while (INVENTORY, 1) not in told.happened:
        number += 1
        told.operation.see([Sighting(EPC), Sighting(OTHER)], number / 10)

    assert number == rounds


def test_an_inventory_that_waits_for_silence_ends_only_when_no_tag_answers() -> None:
    told = Told(rospec(inventory(stop=3, TriggerType=1, T=300)))
    for number in range(1, 20):
        told.operation.see([Sighting(EPC)], number / 10)
    assert (INVENTORY, 1) not in told.happened

    told.operation.advance(1.9 + 0.3)

    assert (INVENTORY, 1) in told.happened


def test_an_operation_that_starts_immediately_begins_anew_and_one_that_was_stopped_does_not() -> None:
    told = Told(rospec(inventory(stop=1, lasts_ms=100)))
    told.operation.advance(0.35)
    assert told.happened.count((BEGAN, 0)) == 4

    assert told.operation.stop(0.36)
    told.operation.advance(10.0)

    assert told.operation.state is OperationState.INACTIVE
    assert told.happened.count((BEGAN, 0)) == 4
    assert told.operation.see([Sighting(EPC)], 11.0) == 1


def test_an_operation_without_a_start_of_its_own_waits_for_the_client() -> None:
    told = Told(rospec(start=building.parameter("ROSpecStartTrigger", ROSpecStartTriggerType=0)))
    assert told.operation.state is OperationState.INACTIVE

    assert told.operation.start(1.0)
    told.operation.see([Sighting(EPC)], 1.1)

    assert told.antennas == [1]
    assert told.operation.parameter.integer("CurrentState") == OperationState.ACTIVE


def test_a_periodic_operation_starts_by_the_clock_and_ends_by_its_own_duration() -> None:
    periodic = building.parameter("PeriodicTriggerValue", Offset=500, Period=1000)
    told = Told(
        rospec(
            start=building.parameter("ROSpecStartTrigger", periodic, ROSpecStartTriggerType=2),
            stop=building.parameter("ROSpecStopTrigger", ROSpecStopTriggerType=1, DurationTriggerValue=200),
        )
    )
    seen = []
    for tenth in range(30):
        at_s = tenth / 10 + 0.01
        before = len(told.reports)
        told.operation.see([Sighting(EPC)], at_s)
        seen += [tenth] * (len(told.reports) - before)

    assert seen == [5, 6, 15, 16, 25, 26]


def test_what_cannot_be_told_is_held_and_told_when_it_can() -> None:
    told = Told(rospec())
    told.is_open = False
    told.operation.see([Sighting(EPC, 1), Sighting(EPC, 2)], 0.1)
    assert told.reports == []

    told.is_open = True
    told.operation.give_held()

    assert told.antennas == [1, 2]


def test_a_loop_goes_through_its_inventories_as_often_as_it_says() -> None:
    loop = building.parameter("LoopSpec", LoopCount=3)
    start = building.parameter("ROSpecStartTrigger", ROSpecStartTriggerType=0)
    told = Told(rospec(inventory(stop=1, lasts_ms=100), loop, start=start))
    told.operation.start(0.0)

    told.operation.advance(5.0)

    assert told.happened == [(BEGAN, 0), *[(INVENTORY, 1)] * 3, (ENDED, 0)]


@pytest.mark.parametrize(
    ("parameter", "status", "named"),
    [
        (rospec(inventory(antennas=(1, 9))), 201, "AntennaIDs 1, 9"),  # an antenna that is not there
        (rospec(inventory(antennas=(0, 1))), 201, "AntennaIDs"),  # 0 stands alone
        (rospec(CurrentState=2), 201, "CurrentState"),  # added as if it ran
        (rospec(ROSpecID=0), 201, "ROSpecID"),
        (rospec(start=building.parameter("ROSpecStartTrigger", ROSpecStartTriggerType=3)), 209, "ROSpecStartTrigger"),
        (rospec(start=building.parameter("ROSpecStartTrigger", ROSpecStartTriggerType=2)), 203, "PeriodicTrigger"),
        (rospec(inventory(stop=2)), 209, "AISpecStopTriggerType"),  # an input that the reader has not
        (rospec(inventory(stop=1)), 201, "DurationTriggerValue"),  # would end before it began
        (rospec(inventory(stop=3, TriggerType=0, NumberOfTags=0, Timeout=9)), 201, "NumberOfTags"),
        (rospec(inventory(stop=3)), 203, "TagObservationTrigger"),
        (rospec(report=(3, 1)), 209, "ROReportTrigger"),
        (rospec(building.parameter("RFSurveySpec")), 209, "RFSurveySpec"),
        (building.parameter("ROSpec", ROSpecID=1), 203, "ROBoundarySpec"),
    ],
)
def test_what_a_reader_cannot_do_is_refused_with_the_field(parameter: Parameter, status: int, named: str) -> None:
    with pytest.raises(SpecRefused, match=named) as refused:
        spec_of(parameter, 4, Reporting())

    assert refused.value.status == status


@given(
    rounds=st.lists(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), max_size=6), min_size=1, max_size=30),
    antennas=st.sampled_from([(0,), (1,), (2, 3)]),
    report=st.sampled_from([(1, 0), (1, 1), (1, 3), (2, 0), (2, 4), (0, 0)]),
    lasts_ms=st.sampled_from([0, 100, 250]),
)
def test_every_sighting_is_told_once_or_was_not_looked_for(
    rounds: list[list[tuple[int, int]]], antennas: tuple[int, ...], report: tuple[int, int], lasts_ms: int
) -> None:
    told = Told(rospec(inventory(antennas=antennas, stop=int(bool(lasts_ms)), lasts_ms=lasts_ms), report=report))
    looked, missed = 0, 0

    for number, seen in enumerate(rounds):
        sightings = [Sighting(bytes([tag]) * 12, antenna) for antenna, tag in seen]
        looked += sum(antennas == (0,) or antenna in antennas for antenna, _ in seen)
        missed += told.operation.see(sightings, number / 10)
    told.operation.give_held()

    assert sum(count for one in told.reports for _, _, count in one) == looked
    assert missed == sum(map(len, rounds)) - looked
