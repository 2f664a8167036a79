"""Which case carts a surgery plan asks for, and what becomes of them when the plan changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inventory.model.kits import EVERYWHERE, CartState, CaseCart, Kit, PlannedCase
from twin.clock import HOUR_US, MINUTE_US

READY_US = 60 * MINUTE_US
"""How long before the operation its goods are to be in the theatre: the room is set up, what lacks is fetched."""
ASK_AHEAD_US = 24 * HOUR_US
"""How long before it is due a proposed cart is asked for: earlier its goods would only fill the theatre's corridor."""

GIVEN_UP, NOT_PLANNED, PLAN_CHANGED = "given_up", "not_planned", "plan_changed"
OPERATION_CANCELLED = "operation_cancelled"
_OPEN = (CartState.PROPOSED, CartState.ASKED)


EMERGENCY = "emergency"
"""Stands for the plan that proposed a cart which an emergency has asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CartTiming:
    """When carts are due and asked for, as the hospital sets it; microseconds.

    Parameters
    ----------
    ready_us : int
        How long before the operation its goods are to be in the theatre.
    ask_ahead_us : int
        How long before it is due a proposed cart is asked for.
    """

    ready_us: int = READY_US
    ask_ahead_us: int = ASK_AHEAD_US

    def due_of(self, starts_at: int) -> int:
        """Give when the goods of an operation have to be there, UTC microseconds."""
        return starts_at - self.ready_us


def emergency_pack(packs: Sequence[Kit], theatre: str) -> str:
    """Give the id of the kit that an emergency in a theatre gets: the theatre's own, else everybody's; empty for none.

    Examples
    --------
    >>> packs = [Kit(id="er", name="Pack", emergency_at="*"), Kit(id="er-1", name="Pack 1", emergency_at="or-1")]
    >>> emergency_pack(packs, "or-1"), emergency_pack(packs, "or-2")
    ('er-1', 'er')
    """
    fitting = sorted(
        (pack.emergency_at == EVERYWHERE, pack.id) for pack in packs if pack.emergency_at in (EVERYWHERE, theatre)
    )
    return fitting[0][1] if fitting else ""


def card_for(cards: Sequence[Kit], *, procedure: str, surgeon: str) -> str:
    """Give the id of the card for a procedure: the surgeon's own, else everybody's; empty if there is neither.

    Parameters
    ----------
    cards : Sequence[Kit]
        Cards of any procedures.
    procedure, surgeon : str
        Of the operation; either may be empty.

    Examples
    --------
    >>> cards = [Kit(id="hip", name="Hip", procedure="5-820"),
    ...          Kit(id="hip-m", name="Hip", procedure="5-820", surgeon="dr-m")]
    >>> card_for(cards, procedure="5-820", surgeon="dr-m"), card_for(cards, procedure="5-820", surgeon="dr-x")
    ('hip-m', 'hip')
    """
    if not procedure:
        return ""
    # False sorts first: the surgeon's own card before everybody's; another surgeon's is no card for this operation
    fitting = sorted(
        (card.surgeon == "", card.id) for card in cards if card.procedure == procedure and card.surgeon in ("", surgeon)
    )
    return fitting[0][1] if fitting else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a plan changes.

    Parameters
    ----------
    written : tuple[CaseCart, ...]
        Carts that are new or that the plan moved, as they are to be stored.
    withdrawn : tuple[CaseCart, ...]
        Carts that are given up, as they were; their tasks end.
    reason_by_cart : Mapping[str, str]
        Why, by the id of the cart that is given up.
    """

    written: tuple[CaseCart, ...]
    withdrawn: tuple[CaseCart, ...]
    reason_by_cart: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan as case carts see it.

    Parameters
    ----------
    plan : str
        Its id.
    start_at : int
        From when on it speaks, UTC microseconds; what is before it stays as it is.
    cases : tuple[PlannedCase, ...]
        Its operations.
    number : str
        Of this look at the plan; new carts take their ids from it.
    timing : CartTiming
        When carts are due.
    """

    plan: str
    start_at: int
    cases: tuple[PlannedCase, ...]
    number: str
    timing: CartTiming = field(default_factory=CartTiming)

    def wanted(self, cards: Sequence[Kit], now: int) -> dict[str, tuple[PlannedCase, str]]:
        """Give operations that are still to come and the cards that they need, by encounter."""
        return {
            case.encounter: (case, kit)
            for case in self.cases
            if case.starts_at > now and (kit := card_for(cards, procedure=case.procedure, surgeon=case.surgeon))
        }


def follow_plan(
    planned: Planned,
    *,
    carts: Sequence[CaseCart],
    cards: Sequence[Kit],
    now: int,
    handled: Collection[str] = (),
) -> Changes:
    """Say which carts a newly published plan proposes, moves and gives up.

    Parameters
    ----------
    planned : Planned
        The plan in force now.
    carts : Sequence[CaseCart]
        Those that plans proposed before, whatever became of them.
    cards : Sequence[Kit]
        Cards of the plan's procedures.
    now : int
        UTC microseconds; what has begun is left alone.
    handled : Collection[str]
        Ids of carts whose goods somebody has picked already.

    Notes
    -----
    A cart that is only proposed takes over whatever the plan says. One that was asked for keeps its tasks as long as
    they come to the right theatre in time, and is given up and proposed anew otherwise; but once its goods are picked
    it stays with its operation wherever and whenever that goes, since asking anew would bring everything twice. What a
    person gave up is not proposed again for the same card.
    """
    wanted = planned.wanted(cards, now)
    starts = {case.encounter: case.starts_at for case in planned.cases}
    refused = {(cart.encounter, cart.kit) for cart in carts if cart.reason == GIVEN_UP}
    # closed: the case is over, and a plan that still names it brings nothing more
    settled = {cart.encounter for cart in carts if cart.state is CartState.CLOSED}
    written: list[CaseCart] = []
    withdrawn: dict[str, str] = {}
    for cart in (one for one in carts if one.state in _OPEN):
        if cart.encounter not in wanted:
            if reason := _why_dropped(cart, planned, starts.get(cart.encounter), now):
                withdrawn[cart.id] = reason
            continue
        moved = _moved(cart, planned, *wanted[cart.encounter])
        # of another procedure it needs other goods, picked or not
        is_kept = cart.id in handled and cart.kit == moved.kit
        if cart.state is CartState.ASKED and not is_kept and not _still_serves(cart, moved, now, planned.timing):
            withdrawn[cart.id] = PLAN_CHANGED  # and stays wanted: it is proposed anew below
            continue
        settled.add(cart.encounter)
        written += [moved] * (moved != cart)
    written += [
        proposal(planned, case, kit)
        for encounter, (case, kit) in wanted.items()
        if encounter not in settled and (encounter, kit) not in refused
    ]
    gone = tuple(cart for cart in carts if cart.id in withdrawn)
    return Changes(written=tuple(written), withdrawn=gone, reason_by_cart=withdrawn)


def missing(planned: Planned, *, carts: Sequence[CaseCart], cards: Sequence[Kit], now: int) -> list[CaseCart]:
    """Give the carts of operations for which none was ever proposed: the card came after the plan; see follow_plan.

    What is decided already stays: the day's board may have moved or cancelled an operation that the plan still names.
    """
    known = {cart.encounter for cart in carts}
    return [
        proposal(planned, case, kit)
        for encounter, (case, kit) in planned.wanted(cards, now).items()
        if encounter not in known
    ]


def _why_dropped(cart: CaseCart, planned: Planned, starts_at: int | None, now: int) -> str:
    """Give why a cart that the plan does not want is given up; empty if it stays."""
    if starts_at is None:  # the plan does not speak of what is over, or of days before its own
        return NOT_PLANNED if cart.operation_at > now and cart.operation_at >= planned.start_at else ""
    # an operation that has begun keeps its goods; one of another procedure needs others, or none that are known
    return PLAN_CHANGED if starts_at > now else ""


def _moved(cart: CaseCart, planned: Planned, case: PlannedCase, kit: str) -> CaseCart:
    """Give a cart as the plan has it now."""
    due_at = planned.timing.due_of(case.starts_at)
    return replace(cart, kit=kit, place=case.theatre, plan=planned.plan, operation_at=case.starts_at, due_at=due_at)


STAGE_CANCELLED, STAGE_TAKEN_BACK, STAGE_MOVED = "operation_cancelled", "operation_taken_back", "operation_moved"
"""Stages of ``StageReached`` by which the day's board tells what people decide about an operation."""
STAGE_ADDED = "operation_added"
"""An emergency was taken into a theatre's list."""
STAGES = frozenset({STAGE_CANCELLED, STAGE_TAKEN_BACK, STAGE_MOVED, STAGE_ADDED})


