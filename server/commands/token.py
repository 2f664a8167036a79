"""``token``: API keys of gateways and other programs."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlmodel import Session

from server.access import keys, lasting
from server.access.keys import NewKey
from server.audit import chain as audit
from server.audit.chain import Entry
from server.console import AsJson, out, say, show, show_rows
from server.schema.access import KeyRow
from server.session import opened_alone
from twin.access import Role
from twin.clock import to_text
from twin.errors import FieldError, FieldProblem

command = typer.Typer(no_args_is_help=True, help="API keys of gateways and other programs.")
is_group = True
ACTOR = "command-line"


@command.command("create")
def create(
    role: Annotated[str, typer.Option(help="Role, such as service:gateway.")],
    source: Annotated[str, typer.Option(help="The only event source it may write for, such as gateway:ed-1.")] = "",
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[int, typer.Option(help="How long it lasts.", min=1, max=keys.MAX_DAYS)] = 365,
    as_json: AsJson = False,
) -> None:
    """Make an API key; it is shown once.

    Example: hospital-twin token create --role service:gateway --source gateway:ed-1
    """
    if role not in {one.value for one in Role}:
        cure = f"Use one of {', '.join(sorted(Role))}."
        problem = FieldProblem(field="role", place="--role", message=f"There is no role {role[:40]!r}.", cure=cure)
        raise FieldError(problem)
    new = NewKey(name=name or source or role, role=Role(role), source=source, days=days)
    with opened_alone() as hospital:
        now = hospital.clock.now()

        def use_case(session: Session) -> tuple[str, KeyRow]:
            text, row = keys.create_key(session, new, created_by=ACTOR, now=now)
            facts = {"role": row.role, "source": row.source}
            audit.note(session, Entry(at=now, actor=ACTOR, action="key.made", subject=row.id, facts=facts))
            return text, row

        text, row = hospital.write_now(use_case)
    if as_json:
        show({"id": row.id, "key": text, "expires_at": to_text(row.expires_at)})
        return
    out(say("Keep this key now, it is not shown again:"))
    out(text)


@command.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List API keys without their secrets.

    Example: hospital-twin token list
    """
    with opened_alone() as hospital, hospital.read() as session:
        found = keys.list_keys(session, limit=1000)
    rows = [
        {
            "id": row.id,
            "name": row.name,
            "role": row.role,
            "source": row.source,
            "expires": to_text(row.expires_at)[:10],
            "revoked": bool(row.revoked_at),
        }
        for row in found
    ]
    show_rows(rows, columns=("id", "name", "role", "source", "expires", "revoked"), as_json=as_json)


@command.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="Id of the key.")], as_json: AsJson = False) -> None:
    """Revoke an API key for good.

    Example: hospital-twin token revoke 0f3a…
    """
    with opened_alone() as hospital:
        now = hospital.clock.now()

        def use_case(session: Session) -> None:
            lasting.revoke(session, KeyRow, key_id, now=now)
            audit.note(session, Entry(at=now, actor=ACTOR, action="key.revoked", subject=key_id))

        hospital.write_now(use_case)
    show({"id": key_id, "revoked": True}) if as_json else out(say("Revoked {name}.", name=key_id))
