"""The access desk: what the pages for users, keys, the audit and one's own account ask for."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Sequence

import msgspec
from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from dash_app.actions.access import (
    AuditLine,
    AuditQuery,
    AuditVerdict,
    DisplayCard,
    DisplayTold,
    FactorCard,
    KeyCard,
    KeyTold,
    UserCard,
    UserTold,
)
from server.access import displays, factors, users
from server.access.keys import ACTOR_PREFIX, NewKey
from server.access.passwords import check_password
from server.access.service import Access, WrongPassword
from server.access.setup import base_url
from server.access.users import NewUser, UserChange
from server.audit import chain as audit
from server.audit.seal import seal
from server.schema.access import AuditRow, DisplayRow, KeyRow, SessionRow, UserRow
from server.wiring import Hospital
from twin.access import Actor, Role
from twin.errors import FieldError, FieldProblem, NotFound, StaleVersion

_MOST = 2000
_ALPHABET = (
    "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is taken for something else when read aloud or written down
)
_GROUPS, _GROUP = 4, 5  # 20 characters of 31: 99 bits


def first_password() -> str:
    """Give a password to be handed over in person and changed by its holder."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


class Desk:
    """Keeps users, keys and the audit for the pages; ``dash_app.actions.access.AccessDesk`` says what it does.

    Parameters
    ----------
    hospital : Hospital
        Whose.
    access : Access
        Its sign-in.
    """

    def __init__(self, hospital: Hospital, access: Access) -> None:
        self._hospital = hospital
        self._access = access

    def users(self) -> Sequence[UserCard]:
        """Give all users by sign-in name."""
        now = self._hospital.clock.now()
        with self._hospital.read() as session:
            rows = users.list_users(session, limit=_MOST)
            lasting = session.exec(select(SessionRow.user_id).where(col(SessionRow.expires_at) > now).limit(100_000))
            signed_in = Counter(lasting)
            coded = factors.holders(session)
        return [
            UserCard(
                id=row.id,
                name=row.name,
                display_name=row.display_name,
                roles=tuple(row.roles.split()),
                is_active=row.is_active,
                staff=row.staff,
                version=row.version,
                sessions=signed_in[row.id],
                has_second_factor=row.id in coded,
                must_change_password=row.must_change_password,
            )
            for row in rows
        ]

    def add_user(self, name: str, told: UserTold, *, actor: Actor) -> str:
        """Add a user; give their first password, which is kept nowhere.

        Raises
        ------
        FieldError
            If sign-in name or roles cannot be used.
        Conflict
            If the sign-in name is taken.
        """
        users.check_name(name)
        roles = users.parse_roles(told.roles)
        self._require_staff(told.staff)
        password = first_password()
        new = NewUser(
            id=self._hospital.new_id(),
            name=name,
            display_name=told.display_name,
            password_hash=self._access.passwords.hash_now(password),
            roles=roles,
            must_change_password=True,
        )

        def use_case(session: Session) -> None:
            row = self._access.add_user(session, actor, new)
            if told.staff:
                self._access.change_user(session, actor, row.id, UserChange(staff=told.staff))

        self._hospital.write_now(use_case)
        return password

    def change_user(self, user_id: str, told: UserTold, *, version: int, actor: Actor) -> None:
        """Change a user; their sessions end.

        Raises
        ------
        StaleVersion
            If somebody changed them since this version.
        Refused
            If nobody would be system administrator any more.
        """
        self._require_staff(told.staff)
        change = UserChange(
            display_name=told.display_name,
            roles=users.parse_roles(told.roles),
            is_active=told.is_active,
            staff=told.staff,
        )

        def use_case(session: Session) -> None:
            found = users.get_user(session, user_id).version
            if found != version:
                raise StaleVersion(expected=version, found=found)
            self._access.change_user(session, actor, user_id, change)

        self._change_and_sign_out(user_id, use_case)

    def new_password(self, user_id: str, *, actor: Actor) -> str:
        """Give a user a new password, which is kept nowhere; their sessions end."""
        password = first_password()
        change = UserChange(password_hash=self._access.passwords.hash_now(password), must_change_password=True)
        self._change_and_sign_out(user_id, lambda session: self._access.change_user(session, actor, user_id, change))
        return password

    def change_own_password(self, old: str, new: str, *, actor: Actor) -> None:
        """Change the actor's own password; all their sessions end.

        Raises
        ------
        WrongPassword
            If the old one is wrong; tries are counted as those of signing in are.
        FieldError
            If the new one is not acceptable.
        """
        access, now = self._access, self._hospital.clock.now()
        with self._hospital.read() as session:
            row = users.get_user(session, actor.id)
        access.limits.check(row.name, "", now=now)
        if not access.passwords.verify_now(old[:1000], row.password_hash):
            access.limits.failed(row.name, "", now=now)
            raise WrongPassword("The old password is wrong.")
        check_password(new, name=row.name)
        change = UserChange(password_hash=access.passwords.hash_now(new), must_change_password=False)
        self._change_and_sign_out(actor.id, lambda session: access.change_user(session, actor, actor.id, change))

    def second_factor(self, *, actor: Actor) -> FactorCard:
        """Give how the actor signs in besides their password."""
        with self._hospital.read() as session:
            is_on = factors.is_on(session, actor.id)
            left = factors.codes_left(session, actor.id) if is_on else 0
        required = {role.value for role in actor.roles} & set(self._hospital.settings.second_factor_roles)
        return FactorCard(is_on=is_on, codes_left=left, is_required=bool(required))

    def reset_factor(self, user_id: str, *, actor: Actor) -> None:
        """Take the second factor off a user who has lost it; their sessions end.

        Raises
        ------
        Refused
            If they have none.
        """
        self._hospital.write_now(lambda session: self._access.reset_factor(session, actor, user_id))()

    def sign_out_everywhere(self, *, actor: Actor) -> None:
        """End all sessions of the actor."""
        self._change_and_sign_out(
            actor.id, lambda session: self._access.note(session, actor.id, "session.ended", facts={"sessions": "all"})
        )

    def list_keys(self) -> Sequence[KeyCard]:
        """Give all keys, the newest first."""
        with self._hospital.read() as session:
            rows = session.exec(select(KeyRow).order_by(col(KeyRow.created_at).desc(), KeyRow.id).limit(_MOST)).all()
        return [
            KeyCard(
                id=row.id,
                name=row.name,
                role=row.role,
                source=row.source,
                created_at=row.created_at,
                expires_at=row.expires_at,
                used_at=row.used_at,
                revoked_at=row.revoked_at,
            )
            for row in rows
        ]

    def make_key(self, told: KeyTold, *, actor: Actor) -> str:
        """Make a key; give its text, which is kept nowhere.

        Raises
        ------
        FieldError
            If role, source or days cannot be used.
        """
        if told.role not in {role.value for role in Role}:
            raise FieldError(
                FieldProblem(
                    field="role", place="/role", message="Expected what the key is for.", cure="Choose a role."
                )
            )
        if not told.name.strip():
            raise FieldError(
                FieldProblem(
                    field="name", place="/name", message="A key needs a name.", cure="Say which machine holds it."
                )
            )
        new = NewKey(name=told.name.strip(), role=Role(told.role), source=told.source.strip(), days=told.days)
        text, _row = self._hospital.write_now(lambda session: self._access.make_key(session, actor, new))
        return text

    def revoke_key(self, key_id: str, *, actor: Actor) -> None:
        """Revoke a key for good."""
        self._hospital.write_now(lambda session: self._access.revoke_key(session, actor, key_id))
        self._access.keys.forget(key_id)

    def list_displays(self) -> Sequence[DisplayCard]:
        """Give all links of wall displays, the newest first."""
        with self._hospital.read() as session:
            return [_display_card(row) for row in displays.list_displays(session, limit=_MOST)]

    def make_display(self, told: DisplayTold, *, actor: Actor) -> str:
        """Make a link for a wall display; give it, which is kept nowhere.

        Raises
        ------
        FieldError
            If name, page or days cannot be used.
        """
        new = displays.NewDisplay(name=told.name, shows=told.shows, language=told.language, days=told.days)
        text, _row = self._hospital.write_now(lambda session: self._access.make_display(session, actor, new))
        return base_url(self._hospital.settings) + displays.address(text)

    def revoke_display(self, display_id: str, *, actor: Actor) -> None:
        """End a wall display's link for good."""
        self._hospital.write_now(lambda session: self._access.revoke_display(session, actor, display_id))

    def audit(self, query: AuditQuery) -> Sequence[AuditLine]:
        """Give rows of the audit, the newest first.

        Parameters
        ----------
        query : AuditQuery
            Which.
        """
        place = col(AuditRow.sequence)
        wanted = select(AuditRow).where(*_conditions(query)).order_by(place if query.is_oldest_first else place.desc())
        wanted = wanted.offset(query.offset).limit(query.limit)
        with self._hospital.read() as session:
            rows = session.exec(wanted).all()
            names = names_of(session, {row.actor for row in rows})
        return [
            AuditLine(
                sequence=row.sequence,
                at=row.at,
                actor=row.actor,
                actor_name=names.get(row.actor, ""),
                action=row.action,
                subject=row.subject,
                facts=msgspec.json.decode(row.facts),
            )
            for row in rows
        ]

    def count_audit(self, query: AuditQuery) -> int:
        """Give how many rows there are, however many are asked for."""
        with self._hospital.read() as session:
            return session.exec(select(func.count()).select_from(AuditRow).where(*_conditions(query))).one()

    def verify_audit(self) -> AuditVerdict:
        """Recompute the whole chain, and compare it with the head written to the data folder."""
        try:
            witness = audit.read_head(self._hospital.settings.data_dir)
            with self._hospital.read() as session:
                found = audit.verify(session, witness)
        except audit.AuditBroken as error:
            return AuditVerdict(is_intact=False, rows=error.sequence, problem=error.message)
        return AuditVerdict(is_intact=True, rows=found.sequence, hash=found.hash)

    def sealed_head(self) -> str:
        """Give where the audit ends, signed, as JSON."""
        with self._hospital.read() as session:
            found = audit.head(session)
        sealed = seal(self._hospital.settings.data_dir, found, now=self._hospital.clock.now())
        return msgspec.json.encode(sealed).decode()

    def _require_staff(self, staff: str) -> None:
        if staff and staff not in self._hospital.live.staff:
            raise NotFound("member of staff", staff)

    def _change_and_sign_out(self, user_id: str, change: Callable[[Session], object]) -> None:
        def use_case(session: Session) -> Callable[[], None]:
            change(session)
            return self._access.sessions.end_all_of(session, user_id)

        self._hospital.write_now(use_case)()


def _display_card(row: DisplayRow) -> DisplayCard:
    return DisplayCard(
        id=row.id,
        name=row.name,
        shows=row.shows,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )


def _conditions(query: AuditQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.before:
        found.append(col(AuditRow.sequence) < query.before)
    if query.action:
        found.append(col(AuditRow.action).startswith(query.action, autoescape=True))
    if query.actor:
        found.append(col(AuditRow.actor) == query.actor)
    if query.subject:
        found.append(col(AuditRow.subject).icontains(query.subject, autoescape=True))
    if query.facts:
        found.append(col(AuditRow.facts).icontains(query.facts, autoescape=True))
    return found


def names_of(session: Session, actors: Collection[str]) -> dict[str, str]:
    """Give what actors are called: people by their sign-in names, programs by the names of their keys."""
    people = session.exec(select(UserRow).where(col(UserRow.id).in_(actors)))
    keys = {actor.removeprefix(ACTOR_PREFIX) for actor in actors if actor.startswith(ACTOR_PREFIX)}
    programs = session.exec(select(KeyRow).where(col(KeyRow.id).in_(keys)))
    return {row.id: row.name for row in people} | {ACTOR_PREFIX + row.id: row.name for row in programs}
