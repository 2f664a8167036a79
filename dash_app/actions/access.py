"""Who may come in, and what was done: users, keys and the audit. ``server`` fills in the desk that keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from twin.access import Actor, Permission
from twin.errors import Unavailable

SERVICE = "access"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCard:
    """A user as an administrator sees them.

    Parameters
    ----------
    id, name, display_name : str
        Id, sign-in name, and what screens show.
    roles : tuple[str, ...]
        Values of :class:`twin.access.Role`, sorted.
    is_active : bool
        Whether they may sign in.
    staff : str
        Member of staff whose tasks they do; empty for none.
    version : int
        To be named when the user is changed, so that nobody's change is lost.
    sessions : int
        How many browsers are signed in as them.
    has_second_factor, must_change_password : bool
        Whether they sign in with a code, and whether they still have the password that they were given.
    """

    id: str
    name: str
    display_name: str
    roles: tuple[str, ...]
    is_active: bool
    staff: str
    version: int
    sessions: int
    has_second_factor: bool = False
    must_change_password: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorCard:
    """How somebody signs in besides their password: whether a code is asked, and how many recovery codes are left."""

    is_on: bool
    codes_left: int = 0
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayCard:
    """A link for a screen on a wall, without its token; instants in UTC microseconds, 0 for never.

    Parameters
    ----------
    id, name, shows : str
        Id, where it hangs, and code of the one page that it shows.
    created_at, expires_at, used_at, revoked_at : int
        Its life.
    """

    id: str
    name: str
    shows: str
    created_at: int
    expires_at: int
    used_at: int
    revoked_at: int

    def is_active(self, now: int) -> bool:
        """Tell whether it shows anything at an instant."""
        return not self.revoked_at and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayTold:
    """What a wall display shall be: where it hangs, what it shows, in which language, for how many days."""

    name: str
    shows: str
    language: str = ""
    days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCard:
    """An API key without its secret; instants in UTC microseconds, 0 for never.

    Parameters
    ----------
    id, name, role, source : str
        Id, what it is for, role, and the only event source that it may write for.
    created_at, expires_at, used_at, revoked_at : int
        Its life.
    """

    id: str
    name: str
    role: str
    source: str
    created_at: int
    expires_at: int
    used_at: int
    revoked_at: int

    def is_active(self, now: int) -> bool:
        """Tell whether it opens anything at an instant."""
        return not self.revoked_at and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTold:
    """What an administrator says of a user.

    Parameters
    ----------
    display_name : str
        What screens show.
    roles : tuple[str, ...]
        At least one.
    is_active : bool, optional
        Whether they may sign in.
    staff : str, optional
        Id of the member of staff that they are.
    """

    display_name: str
    roles: tuple[str, ...]
    is_active: bool = True
    staff: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTold:
    """What a key shall be: name, role, event source, days that it lasts."""

    name: str
    role: str
    source: str = ""
    days: int = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which rows of the audit.

    Parameters
    ----------
    action : str, optional
        Beginning of the action's code, such as ``alarm.``.
    actor : str, optional
        Id of who acted.
    subject, facts : str, optional
        Only rows whose subject, or whose facts as they are kept, contain this, in any case of letters.
    before : int, optional
        Only rows before this one; 0 for the newest.
    offset : int, optional
        How many to pass over.
    limit : int, optional
        How many at most.
    is_oldest_first : bool, optional
        Their order; the newest first by default.
    """

    action: str = ""
    actor: str = ""
    subject: str = ""
    facts: str = ""
    before: int = 0
    offset: int = 0
    limit: int = 200
    is_oldest_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One row of the audit.

    Parameters
    ----------
    sequence, at : int
        Its place in the chain; UTC microseconds.
    actor, actor_name : str
        Who, as noted and as known now; the name is empty for who is not known.
    action, subject : str
        Stable code, and what it was done to.
    facts : Mapping[str, object]
        Plain values.
    """

    sequence: int
    at: int
    actor: str
    actor_name: str
    action: str
    subject: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerdict:
    """Whether the audit is what was written: rows checked, hash of the last, and what is wrong if anything is."""

    is_intact: bool
    rows: int
    hash: str = ""
    problem: str = ""


class AccessDesk(Protocol):
    """Keeps users, keys and the audit; what changes something notes itself in the audit."""

    def users(self) -> Sequence[UserCard]:
        """Give all users by sign-in name."""

    def add_user(self, name: str, told: UserTold, *, actor: Actor) -> str:
        """Add a user; give their first password, which is kept nowhere."""

    def change_user(self, user_id: str, told: UserTold, *, version: int, actor: Actor) -> None:
        """Change a user; their sessions end."""

    def new_password(self, user_id: str, *, actor: Actor) -> str:
        """Give a user a new password, which is kept nowhere; their sessions end."""

    def change_own_password(self, old: str, new: str, *, actor: Actor) -> None:
        """Change the actor's own password; all their sessions end."""

    def second_factor(self, *, actor: Actor) -> FactorCard:
        """Give how the actor signs in besides their password."""

    def reset_factor(self, user_id: str, *, actor: Actor) -> None:
        """Take the second factor off a user who has lost it; their sessions end."""

    def sign_out_everywhere(self, *, actor: Actor) -> None:
        """End all sessions of the actor."""

    def list_keys(self) -> Sequence[KeyCard]:
        """Give all keys, the newest first."""

    def make_key(self, told: KeyTold, *, actor: Actor) -> str:
        """Make a key; give its text, which is kept nowhere."""

    def revoke_key(self, key_id: str, *, actor: Actor) -> None:
        """Revoke a key for good."""

    def list_displays(self) -> Sequence[DisplayCard]:
        """Give all links of wall displays, the newest first."""

    def make_display(self, told: DisplayTold, *, actor: Actor) -> str:
        """Make a link for a wall display; give it, which is kept nowhere."""

    def revoke_display(self, display_id: str, *, actor: Actor) -> None:
        """End a wall display's link for good."""

    def audit(self, query: AuditQuery) -> Sequence[AuditLine]:
        """Give rows of the audit, the newest first."""

    def count_audit(self, query: AuditQuery) -> int:
        """Give how many rows there are, however many are asked for."""

    def verify_audit(self) -> AuditVerdict:
        """Recompute the whole chain."""

    def sealed_head(self) -> str:
        """Give where the audit ends, signed, as JSON."""


def desk_of(services: Mapping[str, object]) -> AccessDesk:
    """Give the desk among the offered services.

    Raises
    ------
    Unavailable
        If this installation offers none.
    """
    found = services.get(SERVICE)
    if found is None:
        raise Unavailable("No access desk is open here: use `hospital-twin user`.")
    return cast("AccessDesk", found)


def managing(services: Mapping[str, object], actor: Actor) -> AccessDesk:
    """Give the desk to who may manage users and keys.

    Raises
    ------
    Forbidden
        If the actor may not.
    """
    actor.require(Permission.USERS_MANAGE)
    return desk_of(services)
