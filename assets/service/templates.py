"""Checklists kept by kind of work and category of device; a work order takes them as they are when it is opened."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlmodel import Session, col, select

from assets.model.work import Step, StepKind, WorkKind
from assets.service.act import Act
from assets.tables.records import TemplateRow
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, StaleVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A checklist.

    Parameters
    ----------
    kind : WorkKind
        Kind of work.
    category : str
        Category of device; empty for all.
    steps : tuple[Step, ...]
        In order.
    version : int
        Counted up at every change; 0 for a new one.
    """

    kind: WorkKind
    category: str
    steps: tuple[Step, ...]
    version: int = 0


def save_template(session: Session, *, act: Act, template: Template) -> Template:
    """Keep a checklist, new or changed; orders that are open keep the steps that they were opened with.

    Raises
    ------
    StaleVersion
        If somebody changed it in the meantime.
    FieldError
        If two steps have one id, limits are the wrong way round, or a choice has no answers.
    """
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    _check(template.steps)
    row = session.get(TemplateRow, (template.kind.value, template.category))
    # Two people who change one checklist at once: the second sees it, and overwrites nothing unread.
    held = row.version if row is not None else 0
    if held != template.version:
        raise StaleVersion(expected=template.version, found=held)
    session.merge(
        TemplateRow(
            kind=template.kind.value,
            category=template.category,
            version=held + 1,
            body=msgspec.json.encode(template.steps).decode(),
        )
    )
    session.flush()
    return Template(kind=template.kind, category=template.category, steps=template.steps, version=held + 1)


def steps_for(session: Session, *, kind: WorkKind, category: str) -> tuple[Step, ...]:
    """Give the steps for a kind of work on a category of device; those of all categories if it has none of its own."""
    row = session.get(TemplateRow, (kind.value, category)) or session.get(TemplateRow, (kind.value, ""))
    return template_of_row(row).steps if row is not None else ()


def list_templates(session: Session) -> list[Template]:
    """Give all checklists by kind and category."""
    rows = session.exec(select(TemplateRow).order_by(col(TemplateRow.kind), col(TemplateRow.category)).limit(1000))
    return [template_of_row(row) for row in rows]


def template_of_row(row: TemplateRow) -> Template:
    """Give the checklist of a row."""
    steps = msgspec.json.decode(row.body, type=tuple[Step, ...])
    return Template(kind=WorkKind(row.kind), category=row.category, steps=steps, version=row.version)


def _check(steps: tuple[Step, ...]) -> None:
    seen: set[str] = set()
    for number, step in enumerate(steps):
        message = ""
        if not step.id.strip() or step.id in seen:
            message = f"Expected an id of its own, got {step.id!r}."
        elif step.low is not None and step.high is not None and step.low > step.high:
            message = f"Expected low <= high, got {step.low} and {step.high}."
        elif step.kind is StepKind.CHOICE and not step.choices:
            message = "A choice needs answers to choose from."
        if message:
            cure = "Correct this step."
            raise FieldError(FieldProblem(field="steps", place=f"steps/{number}", message=message, cure=cure))
        seen.add(step.id)
