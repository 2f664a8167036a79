from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.model.items import Item, StorageClass
from inventory.model.lots import Lot, LotStatus, effective_expiry, end_of_day
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.model.stock import Holding, LotHolding
from inventory.rules.eligibility import Ineligible, Need, reasons_against
from inventory.rules.fefo import allocate, earlier_lots
from tests.datafiles import load_json
from twin.clock import DAY_US, from_datetime
from twin.ids import ItemId, LotId, PlaceId

NOW = from_datetime(datetime(2026, 11, 22, 10, tzinfo=UTC))
GLOVES = Item(id=ItemId("gloves"), code="G1", name="Gloves")


def source(
    name: str,
    expires_at: int,
    on_hand: int,
    *,
    reserved: int = 0,
    received_at: int = 0,
    status: LotStatus = LotStatus.RELEASED,
) -> LotHolding:
    holding = Holding(
        place=PlaceId("store"),
        item=GLOVES.id,
        lot=LotId(name),
        on_hand=on_hand,
        reserved=reserved,
        received_at=received_at,
    )
    return LotHolding(
        holding=holding, lot=Lot(id=LotId(name), item=GLOVES.id, number=name, expires_at=expires_at, status=status)
    )


def day(text: str | None) -> int:
    return end_of_day(date.fromisoformat(text), UTC) if text else 0


@pytest.mark.parametrize("case", load_json("inventory/fefo.json")["cases"], ids=lambda case: case["id"])
def test_published_case_is_filled_as_expected(case: dict[str, object]) -> None:
    item = Item(id=GLOVES.id, code="G1", name="Gloves", is_expiry_tracked=False)
    today = datetime.fromisoformat(str(case["today"])).replace(hour=12, tzinfo=UTC)
    statuses = {"recalled": LotStatus.RECALLED, "quarantine": LotStatus.QUARANTINED}
    sources = [
        source(
            lot["lot"],
            day(lot["exp"]),
            lot["qty"],
            reserved=lot.get("reserved", 0),
            received_at=day(lot.get("recv")),
            status=statuses.get(lot.get("status"), LotStatus.RELEASED),
        )
        for lot in case["lots"]  # type: ignore[attr-defined]
    ]
    need = Need(item=item, now=from_datetime(today), minimum_remaining_days=int(str(case.get("min_rsl_days", 0))))

    allocation = allocate(sources, int(str(case["need"])), need)

    assert [[portion.source.lot.id, portion.quantity] for portion in allocation.portions] == case["expect"]
    assert allocation.short == case.get("short", 0)


lots = st.builds(
    source,
    st.uuids().map(str),
    st.one_of(st.just(0), st.integers(NOW - 30 * DAY_US, NOW + 400 * DAY_US)),
    st.integers(0, 50),
    received_at=st.integers(0, NOW),
    status=st.sampled_from(LotStatus),
)


@given(st.lists(lots, max_size=12), st.integers(0, 200))
def test_nothing_ineligible_is_ever_handed_out_and_nothing_earlier_is_left(
    sources: list[LotHolding], wanted: int
) -> None:
    need = Need(item=GLOVES, now=NOW)

    allocation = allocate(sources, wanted, need)

    assert allocation.quantity + allocation.short == wanted
    for portion in allocation.portions:
        assert reasons_against(portion.source.lot, need) == ()
        assert 0 < portion.quantity <= portion.source.holding.free
    if allocation.portions:
        last = allocation.portions[-1].source
        taken = {portion.source.lot.id: portion.quantity for portion in allocation.portions}
        for earlier in earlier_lots(last, sources, need):
            assert taken[earlier.lot.id] == earlier.holding.free


@given(st.lists(lots, max_size=8), st.integers(0, 100), st.randoms())
def test_order_of_listing_does_not_matter(sources: list[LotHolding], wanted: int, random: object) -> None:
    shuffled = sorted(sources, key=lambda each: each.lot.id)
    need = Need(item=GLOVES, now=NOW)

    assert allocate(sources, wanted, need).portions == allocate(shuffled, wanted, need).portions


@given(st.integers(1, 400), st.integers(0, 400), st.integers(1, 60))
def test_opening_only_shortens_life(days_left: int, opened_days_ago: int, in_use_days: int) -> None:
    item = Item(id=GLOVES.id, code="V", name="Vial", in_use_days=in_use_days)
    closed = Lot(id=LotId("L"), item=item.id, expires_at=NOW + days_left * DAY_US)
    opened = Lot(id=LotId("M"), item=item.id, expires_at=closed.expires_at, opened_at=NOW - opened_days_ago * DAY_US)

    assert effective_expiry(opened, item) <= effective_expiry(closed, item)
    assert effective_expiry(opened, item) <= opened.opened_at + in_use_days * DAY_US


@pytest.mark.parametrize(
    ("lot", "place", "expected"),
    [
        # a lot without expiry, where the item must have one
        (Lot(id=LotId("L"), item=GLOVES.id), None, Ineligible.EXPIRY_UNKNOWN),
        # no lot at all, where lots are tracked
        (None, None, Ineligible.LOT_UNKNOWN),
        # a good lot in the quarantine cage
        (
            Lot(id=LotId("L"), item=GLOVES.id, expires_at=NOW + DAY_US),
            StockPlace(id=PlaceId("cage"), kind=StockPlaceKind.QUARANTINE),
            Ineligible.PLACE_BLOCKED,
        ),
        # expired at this very instant
        (Lot(id=LotId("L"), item=GLOVES.id, expires_at=NOW), None, Ineligible.EXPIRED),
    ],
)
def test_reason_is_named(lot: Lot | None, place: StockPlace | None, expected: Ineligible) -> None:
    assert reasons_against(lot, Need(item=GLOVES, now=NOW, place=place)) == (expected,)


def test_vaccine_from_a_warm_shelf_is_refused() -> None:
    vaccine = Item(id=ItemId("v"), code="V", name="Vaccine", storage_class=StorageClass.COOL)
    lot = Lot(id=LotId("L"), item=vaccine.id, expires_at=NOW + 90 * DAY_US)

    assert reasons_against(lot, Need(item=vaccine, now=NOW, place=StockPlace(id=PlaceId("shelf")))) == (
        Ineligible.STORAGE_WRONG,
    )


def test_expiry_day_ends_by_the_hospitals_clock_also_when_clocks_change() -> None:
    from zoneinfo import ZoneInfo

    berlin = ZoneInfo("Europe/Berlin")

    assert end_of_day(date(2026, 10, 25), berlin) - end_of_day(date(2026, 10, 24), berlin) == 25 * 3600 * 1_000_000
    assert end_of_day(date(2026, 3, 29), berlin) - end_of_day(date(2026, 3, 28), berlin) == 23 * 3600 * 1_000_000


def test_midnight_that_clocks_jump_over_is_the_first_instant_of_the_next_day() -> None:
    from zoneinfo import ZoneInfo

    santiago = ZoneInfo("America/Santiago")  # 2026-09-06 00:00 does not exist there

    assert end_of_day(date(2026, 9, 5), santiago) == from_datetime(datetime(2026, 9, 6, 4, tzinfo=UTC))
