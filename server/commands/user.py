"""``user``: who may sign in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from sqlmodel import Session

from server.access import factors, users
from server.access.desk import first_password
from server.access.passwords import Passwords, check_password
from server.access.sessions import end_sessions_of
from server.access.users import NewUser, UserChange
from server.audit import chain as audit
from server.audit.chain import Entry
from server.console import AsJson, out, say, show, show_rows
from server.schema.access import UserRow
from server.session import opened_alone
from server.wiring import Hospital
from twin.errors import NotFound, Refused

command = typer.Typer(no_args_is_help=True, help="Who may sign in.")
is_group = True

Name = Annotated[str, typer.Argument(help="Sign-in name.")]


def _password(from_input: bool) -> str:
    if from_input:
        # not as an option: the list of processes and the history of the shell would show it
        return sys.stdin.readline().rstrip("\n")
    told: str = typer.prompt(say("New password"), hide_input=True, confirmation_prompt=True)
    return told


def _note(hospital: Hospital, session: Session, action: str, row: UserRow) -> None:
    facts = {"name": row.name, "roles": row.roles.split(), "is_active": row.is_active}
    entry = Entry(at=hospital.clock.now(), actor="command-line", action=action, subject=row.id, facts=facts)
    audit.note(session, entry)


def _find(session: Session, name: str) -> UserRow:
    row = users.find_user(session, name)
    if row is None:
        raise NotFound("user", name)
    return row


@command.command("add")
def add(
    name: Name,
    role: Annotated[list[str], typer.Option(help="Role; may be given several times.")],
    display_name: Annotated[str, typer.Option(help="What screens show.")] = "",
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
    own: Annotated[bool, typer.Option(help="The password is its holder's own: it need not be changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a user; at the first sign-in they choose a password that nobody else knows.

    Example: hospital-twin user add chief --role sysadmin
    """
    roles = users.parse_roles(role)
    users.check_name(name)
    password = _password(password_stdin)
    check_password(password, name=name)
    passwords = Passwords()
    hashed = passwords.hash_now(password)
    passwords.close()
    with opened_alone() as hospital:
        new = NewUser(
            id=hospital.new_id(),
            name=name,
            display_name=display_name or name,
            password_hash=hashed,
            roles=roles,
            must_change_password=not own,
        )

        def use_case(session: Session) -> UserRow:
            row = users.add_user(session, new, now=hospital.clock.now())
            _note(hospital, session, "user.added", row)
            return row

        row = hospital.write_now(use_case)
    show({"id": row.id, "name": row.name}) if as_json else out(say("Added {name}.", name=row.name))


@command.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List users.

    Example: hospital-twin user list --json
    """
    rows: list[dict[str, object]] = []
    with opened_alone() as hospital, hospital.read() as session:
        after = ""
        while page := users.list_users(session, after=after, limit=200):
            rows += [
                {"name": one.name, "roles": " ".join(one.roles.split()), "active": one.is_active, "id": one.id}
                for one in page
            ]
            after = page[-1].name
    show_rows(rows, columns=("name", "roles", "active"), as_json=as_json)


def _change(name: str, change: UserChange, *, as_json: bool, is_quiet: bool = False) -> None:
    with opened_alone() as hospital:

        def use_case(session: Session) -> UserRow:
            found = _find(session, name)
            row = users.change_user(session, found.id, change, now=hospital.clock.now())
            # in the table only: a running server asks it again within seconds
            end_sessions_of(session, row.id)
            _note(hospital, session, "user.changed", row)
            return row

        row = hospital.write_now(use_case)
    if is_quiet:
        return
    told = {"name": row.name, "roles": row.roles.split(), "active": row.is_active}
    show(told) if as_json else out(say("Changed {name}.", name=row.name))


@command.command("role")
def set_roles(
    name: Name,
    role: Annotated[list[str], typer.Option(help="Role; may be given several times.")],
    as_json: AsJson = False,
) -> None:
    """Give a user other roles.

    Example: hospital-twin user role chief --role sysadmin --role planner
    """
    _change(name, UserChange(roles=users.parse_roles(role)), as_json=as_json)


@command.command("link")
def link(
    name: Name,
    staff: Annotated[str, typer.Argument(help="Id of the member of staff; '' takes the link off.")],
    as_json: AsJson = False,
) -> None:
    """Say which member of staff a user is: the tasks given to that person are this user's tasks.

    Example: hospital-twin user link anna STAFF-014
    """
    if staff:
        with opened_alone() as hospital:
            if staff not in hospital.live.staff:
                raise NotFound("member of staff", staff)
    _change(name, UserChange(staff=staff), as_json=as_json)


@command.command("disable")
def disable(name: Name, as_json: AsJson = False) -> None:
    """Keep a user from signing in.

    Example: hospital-twin user disable chief
    """
    _change(name, UserChange(is_active=False), as_json=as_json)


@command.command("password")
def give_password(name: Name, as_json: AsJson = False) -> None:
    """Give a user a new first password, shown once; they choose their own when they sign in with it.

    Example: hospital-twin user password anna
    """
    password = first_password()
    passwords = Passwords()
    hashed = passwords.hash_now(password)
    passwords.close()
    _change(name, UserChange(password_hash=hashed, must_change_password=True), as_json=False, is_quiet=True)
    told = {"name": name.lower(), "password": password}
    show(told) if as_json else out(say("Password of {name}, shown this once: {password}", **told))


@command.command("reset-factor")
def reset_factor(name: Name, as_json: AsJson = False) -> None:
    """Take the second factor off a user who has lost it.

    Example: hospital-twin user reset-factor anna
    """
    with opened_alone() as hospital:

        def use_case(session: Session) -> UserRow:
            found = _find(session, name)
            if not factors.take_off(session, found.id):
                raise Refused("This user has no second factor.", code="refused.no_second_factor")
            end_sessions_of(session, found.id)
            _note(hospital, session, "second_factor.reset", found)
            return found

        row = hospital.write_now(use_case)
    show({"name": row.name, "second_factor": False}) if as_json else out(say("Changed {name}.", name=row.name))
