"""How a command speaks: one table or one line of JSON, problems with their cure, documented exit codes.

Exit codes: 0 done; 1 done, but something that was checked is not in order; 2 the command was used wrongly or its input
cannot be used; 3 the hospital cannot do it now (storage, network, configuration); 130 called off with Ctrl-C, as every
shell counts it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, Protocol

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from dash_app.texts.pathway_faults import problem_said, said
from server.texts.catalogue import language_of, text
from twin import errors
from twin.errors import ConfigurationError, FieldProblem, HospitalTwinError


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    NOT_IN_ORDER = 1
    WRONG_USE = 2
    CANNOT = 3
    CALLED_OFF = 130


# what fits a screen; the other limit is for programs
_MOST_PROBLEMS = 20
_MOST_PROBLEMS_AS_JSON = 1000

_WRONG_USE = (errors.InputError, errors.NotFound, errors.Conflict, errors.Refused, errors.Forbidden)


_spoken: ContextVar[str] = ContextVar("spoken", default="")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Let :func:`say` speak a reader's language instead of the terminal's, as for a page.

    Parameters
    ----------
    language : str
        ``en`` or ``zh_CN``.
    """
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def terminal_language() -> str:
    """Give the language of this terminal: HOSPITAL_TWIN_LANGUAGE, then LC_ALL and LANG, then English."""
    chosen = os.environ.get("HOSPITAL_TWIN_LANGUAGE", "")
    from_system = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return language_of(cookie_language=chosen, accept_language=from_system.replace("_", "-"), default="en")


def say(message: str, **facts: object) -> str:
    """Give a text in the terminal's language.

    Parameters
    ----------
    message : str
        English source, a literal in the calling code; fields in braces.
    **facts : object
        Values of the fields.
    """
    said = text(_spoken.get() or terminal_language(), message)
    return said.format(**facts) if facts else said


def out(message: str) -> None:
    """Write a line for a person to standard output."""
    Console(soft_wrap=True, highlight=False, markup=False, emoji=False).print(message)


def warn(message: str) -> None:
    """Write a line for a person to standard error."""
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False).print(message)


AsJson = Annotated[bool, typer.Option("--json", help=say("One line of JSON instead of a table."))]


def show(value: object) -> None:
    """Write one line of JSON to standard output."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def show_rows(rows: Sequence[Mapping[str, object]], *, columns: Sequence[str], as_json: bool) -> None:
    """Write rows as a table, or as one line of JSON.

    Parameters
    ----------
    rows : Sequence[Mapping[str, object]]
        Values by column.
    columns : Sequence[str]
        Which columns a person sees, in order.
    as_json : bool
        Whether a program reads it.
    """
    if as_json:
        show(list(rows))
        return
    table = Table(show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(say(column))
    for row in rows:
        table.add_row(*(str(row.get(column, "")) for column in columns))
    Console(soft_wrap=not sys.stdout.isatty(), highlight=False, markup=False, emoji=False).print(table)


def exit_code_of(error: HospitalTwinError) -> Exit:
    """Give the exit code of an error."""
    return Exit.WRONG_USE if isinstance(error, _WRONG_USE) else Exit.CANNOT


def tell_problem(error: HospitalTwinError) -> Exit:
    """Write an error with every field that it names to standard error; give its exit code."""
    problems: Sequence[FieldProblem] = getattr(error, "problems", ())
    reasons: Sequence[str] = getattr(error, "reasons", ())
    if "--json" in sys.argv:
        told: dict[str, object] = {"code": error.code, "detail": error.message}
        if problems:
            told["n_problems"] = len(problems)
            told["problems"] = [
                {"place": one.place, "field": one.field, "message": one.message, "cure": one.cure}
                for one in problems[:_MOST_PROBLEMS_AS_JSON]
            ]
        if reasons:
            told["reasons"] = list(reasons)
        sys.stderr.write(msgspec.json.encode(told).decode() + "\n")
        return exit_code_of(error)
    language = _spoken.get() or terminal_language()
    own: FieldProblem | None = getattr(error, "problem", None)
    # Those that are listed below need not stand in the first line as well.
    message = error.message.partition(": [")[0] if problems else error.message
    summary = said(message, language) if own is None else _line(own, language)
    warn(f"{summary} ({error.code})")
    for problem in problems[:_MOST_PROBLEMS]:
        warn(f"  {_line(problem, language)}")
    if len(problems) > _MOST_PROBLEMS:
        warn("  " + say("… and {count} more; --json lists them.", count=len(problems) - _MOST_PROBLEMS))
    for reason in reasons:
        warn(f"  {reason}")
    return exit_code_of(error)


def _line(problem: FieldProblem, language: str) -> str:
    return f"{problem.place}: {problem.field}: {problem_said(problem, language)}"


class Helpful(Protocol):
    """A command, as Typer makes it: its help, its options, and the commands under it if it is a group."""

    help: str | None
    params: list[Any]


def localize(command: Helpful) -> None:
    """Put the help of a command, its options and all commands under it into the terminal's language.

    Parameters
    ----------
    command : Helpful
        Changed in place. The first line of its help is translated; what follows, such as an example, stays.
    """
    head, line_break, rest = (command.help or "").partition("\n")
    command.help = say(head.strip()) + line_break + rest if head.strip() else command.help
    for parameter in command.params:
        told = getattr(parameter, "help", None)
        if told:
            parameter.help = say(told)
    for below in getattr(command, "commands", {}).values():
        localize(below)


def leave(code: Exit) -> NoReturn:
    """End a command with an exit code."""
    raise typer.Exit(int(code))


def write_file(target: Path, body: bytes) -> None:
    """Write a file.

    Parameters
    ----------
    target : Path
        Where to.
    body : bytes
        What.

    Raises
    ------
    ConfigurationError
        If it cannot be written.
    """
    try:
        target.write_bytes(body)
    except OSError as error:
        raise ConfigurationError(f"{target}: cannot be written: {error.strerror}.") from error


def run(tree: typer.Typer, arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give its exit code.

    Parameters
    ----------
    tree : typer.Typer
        All commands.
    arguments : Sequence[str], optional
        What was typed; that of the process by default.
    """
    command = typer.main.get_command(tree)
    localize(command)
    try:
        command.main(args=list(arguments) if arguments is not None else None, prog_name="hospital-twin")
    except HospitalTwinError as error:
        return tell_problem(error)
    except DBAPIError as error:
        cure = "Check the database with `hospital-twin doctor`, or restore a backup."
        return tell_problem(errors.StorageError(f"The database cannot do it: {error.orig}. {cure}"))
    except OSError as error:
        if error.filename is None:  # not about a file, so nothing that a person at this terminal can mend
            raise
        return tell_problem(errors.StorageError(f"{error.filename}: {error.strerror}. Check the file and its rights."))
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else Exit.DONE
    return Exit.DONE
