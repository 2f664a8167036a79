"""Try a reader or machine, add it to a gateway, look at raw frames, go back to earlier settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from rfid_gateway.drivers.kinds import OURS
from rfid_gateway.modbus.profile import shipped_profiles
from rfid_gateway.uplink.orders import OrderKind, OrderResult
from twin.access import Actor, Permission
from twin.errors import FieldError, FieldProblem


class AsksGateways(Protocol):
    """Leaves orders for gateways; ``server.gateways.desk`` meets it."""

    def ask_now(self, gateway: str, kind: OrderKind, arguments: Mapping[str, str], actor: Actor) -> OrderResult:
        """Leave an order and wait for what becomes of it."""


class Version(Protocol):
    """A version of a gateway's settings."""

    @property
    def version(self) -> int:
        """Its number."""


class KeepsSettings(Protocol):
    """Keeps settings of gateways; ``server.gateways.setting_up`` meets it."""

    def add(self, gateway: str, entries: Mapping[str, Mapping[str, object]], actor: Actor) -> Version:
        """Add entries to the draft that somebody works on; gives the new draft."""

    def draft(self, gateway: str, text: str, remark: str, actor: Actor) -> Version:
        """Keep settings as somebody wrote them as a draft."""

    def take_read_points(self, gateway: str, actor: Actor) -> Version:
        """Make a draft with the read points of the building's plan."""

    def stage(self, gateway: str, version: int, actor: Actor) -> Version:
        """Give a version to the gateway."""

    def discard(self, gateway: str, version: int, actor: Actor) -> Version:
        """Put a draft away."""

    def roll_back(self, gateway: str, actor: Actor) -> Version:
        """Go back to the version that worked before."""

    def change_key(self, gateway: str, actor: Actor) -> str:
        """Have the gateway go over to a new key; give the key's id."""


def device_kinds() -> list[str]:
    """Give what can be tried: kinds of readers, then profiles of machines."""
    return [*OURS, *shipped_profiles()]


_NETWORK, _SERIAL = frozenset({"host", "port", "is_encrypted"}), frozenset({"device"})
_SIGN_IN = frozenset({"user", "password"})
_READER_FIELDS: Mapping[str, frozenset[str]] = {
    "llrp": _NETWORK | {"antennas", "reads_tid"},
    "chafon": frozenset({"host", "port", "device", "antennas"}),
    "impinj_r700": _NETWORK | _SIGN_IN,
    "zebra_mqtt": _NETWORK | _SIGN_IN | {"topic"},
    "mqtt": _NETWORK | _SIGN_IN | {"topic"},
    "pn532": _SERIAL,
    "em4100": _SERIAL,
    "pn532_board": frozenset(),
}
_MACHINE_FIELDS = _NETWORK | _SERIAL | {"unit", "framing", "baud", "parity", "is_behind_converter"}
_OPTIONS = frozenset({"topic", "user", "password"})
_FLAGS = frozenset({"is_encrypted", "reads_tid", "is_behind_converter"})
_NUMBERS = frozenset({"port", "unit", "baud"})
_NAMES_NO_ANTENNA = frozenset({"mqtt", "zebra_mqtt"})  # messages of theirs often bear none; 0 stands for all of them


def fields_of(kind: str) -> frozenset[str]:
    """Give which fields a kind of reader, or a profile of machine, has beside its id and its place."""
    return _READER_FIELDS[kind] | {"place"} if kind in _READER_FIELDS else _MACHINE_FIELDS


def _fields(told: Mapping[str, str]) -> dict[str, str]:
    """Give the fields of a device as the settings name them, from what was entered; those of other kinds stay out."""
    if not told.get("id"):
        raise FieldError(FieldProblem(field="id", place="/id", message="A device needs an id.", cure="Enter one."))
    kind = told.get("kind", "llrp")
    named = {"kind" if kind in OURS else "profile": kind, "id": told["id"]}
    for name in sorted(fields_of(kind) - {"place"}):
        if told.get(name):
            named[f"options.{name}" if name in _OPTIONS else name] = told[name]
    if "antennas" in named:
        named["antennas"] = ",".join(map(str, _antennas(named["antennas"])))
    return named


def _antennas(text: str) -> list[int]:
    """Give the numbers of antennas as somebody wrote them, with commas, semicolons or blanks between."""
    parts = [one for one in re.split(r"[\s,;]+", text) if one]
    # One that is passed over in silence would be a room that nobody sees.
    wrong = [one for one in parts if not re.fullmatch(r"\d{1,5}", one, re.ASCII)]
    if wrong or not parts:
        message = f"Expected numbers of antennas, got {(wrong or [text])[0][:40]!r}."
        raise FieldError(FieldProblem(field="antennas", place="/antennas", message=message, cure="Write them as 1,2."))
    return [int(one) for one in parts]


def test_read(desk: AsksGateways, gateway: str, told: Mapping[str, str], *, actor: Actor) -> OrderResult:
    """Have a gateway try a device that is not in its settings.

    Parameters
    ----------
    desk : AsksGateways
        Where orders are left.
    gateway : str
        Id of the gateway.
    told : Mapping[str, str]
        What was entered: id, kind, and what :func:`fields_of` says of the kind.
    actor : Actor
        Who asks.

    Raises
    ------
    FieldError
        If the id is missing.
    Unavailable
        If the gateway does not answer.
    """
    actor.require(Permission.GATEWAYS_CONFIGURE)
    return desk.ask_now(gateway, OrderKind.TEST_READ, _fields(told), actor)


