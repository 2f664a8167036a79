"""Find me one over HTTP: which kinds are free, what the caller keeps, and the nearest device from where they stand."""

from __future__ import annotations

import msgspec

from assets.service import custody, finding
from server.doors.context import CallDep
from server.doors.router import Router
from server.http.views import instant
from twin.access import Permission

router = Router("/v1/devices", tag="devices")


class KindFree(msgspec.Struct, frozen=True, kw_only=True):
    """How many devices of a kind are usable, clean and free; may be 0."""

    category: str
    free: int


class KeptShown(msgspec.Struct, frozen=True, kw_only=True):
    """A device that the caller holds or has reserved."""

    asset: str
    name: str
    category: str
    since: str
    is_reservation: bool


class FinderView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who looks for a device begins with."""

    kinds: list[KindFree]
    kept: list[KeptShown]


@router.get("/finder", permission=Permission.DEVICES_READ, gives=FinderView)
def read_finder(call: CallDep) -> FinderView:
    """Give the kinds of devices with how many are free, and what the caller holds or has reserved."""
    with call.hospital.read() as session:
        kinds = finding.free_by_category(session)
        kept = custody.kept_by(session, custodian=call.actor.id)
    return FinderView(
        kinds=[KindFree(category=category, free=free) for category, free in kinds.items()],
        kept=[
            KeptShown(
                asset=one.asset,
                name=one.name,
                category=one.category,
                since=instant(one.since_at),
                is_reservation=one.is_reservation,
            )
            for one in kept
        ],
    )
