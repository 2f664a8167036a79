"""A card counts once two looks in a row have seen it: what one damaged answer says is not believed alone."""

from __future__ import annotations

from collections.abc import Sequence


class CardConfirmer:
    """Passes on what several looks in a row agree upon.

    The chip's checksum is one octet, a sum: a zero that is lost or added within an answer whose neighbours fit leaves
    it right and shifts the UID. The same damage in the same place twice running is not a matter of chance.

    Parameters
    ----------
    looks : int
        How many looks in a row must have seen a card, at least 1.

    Examples
    --------
    >>> confirmer = CardConfirmer(2)
    >>> confirmer.take([b"once"]), confirmer.take([b"twice"]), confirmer.take([b"twice"])
    ([], [], [b'twice'])
    """

    def __init__(self, looks: int = 2) -> None:
        self._needed = max(looks, 1)
        self._seen: dict[bytes, int] = {}

    def take(self, uids: Sequence[bytes]) -> list[bytes]:
        """Take in what one look saw, and give the cards that are confirmed now."""
        # Cards that this look did not see start anew: only looks in a row count.
        self._seen = {uid: min(self._seen.get(uid, 0) + 1, self._needed) for uid in uids}
        return [uid for uid, count in self._seen.items() if count >= self._needed]
