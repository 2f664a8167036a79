"""``hospital-twin interop``: check, send and replay messages of other hospital systems."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from interop.hl7v2.message import Message, read_interchange, read_message
from interop.hl7v2.reading import Surroundings
from interop.hl7v2.triggers import tell
from interop.mllp.client import MllpClient
from interop.service.keys import Vault
from interop.service.messages import Outcome, messages, replay, source_of
from server.console import AsJson, Exit, leave, say, show_rows
from server.listening import intake_of
from server.session import opened
from twin.clock import SystemClock
from twin.errors import InputError, NotFound
from twin.settings import load_settings

is_group = True
command = typer.Typer(help=say("Messages of other hospital systems: check, send, replay."), no_args_is_help=True)

File = Annotated[Path, typer.Argument(help=say("HL7 v2 messages, one or a batch."), exists=True, dir_okay=False)]
_PAGE = 500


def _parts(file: Path) -> list[Message]:
    return list(read_interchange(file.read_bytes()).messages())


@command.command("check", help=say("Say what each message of a file would do; nothing is stored."))
def check(file: File, as_json: AsJson = False) -> None:
    """Read a file and show the outcome of each message."""
    vault, zone, now = Vault(bytes(32)), ZoneInfo(load_settings().time_zone), SystemClock().now()
    rows = []
    for number, message in enumerate(_parts(file), 1):
        around = Surroundings(
            source=source_of(message), zone=zone, received_at=now, pseudonym=vault.pseudonym,
            is_place=lambda _place: True, is_bed=lambda _place: True,
        )  # fmt: skip
        row = {"number": number, "message": f"{message.kind}^{message.trigger}", "control_id": message.control_id}
        try:
            told = tell(message, around)
        except InputError as error:
            rows.append({**row, "events": "", "notes": "", "problem": error.message})
        else:
            events = ", ".join(type(event).__name__ for event in told.events)
            rows.append({**row, "events": events, "notes": " ".join(told.notes), "problem": ""})
    show_rows(rows, columns=("number", "message", "control_id", "events", "notes", "problem"), as_json=as_json)
    leave(Exit.NOT_IN_ORDER if any(row["problem"] for row in rows) else Exit.DONE)


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


@command.command("replay", help=say("Try the dead letters again; the server must be stopped."))
def replay_dead(
    number: Annotated[int, typer.Argument(min=0, help=say("Number of one message; 0 for all."))] = 0,
    as_json: AsJson = False,
) -> None:
    """Replay one dead letter, or all."""
    rows: list[dict[str, object]] = []
    with opened(is_core=True) as hospital:
        intake, now = intake_of(hospital), hospital.clock.now()
        with hospital.read() as session:
            dead = messages(session, outcome=Outcome.DEAD, limit=_PAGE)
        wanted = [number] if number else sorted(row.number for row in dead)
        for one in wanted:
            try:
                outcome = hospital.write_now(partial(replay, intake=intake, number=one, now=now))
            except (InputError, NotFound) as error:
                rows.append({"number": one, "outcome": Outcome.DEAD.value, "problem": error.message})
            else:
                rows.append({"number": one, "outcome": outcome.value, "problem": ""})
    show_rows(rows, columns=("number", "outcome", "problem"), as_json=as_json)
    leave(Exit.NOT_IN_ORDER if any(row["problem"] for row in rows) else Exit.DONE)
