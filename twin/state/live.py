"""The present hospital: slots objects in memory, changed only by :meth:`LiveState.apply`."""

from __future__ import annotations


class LiveState:
    """The hospital as of the last applied event."""