def add_device(kept: KeepsSettings, gateway: str, told: Mapping[str, str], *, actor: Actor) -> int:
    """Add a device to a draft of a gateway's settings, with the place that its antenna stands for; give its version.

    Parameters
    ----------
    kept : KeepsSettings
        Where settings are kept.
    gateway : str
        Id of the gateway.
    told : Mapping[str, str]
        As for :func:`test_read`, and ``place``.
    actor : Actor
        Who adds.

    Raises
    ------
    ImportRefused
        If the settings break a rule then.
    """
    actor.require(Permission.GATEWAYS_CONFIGURE)
    fields = _fields(told)
    entry: dict[str, object] = {name: text for name, text in fields.items() if not name.startswith("options.")}
    options = {name.removeprefix("options."): text for name, text in fields.items() if name.startswith("options.")}
    if options:
        entry["options"] = options
    antennas = _antennas(str(entry.pop("antennas"))) if "antennas" in entry else []
    if antennas:
        entry["antennas"] = antennas
    entry |= dict.fromkeys(set(entry) & _FLAGS, True)
    entry |= {name: int(str(entry[name])) for name in _NUMBERS & set(entry) if str(entry[name]).isdecimal()}
    entries: dict[str, Mapping[str, object]] = {"readers" if "kind" in entry else "machines": entry}
    if told.get("place") and "kind" in entry:
        antenna = antennas[0] if antennas else int(entry["kind"] not in _NAMES_NO_ANTENNA)
        entries["read_points"] = {
            "id": f"{entry['id']}-{antenna}",
            "reader": entry["id"],
            "antenna": antenna,
            "place": told["place"],
        }
    return kept.add(gateway, entries, actor).version


def frames(desk: AsksGateways, gateway: str, device: str, *, actor: Actor) -> list[str]:
    """Give the last pieces that went over a device's line, as replay takes them."""
    actor.require(Permission.GATEWAYS_READ)
    return list(desk.ask_now(gateway, OrderKind.FRAMES, {"device": device}, actor).lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkStep:
    """A step of a walk test.

    Parameters
    ----------
    action : str
        ``begin``, ``mark``, ``show`` or ``end``.
    tag : str
        The tag that is carried; for ``begin``.
    place : str
        Id of the room that is entered; for ``begin`` and ``mark``.
    """

    action: str
    tag: str = ""
    place: str = ""


def walk(desk: AsksGateways, gateway: str, step: WalkStep, *, actor: Actor) -> OrderResult:
    """Take a step of a walk test and give what the walk showed so far.

    Parameters
    ----------
    desk : AsksGateways
        Where orders are left.
    gateway : str
        Id of the gateway whose antennas are tested.
    step : WalkStep
        What is told.
    actor : Actor
        Who walks.

    Raises
    ------
    FieldError
        If the tag or the room is missing.
    Unavailable
        If the gateway does not answer.
    """
    actor.require(Permission.GATEWAYS_CONFIGURE)
    for field, text, is_needed in (
        ("tag", step.tag, step.action == "begin"),
        ("place", step.place, step.action in ("begin", "mark")),
    ):
        if is_needed and not text.strip():
            cure = "Enter it, then try again."
            raise FieldError(FieldProblem(field=field, place=f"/{field}", message="This is missing.", cure=cure))
    told = {"action": step.action, "tag": step.tag.strip(), "place": step.place}
    return desk.ask_now(gateway, OrderKind.WALK, told, actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Settings as somebody wrote them, and why."""

    text: str
    note: str = ""


def draft(kept: KeepsSettings, gateway: str, written: Written, *, actor: Actor) -> int:
    """Keep settings that somebody wrote as a draft; give its version.

    Raises
    ------
    FieldError
        If nothing was written.
    ImportRefused
        If they break a rule.
    """
    actor.require(Permission.GATEWAYS_CONFIGURE)
    if not written.text.strip():
        raise FieldError(FieldProblem(field="text", place="/text", message="This is missing.", cure="Write them."))
    return kept.draft(gateway, written.text, written.note.strip(), actor).version


def take_read_points(kept: KeepsSettings, gateway: str, *, actor: Actor) -> int:
    """Make a draft with the read points of the building's plan; give its version."""
    actor.require(Permission.GATEWAYS_CONFIGURE)
    return kept.take_read_points(gateway, actor).version


def _number_of(version: str | None) -> int:
    if not version:
        cure = "Make a draft, or choose a version."
        raise FieldError(FieldProblem(field="version", place="/version", message="There is none.", cure=cure))
    return int(version)


def stage(kept: KeepsSettings, gateway: str, version: str | None, *, actor: Actor) -> int:
    """Give a version to the gateway.

    Raises
    ------
    FieldError
        If none is chosen.
    """
    actor.require(Permission.GATEWAYS_CONFIGURE)
    return kept.stage(gateway, _number_of(version), actor).version


def discard(kept: KeepsSettings, gateway: str, version: str | None, *, actor: Actor) -> int:
    """Put a draft away.

    Raises
    ------
    FieldError
        If none is chosen.
    Refused
        If it is no draft any more.
    """
    actor.require(Permission.GATEWAYS_CONFIGURE)
    return kept.discard(gateway, _number_of(version), actor).version


def change_key(kept: KeepsSettings, gateway: str, *, actor: Actor) -> str:
    """Give a gateway a new key in the place of its old one; give the new key's id."""
    actor.require(Permission.GATEWAYS_CONFIGURE)
    return kept.change_key(gateway, actor)


def roll_back(kept: KeepsSettings, gateway: str, *, actor: Actor) -> int:
    """Give a gateway the settings back that worked before; give their version."""
    actor.require(Permission.GATEWAYS_CONFIGURE)
    return kept.roll_back(gateway, actor).version
