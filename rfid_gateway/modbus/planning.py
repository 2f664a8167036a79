"""The plan of requests: as few as a machine allows, and whether the line can carry them in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rfid_gateway.modbus.profile import PollClass, Profile, Signal, Table
from twin.errors import ConfigurationError

_REQUEST_OCTETS, _ANSWER_OCTETS = 8, 5  # RTU: unit, function, address, count, CRC; unit, function, byte count, CRC
_SILENCE_CHARACTERS = 3.5  # between frames (Modbus over serial line 1.02, section 2.5.1.1)
_FIXED_SILENCE_S = 0.00175  # above 19200 baud (the same)
_TYPICAL_TURNAROUND_S = 0.010


@dataclass(frozen=True, slots=True)
class Slot:
    """One signal's place in an answer.

    Parameters
    ----------
    signal : Signal
        What is there.
    offset : int
        Registers or bits before it.
    exponent_offset : int
        Registers before its exponent register; -1 if it has none.
    """

    signal: Signal
    offset: int
    exponent_offset: int = -1


@dataclass(frozen=True, slots=True)
class Request:
    """One read request.

    Parameters
    ----------
    table : Table
        Which table.
    address : int
        First address on the line, 0 and up.
    count : int
        Registers, or bits in a bit table.
    slots : tuple[Slot, ...]
        What the answer holds.
    """

    table: Table
    address: int
    count: int
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    table: Table
    first: int
    last: int
    signal: Signal


def plan(profile: Profile, signals: Sequence[Signal] | None = None) -> list[Request]:
    """Give the fewest requests that read signals within the profile's limits.

    Neighbours are read together across gaps of up to ``most_gap`` addresses, never across a forbidden range and never
    beyond the longest request. Taking each request as long as possible from the lowest address on is optimal, since a
    shorter one never lets a later one reach further.

    Parameters
    ----------
    profile : Profile
        The machine.
    signals : Sequence[Signal], optional
        What to read; all by default.

    Raises
    ------
    ConfigurationError
        If a signal alone breaks a limit or stands in a forbidden range.
    """
    # By table first: a request reads one table only.
    pieces = sorted((_piece(profile, signal) for signal in signals or profile.signals), key=_place)
    requests: list[Request] = []
    group: list[_Piece] = []
    for piece in pieces:
        if group and not _may_join(profile, group, piece):
            requests.append(_request(profile, group))
            group = []
        _check_alone(profile, piece)
        group.append(piece)
    if group:
        requests.append(_request(profile, group))
    return requests


def _place(piece: _Piece) -> tuple[str, int, int]:
    # The line's addresses decide, not the documented ones, which may count from 1.
    return piece.table.value, piece.first, piece.last


def _piece(profile: Profile, signal: Signal) -> _Piece:
    first = profile.wire(signal.address)
    last = first + signal.width - 1
    if signal.exponent is not None:
        # Value and exponent must come from one answer: the machine may change both between two.
        exponent = profile.wire(signal.exponent.address)
        first, last = min(first, exponent), max(last, exponent)
    return _Piece(signal.table, first, last, signal)


def _most(profile: Profile, table: Table) -> int:
    return profile.limits.most_bits if table.is_bits else profile.limits.most_registers


def _is_forbidden(profile: Profile, table: Table, first: int, last: int) -> bool:
    return any(
        one.table is table and profile.wire(one.first) <= last and first <= profile.wire(one.last)
        for one in profile.limits.forbidden
    )


def _check_alone(profile: Profile, piece: _Piece) -> None:
    length = piece.last - piece.first + 1
    if length > _most(profile, piece.table):
        text = (
            f"Signal {piece.signal.key} needs {length} addresses in one request, limit {_most(profile, piece.table)}."
        )
        raise ConfigurationError(text, code="modbus.plan_length")
    if _is_forbidden(profile, piece.table, piece.first, piece.last):
        text = f"Signal {piece.signal.key} stands in a forbidden range of {profile.name}."
        raise ConfigurationError(text, code="modbus.plan_forbidden")


def _may_join(profile: Profile, group: list[_Piece], piece: _Piece) -> bool:
    first, last = group[0].first, max(member.last for member in group)
    if profile.limits.is_one_request_per_signal or piece.table is not group[0].table:
        return False
    if piece.first - last - 1 > profile.limits.most_gap:
        return False
    # A piece may lie within the reach of the others, as bit fields of one register do.
    end = max(last, piece.last)
    return end - first + 1 <= _most(profile, piece.table) and not _is_forbidden(profile, piece.table, first, end)


def _request(profile: Profile, group: list[_Piece]) -> Request:
    first, last = group[0].first, max(member.last for member in group)
    slots = tuple(_slot(profile, member.signal, first) for member in group)
    return Request(group[0].table, first, last - first + 1, slots)


def _slot(profile: Profile, signal: Signal, first: int) -> Slot:
    exponent = profile.wire(signal.exponent.address) - first if signal.exponent else -1
    return Slot(signal, profile.wire(signal.address) - first, exponent)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLoad:
    """What one poll class costs.

    Parameters
    ----------
    poll : PollClass
        Which class.
    requests : tuple[Request, ...]
        Its requests.
    period_s : float
        Wanted seconds between two reads.
    octets : int
        Octets on a serial line for one round, both ways.
    round_s : float
        Seconds that one round takes on the serial line.
    """

    poll: PollClass
    requests: tuple[Request, ...]
    period_s: float
    octets: int
    round_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLoad:
    """Whether a serial line can carry a number of machines of one kind.

    Parameters
    ----------
    classes : tuple[ClassLoad, ...]
        Cost of each poll class.
    load_share : float
        Share of the line's time taken by all machines; above 1 it cannot work.
    feasible_fast_s : float
        Shortest period of the fastest class at which the line is at most 80 % loaded, seconds; infinite if the others
        alone take more.
    """

    classes: tuple[ClassLoad, ...]
    load_share: float
    feasible_fast_s: float


def line_load(profile: Profile, *, baud: int = 9600, machines: int = 1) -> LineLoad:
    """Give what a profile costs on a serial line.

    Parameters
    ----------
    profile : Profile
        The machine.
    baud : int
        Bits per second; a character has 11 bits with parity or a second stop bit.
    machines : int
        How many of them share the line.
    """
    classes = tuple(_class_load(profile, poll, baud) for poll in PollClass if _signals(profile, poll))
    shares = [one.round_s / one.period_s * machines for one in classes]
    fast = min(classes, key=lambda one: one.period_s)
    others = sum(share for one, share in zip(classes, shares, strict=True) if one is not fast)
    room = 0.8 - others
    feasible = fast.round_s * machines / room if room > 0 else float("inf")
    return LineLoad(classes=classes, load_share=sum(shares), feasible_fast_s=feasible)


def _signals(profile: Profile, poll: PollClass) -> list[Signal]:
    return [signal for signal in profile.signals if signal.poll is poll]


def _class_load(profile: Profile, poll: PollClass, baud: int) -> ClassLoad:
    requests = plan(profile, _signals(profile, poll))
    octets = sum(map(_octets, requests))
    period_s = profile.period_s(poll)
    return ClassLoad(
        poll=poll, requests=tuple(requests), period_s=period_s, octets=octets, round_s=_round_s(profile, requests, baud)
    )


def _octets(request: Request) -> int:
    data = (request.count + 7) // 8 if request.table.is_bits else 2 * request.count
    return _REQUEST_OCTETS + _ANSWER_OCTETS + data


def _round_s(profile: Profile, requests: Iterable[Request], baud: int) -> float:
    character_s = 11 / baud  # eleven bits a character: start, eight data, parity or second stop, stop
    silence_s = _FIXED_SILENCE_S if baud > 19_200 else _SILENCE_CHARACTERS * character_s
    pause_s = profile.timing.between_requests_s
    return sum(_octets(one) * character_s + 2 * silence_s + _TYPICAL_TURNAROUND_S + pause_s for one in requests)


def poll_plan(profile: Profile) -> dict[PollClass, list[Request]]:
    """Give the requests of each poll class that has signals."""
    return {poll: plan(profile, signals) for poll in PollClass if (signals := _signals(profile, poll))}
