"""Read points as the building's plan knows them, for the settings of the gateway whose antennas they are.

The plan says which antenna stands for which place (events ``ReadPointDefined``); the gateway's settings say how it is
wired. What the plan says is taken over on request, as a draft that is looked at: a plan that is edited must not move
antennas by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from twin.events.watch import ReadPointDefined
from twin.state.live import LiveState


def read_points_of(
    state: LiveState, readers: Collection[str], held: Sequence[Mapping[str, object]] = ()
) -> list[dict[str, object]]:
    """Give the read points that the plan has for a gateway's readers, as its settings write them.

    Parameters
    ----------
    state : LiveState
        The hospital.
    readers : Collection[str]
        Ids of the gateway's readers.
    held : Sequence[Mapping[str, object]], optional
        Read points of the settings so far: what an antenna's view is (exit, doorway) only they know.
    """
    by_antenna = {(one.get("reader"), one.get("antenna", 0)): one for one in held}
    return [
        _entry(key, point, by_antenna.get((point.reader, point.antenna), {}))
        for key, point in sorted(dict(state.read_points).items())
        if point.reader in readers
    ]


def _entry(key: str, point: ReadPointDefined, held: Mapping[str, object]) -> dict[str, object]:
    told: dict[str, object] = {"id": key, "reader": point.reader, "antenna": point.antenna, "place": point.place}
    if point.outside_place and not held.get("kind"):
        # On which side of a doorway an antenna hangs the plan does not say: inside, until the settings say otherwise.
        told |= {"kind": "portal", "inside": point.place, "outside": point.outside_place}
    return {**held, **told}
