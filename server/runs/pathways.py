"""Pathways kept on the server: each version stays as it was kept, with who kept it and the report it came with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlmodel import Session, col, func, select

from dash_app.actions.pathways import LONGEST_NAME, KeptPathway, PathwayLine
from server.audit.chain import Entry, note
from server.schema.runs import PathwayRow
from server.wiring import Hospital
from simulation.experiments.request import ExperimentRequest, Scenario
from simulation.experiments.running import plan_of
from simulation.model.ways import with_travel
from twin.access import Actor
from twin.errors import FieldError, FieldProblem, NotFound

LARGEST_BYTES = 2_000_000
MOST_LISTED = 500
_CHECK_S = 86_400.0  # a pathway is checked over a day, which lays out every kind of entry


class PathwayDesk:
    """Keeps pathways; ``dash_app.actions.pathways.KeepsPathways`` says what it does.

    Parameters
    ----------
    hospital : Hospital
        Where they are kept, and whose corridors they may name.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital

    def keep(
        self,
        name: str,
        document: Mapping[str, Any],
        *,
        actor: Actor,
        note: str = "",
        report: Mapping[str, Any] | None = None,
    ) -> PathwayLine:
        """Keep a document as the next version of a name.

        Parameters
        ----------
        name : str
            What the planner calls it.
        document : Mapping[str, Any]
            Pathway document.
        actor : Actor
            Who keeps it.
        note : str, optional
            What is told of it.
        report : Mapping[str, Any] or None, optional
            How well it matches a log, as a calibration gives it.

        Raises
        ------
        FieldError
            If the name or the size cannot be used.
        PathwayError, PathwayRefused
            If it cannot be run; nothing is kept.
        """
        called = name.strip()
        if not 0 < len(called) <= LONGEST_NAME or not called.isprintable():
            raise _problem("name", f"Expected 1 to {LONGEST_NAME} printable characters.", "Give it a name.")
        self.check(document)
        body = msgspec.json.encode(document)
        told = b"" if report is None else msgspec.json.encode(report)
        if len(body) + len(told) > LARGEST_BYTES:
            raise _problem("document", f"Expected at most {LARGEST_BYTES} bytes, got {len(body)}.", "Make it smaller.")
        now = self._hospital.clock.now()
        row = {
            "name": called,
            "actor": actor.id[:64],
            "note": note.strip()[:300],
            "body": body.decode(),
            "report": told.decode(),
            "kept_at": now,
        }
        return self._hospital.write_now(lambda session: _keep(session, row, actor))

    def check(self, document: Mapping[str, Any]) -> None:
        """Refuse a document that cannot be run, with every fault.

        Parameters
        ----------
        document : Mapping[str, Any]
            Pathway document.
        """
        now = self._hospital.clock.now()
        complete = with_travel(document, self._hospital.live.freeze(now).building())
        plan_of(ExperimentRequest(pathway=complete, start_at=now, horizon_s=_CHECK_S), Scenario(name="check"))

    def listed(self) -> Sequence[PathwayLine]:
        """Give the newest version of every name that was not withdrawn, the newest first."""
        newest = select(PathwayRow.name, func.max(PathwayRow.version).label("version")).group_by(PathwayRow.name)
        last = newest.subquery()
        query = (
            select(PathwayRow)
            .join(last, (col(PathwayRow.name) == last.c.name) & (col(PathwayRow.version) == last.c.version))
            .where(col(PathwayRow.withdrawn_at) == 0)
            .order_by(col(PathwayRow.kept_at).desc(), col(PathwayRow.name))
            .limit(MOST_LISTED)
        )
        with self._hospital.read() as session:
            return [_line(row) for row in session.exec(query)]

    def versions(self, name: str) -> Sequence[PathwayLine]:
        """Give all versions of a name, the newest first."""
        query = select(PathwayRow).where(PathwayRow.name == name).order_by(col(PathwayRow.version).desc())
        with self._hospital.read() as session:
            return [_line(row) for row in session.exec(query.limit(MOST_LISTED))]

    def open(self, name: str, version: int = 0) -> KeptPathway:
        """Give a version, the newest by default.

        Raises
        ------
        NotFound
            If there is none.
        """
        with self._hospital.read() as session:
            row = session.get(PathwayRow, (name, version)) if version else _newest(session, name)
            if row is None:
                raise NotFound("pathway", name)
            report = msgspec.json.decode(row.report) if row.report else None
            return KeptPathway(line=_line(row), document=msgspec.json.decode(row.body), report=report)

    def withdraw(self, name: str, *, actor: Actor) -> None:
        """Take a name out of the list; its versions stay.

        Raises
        ------
        NotFound
            If it is not in the list.
        """
        now = self._hospital.clock.now()
        self._hospital.write_now(lambda session: _withdraw(session, name, now, actor))


def _newest(session: Session, name: str) -> PathwayRow | None:
    query = select(PathwayRow).where(PathwayRow.name == name).order_by(col(PathwayRow.version).desc()).limit(1)
    return session.exec(query).first()


def _keep(session: Session, told: Mapping[str, Any], actor: Actor) -> PathwayLine:
    # The one writer runs use cases one after the other, so that two who keep at once get two versions.
    before = _newest(session, told["name"])
    row = PathwayRow(version=before.version + 1 if before is not None else 1, **told)
    session.add(row)
    facts = {"version": row.version, "note": row.note}
    note(session, Entry(at=row.kept_at, actor=actor.id, action="pathway.kept", subject=row.name, facts=facts))
    return _line(row)


def _withdraw(session: Session, name: str, now: int, actor: Actor) -> None:
    row = _newest(session, name)
    if row is None or row.withdrawn_at:
        raise NotFound("pathway", name)
    row.withdrawn_at = now
    session.add(row)
    facts = {"version": row.version}
    note(session, Entry(at=now, actor=actor.id, action="pathway.withdrawn", subject=name, facts=facts))


def _line(row: PathwayRow) -> PathwayLine:
    return PathwayLine(
        name=row.name,
        version=row.version,
        actor=row.actor,
        kept_at=row.kept_at,
        note=row.note,
        has_report=bool(row.report),
    )


def _problem(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="pathway", message=message, cure=cure))
