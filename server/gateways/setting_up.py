"""Settings of gateways as a page works with them: look, add one device, give a version to the gateway, go back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml
from sqlmodel import Session

from server.gateways import versions
from server.gateways.desk import keys_of
from server.schema.gateways import GatewaySettingsRow
from server.wiring import Hospital
from twin.access import Actor, Permission

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
        """Add entries to what the gateway shall work with, and give the new version to it.

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
        actor.require(Permission.GATEWAYS_CONFIGURE)
        now = self.hospital.clock.now()

        def use_case(session: Session) -> GatewaySettingsRow:
            before = versions.wanted(session, gateway)
            plain = yaml.safe_load(before.text) if before else {}
            for section, entry in entries.items():
                plain.setdefault(section, []).append(dict(entry))
            text = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False)
            names = ", ".join(str(entry.get("id", "")) for entry in entries.values())
            row = versions.draft(session, gateway, text, actor=actor, now=now, remark=f"+ {names}")
            return versions.stage(session, gateway, row.version, actor=actor, now=now)

        return self.hospital.write_now(use_case)

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
