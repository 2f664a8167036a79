"""Users: added, changed and disabled, never the last system administrator."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from server.schema.access import UserRow
from twin.access import Actor, Role
from twin.errors import Conflict, FieldError, FieldProblem, NotFound, Refused

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{1,63}")
HUMAN_ROLES = frozenset(role for role in Role if not role.value.startswith("service:"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to add.

    Parameters
    ----------
    id : str
        UUIDv7.
    name : str
        Sign-in name: letters, digits and ``. _ @ -``, 2 to 64.
    display_name : str
        What screens show.
    password_hash : str
        argon2id hash.
    roles : frozenset[Role]
        At least one.
    language : str
        ``en``, ``zh_CN`` or empty for the site's.
    must_change_password : bool
        Whether somebody else knows the password, so that its holder chooses another at the first sign-in.
    """

    id: str
    name: str
    display_name: str
    password_hash: str
    roles: frozenset[Role]
    language: str = ""
    must_change_password: bool = False


def _refuse(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place=f"/{field}", message=message, cure=cure))


def parse_roles(roles: Iterable[str]) -> frozenset[Role]:
    """Read role names of a person.

    Parameters
    ----------
    roles : Iterable[str]
        Values of :class:`twin.access.Role`.

    Raises
    ------
    FieldError
        If one is unknown or is for programs, or none is given.
    """
    found: set[Role] = set()
    allowed = ", ".join(sorted(role.value for role in HUMAN_ROLES))
    for name in roles:
        if name not in {role.value for role in HUMAN_ROLES}:
            raise _refuse("roles", f"There is no role {name[:40]!r} for people.", f"Use one or more of {allowed}.")
        found.add(Role(name))
    if not found:
        raise _refuse("roles", "Expected at least one role.", f"Use one or more of {allowed}.")
    return frozenset(found)


def check_name(name: str) -> str:
    """Give a sign-in name in its stored form, lower case.

    Raises
    ------
    FieldError
        If it has other characters or another length.
    """
    if not _NAME.fullmatch(name):
        raise _refuse(
            "name", f"Expected 2 to 64 letters, digits and . _ @ -, got {name[:70]!r}.", "Choose such a sign-in name."
        )
    return name.lower()


def roles_of(row: UserRow) -> frozenset[Role]:
    """Give the roles that a stored user holds."""
    return frozenset(Role(name) for name in row.roles.split())


def actor_of_user(row: UserRow) -> Actor:
    """Give the actor that a user is."""
    return Actor(id=row.id, name=row.display_name or row.name, roles=roles_of(row), staff=row.staff)


def add_user(session: Session, new: NewUser, *, now: int) -> UserRow:
    """Add a user.

    Parameters
    ----------
    session : Session
        The writer's.
    new : NewUser
        Who.
    now : int
        UTC microseconds.

    Raises
    ------
    Conflict
        If somebody has that sign-in name.
    """
    name = check_name(new.name)
    if find_user(session, name) is not None:
        raise Conflict(f"The sign-in name {name!r} is taken: choose another.", code="conflict.name")
    row = UserRow(
        id=new.id,
        name=name,
        display_name=new.display_name,
        password_hash=new.password_hash,
        roles=" ".join(sorted(new.roles)),
        language=new.language,
        must_change_password=new.must_change_password,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    return row


def find_user(session: Session, name: str) -> UserRow | None:
    """Give the user of a sign-in name, None if there is none."""
    return session.exec(select(UserRow).where(UserRow.name == name.lower())).first()


def get_user(session: Session, user_id: str) -> UserRow:
    """Give a user by id.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.get(UserRow, user_id)
    if row is None:
        raise NotFound("user", user_id)
    return row


def list_users(session: Session, *, after: str = "", limit: int = 50) -> list[UserRow]:
    """Give users in the order of their sign-in names.

    Parameters
    ----------
    session : Session
        Any.
    after : str, optional
        Sign-in name of the last one of the page before.
    limit : int, optional
        How many at most.
    """
    query = select(UserRow).where(col(UserRow.name) > after).order_by(col(UserRow.name)).limit(limit)
    return list(session.exec(query))


def has_system_administrator(session: Session, *, besides: str = "") -> bool:
    """Tell whether somebody active is system administrator.

    Parameters
    ----------
    session : Session
        Any.
    besides : str, optional
        Id of a user who does not count.
    """
    rows = session.exec(select(UserRow).where(col(UserRow.is_active).is_(True), UserRow.id != besides))
    return any(Role.SYSADMIN in roles_of(row) for row in rows)


def _check_free(session: Session, staff: str, user_id: str) -> None:
    """Refuse a second user for one member of staff: nobody could tell whose tasks they are."""
    if not staff:
        return
    other = session.exec(select(UserRow).where(col(UserRow.staff) == staff, col(UserRow.id) != user_id)).first()
    if other is not None:
        raise Conflict(
            f"{staff} signs in as {other.name!r} already: take the link off there first.", code="conflict.staff"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """What to change of a user; None leaves a field as it is."""

    display_name: str | None = None
    roles: frozenset[Role] | None = None
    is_active: bool | None = None
    password_hash: str | None = None
    must_change_password: bool | None = None
    language: str | None = None
    staff: str | None = None


def change_user(session: Session, user_id: str, change: UserChange, *, now: int) -> UserRow:
    """Change a user.

    Parameters
    ----------
    session : Session
        The writer's.
    user_id : str
        Who.
    change : UserChange
        What.
    now : int
        UTC microseconds.

    Raises
    ------
    Refused
        If nobody would be system administrator any more.
    """
    row = get_user(session, user_id)
    roles = roles_of(row) if change.roles is None else change.roles
    is_active = row.is_active if change.is_active is None else change.is_active
    stays = is_active and Role.SYSADMIN in roles
    if Role.SYSADMIN in roles_of(row) and not stays and not has_system_administrator(session, besides=user_id):
        raise Refused(
            "This is the last system administrator: give somebody else the role first.", code="refused.last_sysadmin"
        )
    row.roles, row.is_active = " ".join(sorted(roles)), is_active
    if change.display_name is not None:
        row.display_name = change.display_name
    if change.password_hash is not None:
        row.password_hash = change.password_hash
    if change.must_change_password is not None:
        row.must_change_password = change.must_change_password
    if change.language is not None:
        row.language = change.language
    if change.staff is not None:
        _check_free(session, change.staff, row.id)
        row.staff = change.staff
    row.version += 1
    row.updated_at = now
    session.add(row)
    session.flush()
    return row
