"""A small sheet in a form: rows of fields, one more by a button, filled by hand or pasted from a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, Patch, State, html
from dash.development.base_component import Component

from dash_app.pages.guard import Callbacks
from dash_app.pages.states import attributes
from dash_app.texts.catalogue import gettext as _
from twin.access import Permission

MOST_ROWS = 200
"""More lines than anybody types; a longer list comes as a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of a sheet.

    Parameters
    ----------
    key : str
        Name of its values.
    title : str
        Translated heading.
    width : int, optional
        Pixels.
    options : Sequence[Mapping[str, str]] or None, optional
        What may be chosen, with ``value`` and ``label``; None for a text.
    """

    key: str
    title: str
    width: int = 110
    options: Sequence[Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A sheet.

    Parameters
    ----------
    key : str
        Start of its component ids.
    keys : tuple[str, ...]
        Keys of its fields, in order.
    """

    key: str
    keys: tuple[str, ...]

    @property
    def body(self) -> str:
        """Id of what holds the rows."""
        return f"{self.key}-rows"

    @property
    def more(self) -> str:
        """Id of the button that adds a row."""
        return f"{self.key}-more"

    def types(self) -> tuple[str, ...]:
        """Give the types in the ids of its fields, which come and go with the rows."""
        return tuple(f"{self.key}-{field}" for field in self.keys)

    def states(self) -> list[State]:
        """Give what a callback takes to read the sheet: all values of each column, in order."""
        return [State({"type": kind, "row": ALL}, "value") for kind in self.types()]

    def read(self, columns: Sequence[Sequence[Any]]) -> list[list[str]]:
        """Give the rows that hold anything, each with a text a field; blanks around them are gone.

        Parameters
        ----------
        columns : Sequence[Sequence[Any]]
            What :meth:`states` brought.
        """
        rows = [["" if cell is None else str(cell).strip() for cell in row] for row in zip(*columns, strict=True)]
        return [row for row in rows if any(row)]


def _cell(lines: Lines, field: Field, row: int, value: str) -> Component:
    identity = {"type": f"{lines.key}-{field.key}", "row": row}
    # Each field has a name of its own: a heading above it is not read aloud with it.
    named = attributes(aria_label=_("{field}, line {row}").format(field=field.title, row=row + 1))
    if field.options is None:
        text: Component = dmc.TextInput(id=identity, value=value, w=field.width, **named)
        return text
    choice: Component = dmc.Select(
        id=identity,
        data=[dict(option) for option in field.options],
        value=value or None,
        searchable=True,
        clearable=True,
        clearButtonProps={"aria-label": _("Empty the field")},
        limit=50,
        w=field.width,
        nothingFoundMessage=_("Nothing found"),
        **named,
    )
    return choice


def _row(lines: Lines, fields: Sequence[Field], row: int, values: Sequence[str] = ()) -> Component:
    held = [*values, *[""] * (len(fields) - len(values))]
    return html.Tr(
        [html.Td(_cell(lines, field, row, value)) for field, value in zip(fields, held[: len(fields)], strict=True)]
    )


def sheet_rows(
    lines: Lines, fields: Sequence[Field], held: Sequence[Sequence[str]] = (), *, least: int = 3
) -> list[Component]:
    """Give the rows of a sheet: what it holds, and empty ones up to ``least``; parameters as :func:`sheet`."""
    count = max(least, len(held) + 1)
    return [_row(lines, fields, row, held[row] if row < len(held) else ()) for row in range(count)]


def sheet(
    lines: Lines, label: str, fields: Sequence[Field], held: Sequence[Sequence[str]] = (), *, least: int = 3
) -> Component:
    """Build a sheet with its button.

    Parameters
    ----------
    lines : Lines
        Its ids.
    label : str
        Translated: what its rows are.
    fields : Sequence[Field]
        Its columns, with the keys of ``lines``.
    held : Sequence[Sequence[str]], optional
        Rows that it holds at first.
    least : int, optional
        Rows that stand there at least.
    """
    head = html.Thead(html.Tr([html.Th(field.title, scope="col") for field in fields]))
    body = html.Tbody(sheet_rows(lines, fields, held, least=least), id=lines.body)
    table = html.Table([html.Caption(label, className="sr-only"), head, body])
    return html.Div(
        [
            html.Div(
                table,
                className="table-scroll sheet",
                tabIndex="0",
                role="region",
                # static/sheet.js spreads what is pasted over the fields, and presses this button for more rows
                **attributes(aria_label=label, data_sheet=lines.more),
            ),
            html.Button(_("One more line"), id=lines.more, className="quiet", n_clicks=0),
        ],
        className="sheet-whole",
    )


def register_sheet(callbacks: Callbacks, lines: Lines, fields: Any, *, permission: Permission) -> None:
    """Let the button of a sheet add rows.

    Parameters
    ----------
    callbacks : Callbacks
        Where it is registered.
    lines : Lines
        Its ids.
    fields : Callable[[], Sequence[Field]]
        Gives its columns, in the reader's language.
    permission : Permission
        That opens the page.
    """

    @callbacks.add(
        Output(lines.body, "children"),
        Input(lines.more, "n_clicks"),
        State({"type": lines.types()[0], "row": ALL}, "id"),
        permission=permission,
        prevent_initial_call=True,
    )
    def add_row(_clicks: int, present: list[dict[str, Any]]) -> Patch:
        patched = Patch()
        following = 1 + max((int(one["row"]) for one in present), default=-1)
        if following < MOST_ROWS:
            patched.append(_row(lines, fields(), following))
        return patched
