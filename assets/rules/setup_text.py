"""How the codes of a machine are written in one cell or field: lists, and pairs of a code and what it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assets.model.machine import DEFAULT_QUANTITIES

_MOST_CODE = 65_535  # codes come from 16 bit registers


def _parts(text: str) -> list[str]:
    """Part a text at semicolons and line ends, also those of a Chinese keyboard."""
    return [part.strip() for part in text.replace("；", ";").replace("\n", ";").split(";") if part.strip()]


def _code(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > _MOST_CODE:
        raise ValueError(f"Expected a code from 0 to {_MOST_CODE}, got {text!r}.")
    return int(text)


def _pairs(text: str, example: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for part in _parts(text):
        key, equals, value = (piece.strip() for piece in part.replace("＝", "=").partition("="))
        if not (key and equals and value):
            raise ValueError(f"Expected pairs such as {example}, got {part!r}.")
        if key in {earlier for earlier, _ in found}:
            raise ValueError(f"{key} stands twice.")
        found.append((key, value))
    return found


def codes_told(text: str) -> tuple[int, ...]:
    """Read codes that are parted by semicolons.

    Raises
    ------
    ValueError
        If one is no whole number from 0 to 65535.

    Examples
    --------
    >>> codes_told("0; 7")
    (0, 7)
    """
    return tuple(_code(part) for part in _parts(text))


def programmes_told(text: str) -> dict[int, str]:
    """Read the programme of each of the machine's own codes.

    Raises
    ------
    ValueError
        If it is no pair, a code is none, or stands twice.

    Examples
    --------
    >>> programmes_told("1=P134; 2=P121")
    {1: 'P134', 2: 'P121'}
    """
    found = [(_code(key), value) for key, value in _pairs(text, "1=P134")]
    if len(dict(found)) < len(found):
        raise ValueError("A code stands twice.")  # written differently, as in 1 and 01
    return dict(found)


def quantities_told(text: str) -> dict[str, tuple[str, ...]]:
    """Read the telemetry names of channels, where they differ from the usual ones.

    Raises
    ------
    ValueError
        If it is no pair, or a channel is unknown, stands twice or has no name.

    Examples
    --------
    >>> quantities_told("control_c=t_chamber|t1")
    {'control_c': ('t_chamber', 't1')}
    """
    found: dict[str, tuple[str, ...]] = {}
    for channel, names in _pairs(text, "control_c=chamber_temperature_c"):
        if channel not in DEFAULT_QUANTITIES:
            raise ValueError(f"{channel!r} is no channel; use {', '.join(DEFAULT_QUANTITIES)}.")
        found[channel] = tuple(name.strip() for name in names.split("|") if name.strip())
        if not found[channel]:
            # A channel without a name would be read from nowhere, and every cycle lack its evidence.
            raise ValueError(f"Expected a name for {channel}, got {names!r}.")
    return found


def codes_text(codes: Iterable[int]) -> str:
    """Write codes as :func:`codes_told` reads them."""
    return "; ".join(map(str, codes))


def programmes_text(programmes: Mapping[int, str]) -> str:
    """Write programmes as :func:`programmes_told` reads them."""
    return "; ".join(f"{code}={name}" for code, name in programmes.items())


def quantities_text(quantities: Mapping[str, Iterable[str]]) -> str:
    """Write quantities as :func:`quantities_told` reads them."""
    return "; ".join(f"{channel}={'|'.join(names)}" for channel, names in quantities.items())
