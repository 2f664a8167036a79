"""Settings of gateways as a page works with them: draft, look at what would change, give to the gateway, go back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from rfid_gateway.uplink.differences import Difference
from server.gateways import versions
from server.gateways.building import read_points_of
from server.gateways.desk import desk_of, keys_of
from server.schema.gateways import GatewaySettingsRow
from server.wiring import Hospital
from twin.access import Actor, Permission
from twin.errors import Refused

NAME = "gateway_settings"


@dataclass(frozen=True, slots=True)
class SettingUp:
    """Settings of all gateways of a hospital; not for the event loop.

    Parameters
    ----------
    hospital : Hospital
        Which keeps them.
    """

    hospital: Hospital

    def versions(self, gateway: str) -> Sequence[GatewaySettingsRow]:
        """Give a gateway's versions, newest first."""
        with self.hospital.read() as session:
            found = versions.list_versions(session, gateway)
            session.expunge_all()
        return found

    def add(
        self,
        gateway: str,
        entries: Mapping[str, Mapping[str, object]],
        actor: Actor,
    ) -> GatewaySettingsRow:
        """Add entries to what the gateway shall work with, or to the draft that somebody works on; gives the new draft.

        Parameters
        ----------
        gateway : str
            Id of the gateway.
        entries : Mapping[str, Mapping[str, object]]
            New entry by list of the settings, such as ``readers``.
        actor : Actor
            Who adds.

        Raises
        ------
        ImportRefused
            If the whole breaks a rule then, such as an id that is there twice.
        """
        names = ", ".join(str(entry.get("id", "")) for entry in entries.values())

        def text_of(session: Session) -> str:
            told = {section: [entry] for section, entry in entries.items()}
            return versions.merge(versions.working_settings(session, gateway), told)

        return self._draft(gateway, text_of, actor, f"+ {names}")

    def draft(self, gateway: str, text: str, remark: str, actor: Actor) -> GatewaySettingsRow:
        """Keep settings as somebody wrote them as a draft.

        Raises
        ------
        ImportRefused
            If they break a rule; every problem is listed with its place.
        """
        return self._draft(gateway, lambda _session: text, actor, remark)

    def take_read_points(self, gateway: str, actor: Actor) -> GatewaySettingsRow:
        """Make a draft with the read points that the building's plan has for the gateway's readers.

        Raises
        ------
        NotFound
            If the gateway has not reported.
        Refused
            If the plan has none, or the settings have them all.
        """
        devices = [one.device for one in desk_of(self.hospital).last(gateway).report.devices]

        def text_of(session: Session) -> str:
            plain = versions.working_settings(session, gateway)
            held = plain.get("read_points")
            before = [one for one in held if isinstance(one, Mapping)] if isinstance(held, list) else []
            told = read_points_of(self.hospital.live, devices, before)
            if all(one in before for one in told):
                code = "gateway.nothing_to_take"
                raise Refused(f"The building's plan has no other read points for readers of {gateway}.", code=code)
            return versions.merge(plain, {"read_points": told})

        return self._draft(gateway, text_of, actor, "read points of the building")

    def _draft(self, gateway: str, text_of: Callable[[Session], str], actor: Actor, remark: str) -> GatewaySettingsRow:
        actor.require(Permission.GATEWAYS_CONFIGURE)
        now = self.hospital.clock.now()

        def use_case(session: Session) -> GatewaySettingsRow:
            earlier = versions.newest_draft(session, gateway)
            row = versions.draft(session, gateway, text_of(session), actor=actor, now=now, remark=remark)
            if earlier is not None:
                # One draft at a time: the new one holds what the earlier one added.
                versions.discard(session, gateway, earlier.version, actor=actor, now=now)
            return row

        return self.hospital.write_now(use_case)

    def difference(self, gateway: str, version: int) -> list[Difference]:
        """Give what a version would change against what the gateway works with."""
        with self.hospital.read() as session:
            return versions.difference(session, gateway, version)

    def discard(self, gateway: str, version: int, actor: Actor) -> GatewaySettingsRow:
        """Put a draft away."""
        now = self.hospital.clock.now()
        return self.hospital.write_now(
            lambda session: versions.discard(session, gateway, version, actor=actor, now=now)
        )

    def stage(self, gateway: str, version: int, actor: Actor) -> GatewaySettingsRow:
        """Give a version to the gateway."""
        now = self.hospital.clock.now()
        return self.hospital.write_now(lambda session: versions.stage(session, gateway, version, actor=actor, now=now))

    def change_key(self, gateway: str, actor: Actor) -> str:
        """Have the gateway go over to a new key; give the key's id."""
        return keys_of(self.hospital).change(gateway, actor)

    def roll_back(self, gateway: str, actor: Actor) -> GatewaySettingsRow:
        """Go back to the version that worked before the present one."""
        now = self.hospital.clock.now()
        return self.hospital.write_now(lambda session: versions.roll_back(session, gateway, actor=actor, now=now))
