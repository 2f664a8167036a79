"""``hospital-twin interop``: check, send and replay messages of other hospital systems."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from interop.hl7v2.message import Message, read_interchange, read_message
from interop.mllp.client import MllpClient
from interop.service.messages import Outcome, replay
from interop.service.received import messages, newest_number
from server.checking import check_file
from server.console import AsJson, Exit, leave, say, show_rows
from server.listening import intake_of, receive
from server.session import opened
from server.wiring import Hospital
from twin.clock import SystemClock
from twin.errors import InputError, NotFound
from twin.settings import load_settings

is_group = True
command = typer.Typer(help=say("Messages of other hospital systems: check, send, replay."), no_args_is_help=True)

File = Annotated[Path, typer.Argument(help=say("Messages, one or many."), exists=True, dir_okay=False)]
_PAGE = 500


def _parts(file: Path) -> list[Message]:
    return list(read_interchange(file.read_bytes()).messages())


@command.command("check", help=say("Say what each message of a file would do; nothing is stored."))
def check(file: File, as_json: AsJson = False) -> None:
    """Read a file (HL7 v2, FHIR or EPCIS in JSON, EPCIS in XML) and show the outcome of each message.

    With ``--json`` each row has ``number``, ``format`` (``hl7v2``, ``fhir``, ``epcis``), ``message`` (type and
    trigger), ``control_id`` (MSH-10, resource id, or event hash), ``outcome`` (``applied``, ``stored``, ``refused``),
    ``events``, ``notes``, ``is_lossless`` and ``problem``.
    """
    rows = check_file(file.read_bytes(), ZoneInfo(load_settings().time_zone), SystemClock().now())
    show_rows(rows, columns=("number", "message", "control_id", "outcome", "events", "problem"), as_json=as_json)
    leave(Exit.NOT_IN_ORDER if any(row["problem"] for row in rows) or not rows else Exit.DONE)


@command.command("send", help=say("Send the messages of a file by MLLP and show the answers."))
def send(
    file: File,
    host: Annotated[str, typer.Option(help=say("Where the messages go."))] = "",
    port: Annotated[int, typer.Option(min=0, max=65_535, help=say("Port; that of the settings if left out."))] = 0,
    as_json: AsJson = False,
) -> None:
    """Send a file's messages, one after the other."""
    settings = load_settings()
    where = (host or settings.mllp_host, port or settings.mllp_port)
    if not where[1]:
        raise InputError("No port is known: give --port or set mllp_port.")
    rows = asyncio.run(_send(_parts(file), *where))
    show_rows(rows, columns=("control_id", "answer", "problem"), as_json=as_json)
    leave(Exit.DONE if all(row["answer"] in ("AA", "CA") for row in rows) else Exit.NOT_IN_ORDER)


async def _send(parts: list[Message], host: str, port: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    async with MllpClient(host, port) as client:
        for message in parts:
            answer = read_message(await client.send(message.to_bytes()))
            problem = answer.value("ERR", 8)
            rows.append({"control_id": message.control_id, "answer": answer.value("MSA", 1), "problem": problem})
    return rows


@command.command("replay", help=say("Take a file in, or try dead letters again; the server must be stopped."))
def replay_dead(
    what: Annotated[str, typer.Argument(help=say("A file, or the number of one dead letter; 0 for all."))] = "0",
    as_json: AsJson = False,
) -> None:
    """Take in the messages of a file as if they had just come, or replay one dead letter, or all.

    With ``--json`` each row has ``number``, ``control_id``, ``outcome`` (``applied``, ``stored``, ``dead``, ``known``)
    and ``problem``. What was taken in before is ``known`` and changes nothing.
    """
    with opened(is_core=True) as hospital:
        file = Path(what)
        if file.is_file():
            rows = _taken_in(hospital, _parts(file))
        elif what.isascii() and what.isdigit():
            rows = _replayed(hospital, int(what))
        else:
            raise InputError(f"Expected a file or a number, found neither under {what!r}.", code="interop.no_file")
    show_rows(rows, columns=("number", "control_id", "outcome", "problem"), as_json=as_json)
    leave(Exit.NOT_IN_ORDER if any(row["problem"] for row in rows) else Exit.DONE)


def _taken_in(hospital: Hospital, parts: list[Message]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number, message in enumerate(parts, 1):
        with hospital.read() as session:
            before = newest_number(session)
        handled = asyncio.run(receive(hospital, message, message.to_bytes()))
        with hospital.read() as session:
            last = messages(session, limit=1)
        is_known = not last or last[0].number == before
        outcome = "known" if is_known and not handled.problem else last[0].outcome if last else "dead"
        rows.append(
            {"number": number, "control_id": message.control_id, "outcome": outcome, "problem": handled.problem}
        )
    return rows


def _replayed(hospital: Hospital, number: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    intake, now = intake_of(hospital), hospital.clock.now()
    with hospital.read() as session:
        dead = messages(session, outcome=Outcome.DEAD, limit=_PAGE)
    for one in [number] if number else sorted(row.number for row in dead):
        head: dict[str, object] = {"number": one, "control_id": ""}
        try:
            outcome = hospital.write_now(partial(replay, intake=intake, number=one, now=now))
        except (InputError, NotFound) as error:
            rows.append({**head, "outcome": Outcome.DEAD.value, "problem": error.message})
        else:
            rows.append({**head, "outcome": outcome.value, "problem": ""})
    return rows
