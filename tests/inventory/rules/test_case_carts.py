"""Which carts a plan wants: pure decisions, whatever the plan before was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.model.kits import CartState, CaseCart, Kit, PlannedCase
from inventory.rules.case_carts import (
    ASK_AHEAD_US,
    GIVEN_UP,
    NOT_PLANNED,
    OPERATION_CANCELLED,
    PLAN_CHANGED,
    READY_US,
    STAGE_CANCELLED,
    STAGE_MOVED,
    STAGE_TAKEN_BACK,
    CartTiming,
    Changes,
    Planned,
    card_for,
    emergency_pack,
    follow_plan,
    follow_stage,
    missing,
    short_by_cart,
)
from twin.clock import DAY_US, HOUR_US

NOW = 1_790_000_000_000_000
SOON = NOW + 10 * HOUR_US
HIP = Kit(id="hip", name="Hip", procedure="5-820")
OWN = Kit(id="hip-own", name="Hip of M", procedure="5-820", surgeon="dr-m")
KNEE = Kit(id="knee", name="Knee", procedure="5-822")
CARDS = (HIP, KNEE, OWN)


def case(encounter: str = "e1", starts_at: int = SOON, **values: str) -> PlannedCase:
    told = {"procedure": "5-820", "surgeon": "dr-x", "theatre": "or-1", **values}
    return PlannedCase(encounter=encounter, starts_at=starts_at, number=int(encounter[1:]), **told)


def plan(*cases: PlannedCase, number: str = "p", start_at: int = NOW) -> Planned:
    return Planned(plan=f"plan-{number}", start_at=start_at, cases=cases, number=number)


def followed(planned: Planned, *carts: CaseCart, now: int = NOW) -> Changes:
    return follow_plan(planned, carts=carts, cards=CARDS, now=now)


def proposed(*cases: PlannedCase) -> CaseCart:
    [cart] = followed(plan(*cases)).written
    return cart


def asked(cart: CaseCart) -> CaseCart:
    return replace(cart, state=CartState.ASKED, asked_by="u", asked_at=NOW)


def test_a_cart_is_due_before_its_operation_in_its_theatre() -> None:
    cart = proposed(case())

    assert (cart.kit, cart.place, cart.encounter, cart.operation_at) == ("hip", "or-1", "e1", SOON)
    assert (cart.due_at, cart.state, cart.plan) == (SOON - READY_US, CartState.PROPOSED, "plan-p")


@pytest.mark.parametrize(
    ("procedure", "surgeon", "found"),
    [
        ("5-820", "dr-m", "hip-own"),  # the surgeon's own card
        ("5-820", "dr-x", "hip"),  # never another surgeon's
        ("5-820", "", "hip"),
        ("5-999", "dr-m", ""),  # no card for it
        ("", "dr-m", ""),  # a list without codes asks for nothing, whatever cards lack one too
    ],
)
def test_the_card_of_a_surgeon_goes_before_everybodys(procedure: str, surgeon: str, found: str) -> None:
    cards = [*CARDS, Kit(id="any", name="Without procedure")]

    assert card_for(cards, procedure=procedure, surgeon=surgeon) == found


def test_another_surgeons_card_alone_is_no_card() -> None:
    assert card_for([OWN], procedure="5-820", surgeon="dr-x") == ""


def test_what_has_begun_is_not_asked_for() -> None:
    assert followed(plan(case(starts_at=NOW))).written == ()


def test_a_proposal_takes_over_whatever_the_next_plan_says() -> None:
    before = proposed(case())
    later = case(starts_at=SOON + 3 * DAY_US, procedure="5-822", theatre="or-2")

    changes = followed(plan(later, number="q"), before)

    assert changes.withdrawn == ()
    [after] = changes.written
    assert (after.id, after.kit, after.place, after.operation_at) == (before.id, "knee", "or-2", SOON + 3 * DAY_US)
    assert (after.due_at, after.plan) == (SOON + 3 * DAY_US - READY_US, "plan-q")


@pytest.mark.parametrize("state", [CartState.PROPOSED, CartState.ASKED])
def test_an_operation_that_the_plan_drops_gives_its_cart_up(state: CartState) -> None:
    cart = replace(proposed(case()), state=state)

    changes = followed(plan(number="q"), cart)

    assert (changes.withdrawn, changes.written) == ((cart,), ())
    assert changes.reason_by_cart == {cart.id: NOT_PLANNED}


def test_a_plan_says_nothing_of_days_before_its_own() -> None:
    cart = asked(proposed(case()))

    assert followed(plan(number="q", start_at=SOON + 1), cart).withdrawn == ()


def test_an_operation_that_has_begun_keeps_its_cart() -> None:
    cart = asked(proposed(case()))

    for planned in (plan(number="q"), plan(case(), number="q")):
        changes = followed(planned, cart, now=SOON)
        assert (changes.withdrawn, changes.written) == ((), ())


@pytest.mark.parametrize(
    ("changed", "is_kept"),
    [
        (case(starts_at=SOON + HOUR_US), True),  # the goods wait an hour
        (case(starts_at=SOON - HOUR_US), False),  # they would come too late
        (case(starts_at=NOW + READY_US + ASK_AHEAD_US), False),  # they would wait a day
        (case(theatre="or-2"), False),
        (case(procedure="5-822"), False),
        (case(surgeon="dr-m"), False),  # whose card is another
    ],
)
def test_goods_on_their_way_are_kept_only_if_they_serve(changed: PlannedCase, *, is_kept: bool) -> None:
    cart = asked(proposed(case()))

    changes = followed(plan(changed, number="q"), cart)

    [after] = changes.written
    assert (after.id == cart.id, after.state is CartState.ASKED) == (is_kept, is_kept)
    assert changes.reason_by_cart == ({} if is_kept else {cart.id: PLAN_CHANGED})


@pytest.mark.parametrize(
    ("changed", "is_kept"),
    [
        (case(starts_at=SOON - HOUR_US), True),
        (case(starts_at=SOON + 5 * DAY_US), True),
        (case(theatre="or-2"), True),
        (case(procedure="5-822"), False),  # what was picked is not what it needs
    ],
)
def test_a_cart_whose_goods_are_picked_stays_with_its_operation(changed: PlannedCase, *, is_kept: bool) -> None:
    cart = asked(proposed(case()))

    changes = follow_plan(plan(changed, number="q"), carts=[cart], cards=CARDS, now=NOW, handled={cart.id})

    [after] = changes.written
    assert (after.id == cart.id, after.state is CartState.ASKED, after.place) == (is_kept, is_kept, changed.theatre)
    assert bool(changes.withdrawn) is not is_kept


def test_on_the_day_a_cart_whose_goods_are_picked_follows_its_operation() -> None:
    cart = asked(proposed(case()))

    changes = follow_stage([cart], stage=STAGE_MOVED, theatre="or-2", number="n", handled={cart.id})

    assert (changes.withdrawn, [(one.id, one.place) for one in changes.written]) == ((), [(cart.id, "or-2")])


def test_when_a_cart_is_due_is_the_hospitals_to_say() -> None:
    timing = CartTiming(ready_us=3 * HOUR_US, ask_ahead_us=HOUR_US)
    planned = replace(plan(case()), timing=timing)

    [cart] = followed(planned).written

    assert cart.due_at == SOON - 3 * HOUR_US
    # it would wait two hours in the corridor, and this hospital wants at most one
    later = replace(plan(case(starts_at=NOW + 6 * HOUR_US)), timing=timing)
    assert followed(later, asked(cart)).reason_by_cart == {cart.id: PLAN_CHANGED}


def test_an_emergency_gets_the_pack_of_its_theatre_before_everybodys() -> None:
    packs = [
        Kit(id="any", name="Any", emergency_at="*"),
        Kit(id="one", name="One", emergency_at="or-1"),
        Kit(id="hip", name="No pack"),
    ]

    assert [emergency_pack(packs, theatre) for theatre in ("or-1", "or-2")] == ["one", "any"]
    assert emergency_pack(packs[1:], "or-2") == ""


def test_a_late_operation_keeps_the_cart_that_it_has() -> None:
    cart = asked(proposed(case()))

    [after] = followed(plan(case(starts_at=SOON + 2 * HOUR_US), number="q"), cart, now=SOON + HOUR_US).written

    assert (after.id, after.operation_at) == (cart.id, SOON + 2 * HOUR_US)


def test_a_procedure_without_a_card_gives_the_cart_up() -> None:
    cart = asked(proposed(case()))

    changes = followed(plan(case(procedure="5-999"), number="q"), cart)

    assert (changes.reason_by_cart, changes.written) == ({cart.id: PLAN_CHANGED}, ())


def test_what_a_person_gave_up_is_not_proposed_again_for_the_same_card() -> None:
    cart = replace(proposed(case()), state=CartState.CANCELLED, reason=GIVEN_UP)

    assert followed(plan(case(starts_at=SOON + HOUR_US), number="q"), cart).written == ()
    [other] = followed(plan(case(procedure="5-822"), number="q"), cart).written
    assert other.kit == "knee"


def test_what_an_earlier_plan_dropped_is_proposed_again() -> None:
    cart = replace(proposed(case()), state=CartState.CANCELLED, reason=NOT_PLANNED)

    [again] = followed(plan(case(), number="q"), cart).written
    assert (again.id, again.state) == ("q-1", CartState.PROPOSED)


def test_a_closed_case_gets_no_second_cart() -> None:
    cart = replace(proposed(case()), state=CartState.CLOSED)

    assert followed(plan(case(), number="q"), cart).written == ()


def test_a_card_that_came_after_the_plan_is_proposed_only_where_nothing_was_decided() -> None:
    carts = [replace(proposed(case()), state=CartState.CANCELLED, reason=OPERATION_CANCELLED)]

    found = missing(plan(case("e1"), case("e2"), number="q"), carts=carts, cards=CARDS, now=NOW)

    assert [(cart.id, cart.encounter) for cart in found] == [("q-2", "e2")]


def test_a_cancelled_operation_takes_its_cart_along_and_brings_it_back() -> None:
    cart = asked(proposed(case()))

    changes = follow_stage([cart], stage=STAGE_CANCELLED, theatre="or-1", number="n")
    assert (changes.withdrawn, changes.written) == ((cart,), ())
    gone = replace(cart, state=CartState.CANCELLED, reason=changes.reason_by_cart[cart.id], closed_at=NOW)
    [back] = follow_stage([gone], stage=STAGE_TAKEN_BACK, theatre="or-1", number="n").written

    assert back == replace(proposed(case()), id="n")
    # taken back from *done*: the cart was never given up
    assert follow_stage([cart], stage=STAGE_TAKEN_BACK, theatre="or-1", number="n").written == ()
    assert follow_stage([], stage=STAGE_TAKEN_BACK, theatre="or-1", number="n").written == ()


def test_a_moved_operation_is_followed_to_its_new_theatre() -> None:
    cart = proposed(case())

    [moved] = follow_stage([cart], stage=STAGE_MOVED, theatre="or-2", number="n").written
    assert (moved.id, moved.place) == (cart.id, "or-2")
    changes = follow_stage([asked(cart)], stage=STAGE_MOVED, theatre="or-2", number="n")
    assert changes.withdrawn == (asked(cart),)
    assert [(one.id, one.place, one.state) for one in changes.written] == [("n", "or-2", CartState.PROPOSED)]
    # another position in the same theatre
    assert follow_stage([asked(cart)], stage=STAGE_MOVED, theatre="or-1", number="n").withdrawn == ()


_CASES = st.lists(
    st.builds(
        lambda n, hours, procedure, theatre: case(f"e{n}", NOW + hours * HOUR_US, procedure=procedure, theatre=theatre),
        st.integers(0, 4),
        st.integers(-3, 60),
        st.sampled_from(["5-820", "5-822", "5-999", ""]),
        st.sampled_from(["or-1", "or-2"]),
    ),
    max_size=5,
    unique_by=lambda one: one.encounter,
)


@given(st.lists(_CASES, min_size=1, max_size=4), st.data())
def test_after_any_plans_each_operation_to_come_has_one_cart_that_fits(
    plans: list[list[PlannedCase]], data: st.DataObject
) -> None:
    carts: dict[str, CaseCart] = {}
    for number, cases in enumerate(plans):
        changes = follow_plan(plan(*cases, number=f"p{number}"), carts=list(carts.values()), cards=CARDS, now=NOW)
        for gone in changes.withdrawn:
            carts[gone.id] = replace(gone, state=CartState.CANCELLED, reason=changes.reason_by_cart[gone.id])
        carts |= {cart.id: cart for cart in changes.written}
        again = follow_plan(plan(*cases, number="again"), carts=list(carts.values()), cards=CARDS, now=NOW)
        # told twice it changes nothing but the name of the plan
        assert again.withdrawn == ()
        assert {cart.id for cart in again.written} <= set(carts)
        opened = [one for one in carts.values() if one.state in (CartState.PROPOSED, CartState.ASKED)]
        wanted = {one.encounter: one for one in cases if one.starts_at > NOW and one.procedure in {"5-820", "5-822"}}
        begun = {one.encounter for one in cases if one.starts_at <= NOW}
        opened = [one for one in opened if one.encounter not in begun]  # those keep what they have
        assert sorted(one.encounter for one in opened) == sorted(wanted)
        for one in opened:
            case_ = wanted[one.encounter]
            assert (one.place, one.operation_at) == (case_.theatre, case_.starts_at)
            assert one.due_at <= case_.starts_at - READY_US
            if data.draw(st.booleans()):
                carts[one.id] = replace(one, state=CartState.ASKED)


def test_the_first_due_is_served_first() -> None:
    early = proposed(case("e1"))
    late = replace(early, id="late", due_at=early.due_at + 1)

    found = short_by_cart([(late, {"screw": 3, "drape": 1}), (early, {"screw": 2})], {"screw": 4})

    assert found == {"late": {"screw": 1, "drape": 1}}
    assert short_by_cart([], {"screw": 4}) == {}
