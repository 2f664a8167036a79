"""Try a reader or machine, add it to a gateway, look at raw frames, go back to earlier settings."""

from __future__ import annotations

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
        """Add entries and give the new version to the gateway."""

    def roll_back(self, gateway: str, actor: Actor) -> Version:
        """Go back to the version that worked before."""

    def change_key(self, gateway: str, actor: Actor) -> str:
        """Have the gateway go over to a new key; give the key's id."""


def device_kinds() -> list[str]:
    """Give what can be tried: kinds of readers, then profiles of machines."""
    return [*OURS, *shipped_profiles()]


def _fields(told: Mapping[str, str]) -> dict[str, str]:
    """Give the fields of a device as the settings name them, from what was entered."""
    if not told.get("id"):
        raise FieldError(FieldProblem(field="id", place="/id", message="A device needs an id.", cure="Enter one."))
    kind = told.get("kind", "llrp")
    named = {"kind": kind} if kind in OURS else {"profile": kind}
    rest = {name: told[name] for name in ("id", "host", "port", "device", "unit", "antennas") if told.get(name)}
    if kind in OURS:
        rest.pop("unit", None)
        if topic := told.get("topic"):
            rest["options.topic"] = topic
    else:
        rest.pop("antennas", None)
    return named | rest


def test_read(desk: AsksGateways, gateway: str, told: Mapping[str, str], *, actor: Actor) -> OrderResult:
    """Have a gateway try a device that is not in its settings.

    Parameters
    ----------
    desk : AsksGateways
        Where orders are left.
    gateway : str
        Id of the gateway.
    told : Mapping[str, str]
        What was entered: id, kind, host, port, device, unit, antennas, topic.
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
    """Add a device to a gateway's settings, with the place that its antenna stands for; give the new version.

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
    if "options.topic" in fields:
        entry["options"] = {"topic": fields["options.topic"]}
    antennas = [int(one) for one in str(entry.pop("antennas", "")).split(",") if one.strip().isdigit()]
    if antennas:
        entry["antennas"] = antennas
    entries: dict[str, Mapping[str, object]] = {"readers" if "kind" in entry else "machines": entry}
    if told.get("place") and "kind" in entry:
        antenna = antennas[0] if antennas else 1
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
        ``begin``, ``mark`` or ``end``.
    tag : str
        The tag that is carried; for ``begin``.
    place : str
        Id of the room that is entered; not for ``end``.
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


def change_key(kept: KeepsSettings, gateway: str, *, actor: Actor) -> str:
    """Give a gateway a new key in the place of its old one; give the new key's id."""
    actor.require(Permission.GATEWAYS_CONFIGURE)
    return kept.change_key(gateway, actor)


def roll_back(kept: KeepsSettings, gateway: str, *, actor: Actor) -> int:
    """Give a gateway the settings back that worked before; give their version."""
    actor.require(Permission.GATEWAYS_CONFIGURE)
    return kept.roll_back(gateway, actor).version
