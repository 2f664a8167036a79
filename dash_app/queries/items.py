"""What items are called."""

from __future__ import annotations

from sqlmodel import Session

from inventory.tables.catalogue import list_items

_PAGE = 1000


def names(session: Session) -> dict[str, str]:
    """Give the name of every item of the catalogue by its id.

    Parameters
    ----------
    session : Session
        Any session.
    """
    found: dict[str, str] = {}
    after = ""
    while page := list_items(session, after=after, limit=_PAGE):
        found.update({str(item.id): item.name for item in page})
        after = str(page[-1].id)
    return found
