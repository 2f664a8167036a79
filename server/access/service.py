"""Coming in and going out: set-up, sign-in, sign-out, and what the audit notes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlmodel import Session

from server.access import factors, users
from server.access.displays import NewDisplay, create_display
from server.access.keys import Keys, NewKey, create_key
from server.access.lasting import revoke
from server.access.limits import KeyLimits, SignInLimits
from server.access.passwords import Passwords, check_password
from server.access.sessions import Sessions, SignedIn
from server.access.setup import SetUpLink, make_link
from server.access.steps import Steps
from server.access.users import NewUser, UserChange
from server.audit import chain as audit
from server.audit.chain import Entry
from server.schema.access import DisplayRow, KeyRow, UserRow
from server.wiring import Hospital
from twin.access import Actor, Role
from twin.errors import Forbidden, NotSignedIn, Refused


class WrongPassword(NotSignedIn):
    """Name or password is wrong; which of them is not told."""

    code = "sign_in.wrong"


class Access:
    """Everything about who may come in.

    Parameters
    ----------
    hospital : Hospital
        Where people and keys are kept.
    passwords : Passwords, optional
        How passwords are hashed.
    """

    def __init__(self, hospital: Hospital, passwords: Passwords | None = None) -> None:
        self.hospital = hospital
        self.passwords = passwords or Passwords()
        self.sessions = Sessions(hospital)
        self.keys = Keys(hospital)
        self.limits = SignInLimits()
        self.steps = Steps(hospital, self.sessions, self.passwords, self.limits)
        self.key_limits = KeyLimits(hospital.settings.key_requests_per_minute)
        self.setup_link: SetUpLink | None = None
        with hospital.read() as session:
            is_set_up = users.has_system_administrator(session)
        if not is_set_up:
            self.setup_link = make_link(hospital.settings, hospital.clock)

    @property
    def needs_set_up(self) -> bool:
        """Whether nobody has set the hospital up yet."""
        if self.setup_link is None:
            return False
        return not self._was_set_up_elsewhere()

    def _was_set_up_elsewhere(self) -> bool:
        """Look once more: `hospital-twin user add` may have made the first administrator beside us."""
        with self.hospital.read() as session:
            done = users.has_system_administrator(session)
        if done and self.setup_link is not None:
            self.setup_link.use_up()
            self.setup_link = None
        return done

    def note(
        self, session: Session, actor: str, action: str, subject: str = "", facts: Mapping[str, object] | None = None
    ) -> None:
        """Add a row to the audit within a use case.

        Parameters
        ----------
        session : Session
            The writer's.
        actor : str
            Who.
        action : str
            Stable code such as ``user.changed``.
        subject : str, optional
            Id of what it was done to.
        facts : Mapping[str, object], optional
            Plain JSON values, never a secret.
        """
        entry = Entry(at=self.hospital.clock.now(), actor=actor, action=action, subject=subject, facts=facts or {})
        audit.note(session, entry)

    async def set_up(self, token: str, *, name: str, password: str) -> SignedIn:
        """Make the first system administrator, and sign them in.

        Parameters
        ----------
        token : str
            From the one-time link.
        name : str
            Sign-in name.
        password : str
            As entered.

        Raises
        ------
        Forbidden
            If the hospital is set up already, or the link is wrong.
        FieldError
            If name or password is not acceptable.
        """
        link = self.setup_link
        if link is None:
            raise Forbidden("setup")
        link.check(token)
        users.check_name(name)
        check_password(password, name=name)
        hashed = await self.passwords.hash(password)
        now = self.hospital.clock.now()
        user_id = self.hospital.new_id()

        def use_case(session: Session) -> SignedIn:
            # within the transaction: of two people with the same link the second is refused
            if users.has_system_administrator(session):
                raise Forbidden("setup")
            roles = frozenset({Role.SYSADMIN, Role.ADMINISTRATOR})
            new = NewUser(id=user_id, name=name, display_name=name, password_hash=hashed, roles=roles)
            row = users.add_user(session, new, now=now)
            self.note(session, row.id, "setup.done", row.id, {"name": row.name})
            token_text, live = self.sessions.start(session, row, now=now)
            return SignedIn(token=token_text, session=live)

        signed_in = await self.hospital.write(use_case)
        link.use_up()
        self.setup_link = None
        self.sessions.adopt(signed_in.session)
        self.write_head()
        return signed_in

    async def sign_in(self, name: str, password: str, *, address: str) -> SignedIn:
        """Sign somebody in; the session may still owe something, which :attr:`steps` takes.

        Parameters
        ----------
        name : str
            Sign-in name.
        password : str
            As entered.
        address : str
            Where the attempt comes from.

        Raises
        ------
        WrongPassword
            If name or password is wrong, or the user is disabled.
        TooManyRequests
            If there were too many attempts.
        """
        # as the audit and the limits keep it: what a stranger sends is bounded before it is kept
        account = name.lower()[:64].replace("\0", "")
        now = self.hospital.clock.now()
        self.limits.check(account, address, now=now)
        self.limits.failed(account, address, now=now)  # until proven otherwise, so that parallel attempts count too
        with self.hospital.read() as session:
            row = users.find_user(session, account)
        found = row.password_hash if row is not None and row.is_active else None
        # bounded: argon2 hashes whatever it is given, however long
        if not await self.passwords.verify(password[:1000], found) or row is None:
            await self.hospital.write(lambda s: self.note(s, account, "session.refused", facts={"address": address}))
            raise WrongPassword("The name or the password is wrong.")
        user = row

        def use_case(session: Session) -> SignedIn:
            # hashing took a while: the user may have been disabled or given another password meanwhile
            present = users.get_user(session, user.id)
            if not present.is_active or present.password_hash != user.password_hash:
                raise WrongPassword("The name or the password is wrong.")
            token, live = self.sessions.start(session, present, now=now)
            # one that still owes a code or a password is noted as started when it owes nothing any more
            facts = {"address": address} | ({"owes": live.owes.value} if live.owes is not None else {})
            self.note(session, present.id, "session.pending" if live.owes else "session.started", facts=facts)
            return SignedIn(token=token, session=live)

        signed_in = await self.hospital.write(use_case)
        self.limits.succeeded(account, address, now=now)
        self.sessions.adopt(signed_in.session)
        return signed_in

    async def sign_out(self, live_hash: str, actor: Actor) -> None:
        """End a session.

        Parameters
        ----------
        live_hash : str
            Hash of its cookie.
        actor : Actor
            Whose it is.
        """

        def use_case(session: Session) -> Callable[[], None]:
            self.note(session, actor.id, "session.ended")
            return self.sessions.end(session, live_hash)

        forget = await self.hospital.write(use_case)
        forget()

    def add_user(self, session: Session, actor: Actor, new: NewUser) -> UserRow:
        """Add a user within a use case.

        Parameters
        ----------
        session : Session
            The writer's.
        actor : Actor
            Who adds.
        new : NewUser
            Whom.
        """
        row = users.add_user(session, new, now=self.hospital.clock.now())
        self.note(session, actor.id, "user.added", row.id, {"name": row.name, "roles": row.roles.split()})
        return row

    def change_user(self, session: Session, actor: Actor, user_id: str, change: UserChange) -> UserRow:
        """Change a user within a use case; sessions of that user must be forgotten after commit.

        Parameters
        ----------
        session : Session
            The writer's.
        actor : Actor
            Who changes.
        user_id : str
            Whom.
        change : UserChange
            What.
        """
        row = users.change_user(session, user_id, change, now=self.hospital.clock.now())
        changed = {"roles": row.roles.split(), "is_active": row.is_active, "password": change.password_hash is not None}
        self.note(session, actor.id, "user.changed", user_id, changed)
        return row

    def reset_factor(self, session: Session, actor: Actor, user_id: str) -> Callable[[], None]:
        """Take the second factor off somebody who has lost it, within a use case; call what it gives after commit.

        Parameters
        ----------
        session : Session
            The writer's.
        actor : Actor
            Who does it, having made sure whom they talk to.
        user_id : str
            Whose.

        Raises
        ------
        NotFound
            If there is no such user.
        Refused
            If they have none.
        """
        users.get_user(session, user_id)
        if not factors.take_off(session, user_id):
            raise Refused("This user has no second factor.", code="refused.no_second_factor")
        self.note(session, actor.id, "second_factor.reset", user_id)
        return self.sessions.end_all_of(session, user_id)

    def make_key(self, session: Session, actor: Actor, new: NewKey) -> tuple[str, KeyRow]:
        """Make an API key within a use case; its text is kept nowhere.

        Parameters
        ----------
        session : Session
            The writer's.
        actor : Actor
            Who makes it.
        new : NewKey
            What it may do.
        """
        secret_text, row = create_key(session, new, created_by=actor.id, now=self.hospital.clock.now())
        self.note(session, actor.id, "key.made", row.id, {"role": row.role, "source": row.source})
        return secret_text, row

    def revoke_key(self, session: Session, actor: Actor, key_id: str) -> KeyRow:
        """Revoke an API key within a use case; ``keys.forget`` it after commit.

        Parameters
        ----------
        session : Session
            The writer's.
        actor : Actor
            Who revokes it.
        key_id : str
            Which.
        """
        row = revoke(session, KeyRow, key_id, now=self.hospital.clock.now())
        self.note(session, actor.id, "key.revoked", key_id)
        return row

    def make_display(self, session: Session, actor: Actor, new: NewDisplay) -> tuple[str, DisplayRow]:
        """Make a link for a wall display within a use case; its token is kept nowhere.

        Parameters
        ----------
        session : Session
            The writer's.
        actor : Actor
            Who makes it.
        new : NewDisplay
            What it shows.
        """
        new_id, now = self.hospital.new_id(), self.hospital.clock.now()
        token, row = create_display(session, new, new_id=new_id, created_by=actor.id, now=now)
        self.note(session, actor.id, "display.made", row.id, {"name": row.name, "shows": row.shows})
        return token, row

    def revoke_display(self, session: Session, actor: Actor, display_id: str) -> DisplayRow:
        """End a wall display's link within a use case.

        Parameters
        ----------
        session : Session
            The writer's.
        actor : Actor
            Who ends it.
        display_id : str
            Which.
        """
        row = revoke(session, DisplayRow, display_id, now=self.hospital.clock.now())
        self.note(session, actor.id, "display.revoked", display_id)
        return row

    def write_head(self) -> None:
        """Write the head of the audit to its file."""
        with self.hospital.read() as session:
            found = audit.head(session)
        if found.sequence:
            audit.write_head(self.hospital.settings.data_dir, found)

    def close(self) -> None:
        """Write the audit's head and end the threads."""
        self.write_head()
        self.passwords.close()