def follow_stage(
    carts: Sequence[CaseCart], *, stage: str, theatre: str, number: str, handled: Collection[str] = ()
) -> Changes:
    """Say what becomes of an encounter's carts when its operation is cancelled, taken back or moved on the day.

    Parameters
    ----------
    carts : Sequence[CaseCart]
        Of one encounter, the latest last.
    stage : str
        One of :data:`STAGES`.
    theatre : str
        Where the operation is now.
    number : str
        Id of a cart that is proposed anew.
    handled : Collection[str]
        Ids of carts whose goods somebody has picked already; they stay with their operation.
    """
    opened = [cart for cart in carts if cart.state in _OPEN]
    written: list[CaseCart] = []
    withdrawn: dict[str, str] = {}
    if stage == STAGE_CANCELLED:
        withdrawn = {cart.id: OPERATION_CANCELLED for cart in opened}
    elif stage == STAGE_TAKEN_BACK and not opened and carts and carts[-1].reason == OPERATION_CANCELLED:
        written = [_anew(carts[-1], number)]
    elif stage == STAGE_MOVED and theatre:
        for cart in opened:
            if cart.place == theatre:
                continue
            if cart.state is CartState.PROPOSED or cart.id in handled:
                written.append(replace(cart, place=theatre))
            else:  # its porters are on the way to the wrong door
                withdrawn[cart.id] = PLAN_CHANGED
                written.append(_anew(replace(cart, place=theatre), number))
    gone = tuple(cart for cart in opened if cart.id in withdrawn)
    return Changes(written=tuple(written), withdrawn=gone, reason_by_cart=withdrawn)


