"""Photos that people sent with what keeps a task from going on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from assets.service.documents import documents_of

MOST_TASKS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo of a task's exception; ``id`` is the document's."""

    task: str
    id: str
    name: str
    at: int


def photos(session: Session, tasks: Sequence[str]) -> list[Photo]:
    """Give the photos of some tasks, task by task, the latest first.

    Parameters
    ----------
    session : Session
        Any.
    tasks : Sequence[str]
        Ids; those beyond the first fifty are left out.
    """
    return [
        Photo(task=task, id=found.id, name=found.name, at=found.at)
        for task in tasks[:MOST_TASKS]
        for found in documents_of(session, subject=task, limit=20)
        if found.media_type.startswith("image/")
    ]
