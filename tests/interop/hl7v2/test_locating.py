"""Location reports of IHE MEM-LS: what is read out of them, and that ours are read back."""

from __future__ import annotations

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.hl7v2.message import read_message
from interop.hl7v2.reporting import Located, location_parts, location_report
from tests.interop.conftest import InMemory, places
from tests.interop.messages_for_tests import written
from twin.clock import MINUTE_US, ManualClock
from twin.events.things import ZoneChanged
from twin.state.live import LiveState

AT = "20260105080000.000+0000"
TAG = "T-77^VENDOR^^L"
PLACE = "0^MDCX_LS_ATTR_LOCATION^MDC"


@pytest.fixture
def listening(clock: ManualClock) -> InMemory:
    state = LiveState()
    for number, place in enumerate(places(), 1):
        state.apply(place, number)
    return InMemory(state, clock)


def report(*segments: str, profile: str = "IHE_PCD_016^IHE PCD") -> bytes:
    head = f"MSH|^~\\&|RTLS|HOSP|TWIN|HOSP|{AT}||ORU^R01^ORU_R01|L{len(segments)}|P|2.6{'|' * 9}{profile}"
    return "\r".join([head, "PID|1", f"OBR|1|||X|||{AT}", *segments]).encode() + b"\r"


def obx(**fields: str) -> str:
    told = {"2": "PL", "3": PLACE, "5": "W1^1^A", "14": AT, "18": TAG} | {
        name[1:]: text for name, text in fields.items()
    }
    return written("OBX", {int(number): text for number, text in told.items()})


def told(listening: InMemory, *messages: bytes) -> list[tuple[str, str, str]]:
    before = listening.live.sequence
    listening.hear(*messages)
    tags = listening.live.tags
    assert listening.live.sequence >= before
    return [(tag.id, type(tag.sighting).__name__, getattr(tag.sighting, "zone", "")) for tag in tags.values()]


@pytest.mark.parametrize(
    ("segments", "why"),
    [
        ((obx(),), "tag in OBX-18"),
        ((obx(_18=""), "PRT|1|UC||EQUIP|||||W1^1^A|T-77"), "a participation with device and location (2.8)"),
        (("PRT|1|UC||EQUIP||||||T-77", obx(_18="")), "device of the participation before"),
        (("OBX|1|ST|67972^MDC_ATTR_SYS_ID^MDC|1|T-77", obx(_18="")), "device that the report is of"),
        ((obx(_2="ST", _5="W1-1-A"),), "location by its name alone"),
        ((obx(_2="CWE", _5="x^W1-1-A^L"),), "location by its text"),
        ((obx(_3="MDC_LS_ATTR_LOCATION"),), "the term without a number"),
    ],
)
def test_a_report_is_a_sighting(listening: InMemory, segments: tuple[str, ...], why: str) -> None:
    assert ("T-77", "ZoneChanged", "W1-1-A") in told(listening, report(*segments)), why


def test_the_same_place_again_only_confirms_it_and_lost_is_told(listening: InMemory, clock: ManualClock) -> None:
    later = "20260105080500.000+0000"
    clock.set(clock.now() + 60 * MINUTE_US)
    assert told(listening, report(obx())) == [("T-77", "ZoneChanged", "W1-1-A")]
    listening.intake = listening.intake.__class__(
        **{name: getattr(listening.intake, name) for name in listening.intake.__dataclass_fields__}
        | {"zone_of": lambda _tag: "W1-1-A"}
    )

    again = told(listening, report(obx(_14=later)))
    listening.hear(report(obx(_5='""', _14="20260105080600.000+0000")))

    tag = listening.live.tags["T-77"]
    assert again == [("T-77", "ZoneConfirmed", "W1-1-A")]
    assert tag.entered is not None
    assert tag.lost is not None
    assert tag.lost.last_zone == "W1-1-A"


def test_a_report_that_names_no_tag_is_kept_and_says_so(listening: InMemory) -> None:
    assert told(listening, report(obx(_18=""))) == []
    assert "tag_missing" in listening.rows()[0].notes


def test_a_result_is_still_a_result(listening: InMemory) -> None:
    listening.hear(report("PV1|1|I|||||||||||||||||V9^^^HOSP^VN", "OBX|1|NM|718-7^Hb^LN||13.1", profile=""))

    assert listening.live.tags == {}
    assert listening.encounter("V9").stage == "result_ready"


def test_an_unknown_place_is_named_for_a_person_to_match(listening: InMemory) -> None:
    told(listening, report(obx(_5="^^^HOSP^^^North^1^Nurse station 3")))

    assert listening.rows()[0].notes == "place_unknown"
    assert listening.live.tags["T-77"].sighting.zone == "Nurse station 3"  # type: ignore[union-attr]


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)


@given(
    tag=_TEXT,
    name=_TEXT,
    at=st.integers(1_600_000_000_000, 1_767_000_000_000),
    bed=st.sampled_from(["W1-1-A", "W1", "H"]),
)
def test_what_we_tell_is_read_back_as_it_was(tag: str, name: str, at: int, bed: str) -> None:
    state = LiveState()
    state.apply_all(places())
    location = location_parts(state, bed, site="HOSP")
    body = location_report(
        Located(tag=tag, device="P1", name=name, location=location, at=at * 1000), site="HOSP", control_id="C1"
    )
    reader = InMemory(state, ManualClock(at * 1000 + 1))

    reader.hear(body)

    sighting = state.tags[tag.strip()].sighting
    assert isinstance(sighting, ZoneChanged)
    assert (sighting.zone, sighting.occurred_at) == (bed, at * 1000)


def test_another_library_reads_our_report() -> None:
    body = location_report(
        Located(tag="T|7", device="P1", name="Pump", location=("W1", "", "W1-1-A"), at=1_767_600_000_000_000),
        site="HOSP",
        control_id="C1",
    )

    parsed = hl7.parse(body.decode())

    assert str(parsed["MSH"][0][9]) == "ORU^R01^ORU_R01"
    assert str(parsed["MSH"][0][21]).startswith("IHE_PCD_016")
    assert [str(row[3][0][1]) for row in parsed["OBX"]] == [
        "MDC_ATTR_SYS_ID",
        "MDCX_LS_ATTR_NAME",
        "MDCX_LS_ATTR_LOCATION",
    ]
    assert parsed.unescape(str(parsed["OBX"][2][18][0][0])) == "T|7"
    assert str(parsed["PID"][0][31]) == "Y"


def test_a_tag_that_nobody_sees_is_told_as_deleted() -> None:
    body = location_report(Located(tag="T", device="", name="", location=(), at=1), site="H", control_id="C")

    assert read_message(body).first("OBX").field(5) == '""'  # type: ignore[union-attr]