def _anew(cart: CaseCart, number: str) -> CaseCart:
    return replace(
        cart, id=number, state=CartState.PROPOSED, asked_by="", asked_at=0, closed_at=0, reason="", closed_by=""
    )


def _still_serves(asked: CaseCart, wanted: CaseCart, now: int, timing: CartTiming) -> bool:
    """Tell whether goods that are on their way come to the right place, in time, and not days too early."""
    if (asked.kit, asked.place) != (wanted.kit, wanted.place):
        return False
    # at the same time it stays, however early a person has asked for it
    return asked.due_at == wanted.due_at or asked.due_at < wanted.due_at < now + timing.ask_ahead_us


def proposal(planned: Planned, case: PlannedCase, kit: str) -> CaseCart:
    """Give the cart that a plan proposes for an operation."""
    return CaseCart(
        id=f"{planned.number}-{case.number}",
        kit=kit,
        place=case.theatre,
        encounter=case.encounter,
        due_at=planned.timing.due_of(case.starts_at),
        state=CartState.PROPOSED,
        plan=planned.plan,
        operation_at=case.starts_at,
    )


def short_by_cart(
    carts: Iterable[tuple[CaseCart, Mapping[str, int]]], free: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """Say which proposed carts the stores cannot fill, the first due served first.

    Parameters
    ----------
    carts : Iterable
        Pairs of a cart and the base units of each item that it needs.
    free : Mapping[str, int]
        Usable base units in the stores that are promised to nobody, by item.

    Returns
    -------
    dict[str, dict[str, int]]
        Lacking base units by item, by the id of each cart that lacks any.
    """
    left = dict(free)
    found: dict[str, dict[str, int]] = {}
    for cart, needed in sorted(carts, key=lambda pair: (pair[0].due_at, pair[0].id)):
        for item, quantity in needed.items():
            served = min(quantity, left.get(item, 0))
            left[item] = left.get(item, 0) - served
            if served < quantity:
                found.setdefault(cart.id, {})[item] = quantity - served
    return found
