"""What a session still owes after the right password, before anything opens to it."""

from __future__ import annotations

from enum import StrEnum

from sqlmodel import Session

from server.access.factors import is_on
from server.access.users import roles_of
from server.schema.access import UserRow

PENDING_MINUTES = 15
"""How long somebody may take over code and password; then they begin anew."""


class Duty(StrEnum):
    """The next step of a sign-in."""

    CODE = "code"
    PASSWORD = "password"  # noqa: S105  # the name of a duty
    ENROL = "enrol"


def duty_of(session: Session, user: UserRow, *, is_proven: bool, required: frozenset[str]) -> Duty | None:
    """Give what is owed next, None for a session that may come in.

    Parameters
    ----------
    session : Session
        Any.
    user : UserRow
        Whose session it is.
    is_proven : bool
        Whether the session has shown more than a password.
    required : frozenset[str]
        Roles whose holders need a second factor.
    """
    has_factor = is_on(session, user.id)
    # the code first: a stolen password alone must not be enough to choose the next one
    if has_factor and not is_proven:
        return Duty.CODE
    if user.must_change_password:
        return Duty.PASSWORD
    if not is_proven and not has_factor and required & {role.value for role in roles_of(user)}:
        return Duty.ENROL
    return None
