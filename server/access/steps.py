"""The steps between a right password and an open door: a code, a password of one's own, a second factor to set up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlmodel import Session

from interop.service.keys import Vault
from server.access import factors, one_time_codes, users
from server.access.duties import Duty
from server.access.limits import SignInLimits
from server.access.passwords import Passwords, check_password
from server.access.sessions import LiveSession, Sessions, SignedIn
from server.access.users import UserChange
from server.audit import chain as audit
from server.audit.chain import Entry
from server.listening import vault_of
from server.schema.access import SecondFactorRow
from server.wiring import Hospital
from twin.errors import FieldError, FieldProblem, NotSignedIn, Refused

T = TypeVar("T")

_LONGEST_CODE = 40


class StepNeeded(NotSignedIn):
    """Name and password are right, and something is still owed; ``code`` says what."""

    def __init__(self, duty: Duty) -> None:
        told = {
            Duty.CODE: "Send the code of the authenticator app, or a recovery code, as `code`.",
            Duty.PASSWORD: "This password was chosen by somebody else: send one of your own as `new_password`.",
            Duty.ENROL: "Your role needs a second factor: set it up in a browser, at /sign-in.",
        }
        super().__init__(told[duty], code=f"sign_in.{duty.value}_needed")
        self.duty = duty


class WrongCode(NotSignedIn):
    """The code is wrong, past its time, or was used already; which of them is not told."""

    code = "sign_in.wrong_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What an authenticator app has to learn.

    Parameters
    ----------
    spelled : str
        The secret, to be typed.
    address : str
        The same as an ``otpauth`` address, to be scanned.
    """

    spelled: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A second factor that is on; ``codes`` are shown this once."""

    signed_in: SignedIn
    codes: list[str]


class Steps:
    """Takes a person through what their session owes, and lets them keep their second factor.

    Each step that is done ends the session and begins another: the cookie of the half-open one is worth nothing then.

    Parameters
    ----------
    hospital : Hospital
        Where people are kept; its key file seals the secrets.
    sessions : Sessions
        Of the people.
    passwords : Passwords
        How passwords are hashed.
    limits : SignInLimits
        How often somebody may try.
    """

    def __init__(self, hospital: Hospital, sessions: Sessions, passwords: Passwords, limits: SignInLimits) -> None:
        self._hospital = hospital
        self._sessions = sessions
        self._passwords = passwords
        self._limits = limits

    @property
    def _vault(self) -> Vault:
        # opened when a secret is first needed: a hospital without second factors needs no key file for them
        return vault_of(self._hospital)

    async def settle(self, signed_in: SignedIn, *, code: str, new_password: str) -> SignedIn:
        """Take a program or script through all steps at once.

        Parameters
        ----------
        signed_in : SignedIn
            What the password began.
        code, new_password : str
            What it sent along; empty for nothing.

        Raises
        ------
        StepNeeded
            If something that is owed was not sent.
        WrongCode
            If the code is wrong.
        FieldError
            If the new password is not acceptable.
        """
        live = signed_in.session
        try:
            if live.owes is Duty.CODE and code:
                signed_in = await self.give_code(live, code)
            if signed_in.session.owes is Duty.PASSWORD and new_password:
                signed_in = await self.choose_password(signed_in.session, new_password)
            if signed_in.session.owes is not None:
                raise StepNeeded(signed_in.session.owes)
        except Exception:
            # whoever sent too little signs in anew: no half-open session is left behind
            await self._end(signed_in.session)
            raise
        return signed_in

    async def _end(self, live: LiveSession) -> None:
        forget = await self._hospital.write(lambda session: self._sessions.end(session, live.token_hash))
        forget()

    async def give_code(self, live: LiveSession, code: str) -> SignedIn:
        """Show a code of the app, or a recovery code.

        Parameters
        ----------
        live : LiveSession
            The half-open session.
        code : str
            As entered.

        Raises
        ------
        WrongCode
            If it is none of this moment, or was used.
        TooManyRequests
            If there were too many attempts.
        """

        def use_case(session: Session) -> tuple[SignedIn, Callable[[], None]] | None:
            kind = self._proof(session, live.user_id, code)
            if not kind:
                self._note(session, live.user_id, "second_factor.refused")
                return None
            return self._renewed(session, live, is_proven=True, facts={"by": kind})

        return self._adopt(await self._tried(live.user_id, use_case))

    async def choose_password(self, live: LiveSession, new: str) -> SignedIn:
        """Choose a password of one's own in place of one that somebody else knows.

        Parameters
        ----------
        live : LiveSession
            The half-open session.
        new : str
            As entered.

        Raises
        ------
        FieldError
            If it is not acceptable, or the one that was handed over.
        """
        with self._hospital.read() as session:
            row = users.get_user(session, live.user_id)
        check_password(new, name=row.name)
        if await self._passwords.verify(new, row.password_hash):
            message, cure = "This is the password that you were given.", "Choose another one, which only you know."
            problem = FieldProblem(field="password", place="/password", message=message, cure=cure)
            raise FieldError(problem, code="input.password")
        change = UserChange(password_hash=await self._passwords.hash(new), must_change_password=False)

        def use_case(session: Session) -> tuple[SignedIn, Callable[[], None]]:
            users.change_user(session, row.id, change, now=self._hospital.clock.now())
            self._note(session, row.id, "user.password_chosen", subject=row.id)
            forget_all = self._sessions.end_all_of(session, row.id)
            signed_in, _forget = self._renewed(session, live, is_proven=live.is_proven)
            return signed_in, forget_all

        return self._adopt(await self._hospital.write(use_case))

    async def begin(self, user_id: str) -> Enrolment:
        """Make a secret that waits for its first code; the same one until it is confirmed.

        Raises
        ------
        Conflict
            If a second factor is on already.
        """
        fresh = self._sealed(user_id, one_time_codes.new_secret())

        def use_case(session: Session) -> tuple[bytes, str]:
            row = factors.begin(session, user_id, fresh)
            return row.sealed, users.get_user(session, user_id).name

        sealed, name = await self._hospital.write(use_case)
        secret = self._opened(user_id, sealed)
        issuer = self._hospital.settings.site_name
        return Enrolment(
            spelled=one_time_codes.spelled(secret),
            address=one_time_codes.address(secret, account=name, issuer=issuer),
        )

    async def confirm(self, live: LiveSession, code: str) -> Enrolled:
        """Turn a second factor on by the first code that the app shows; the person's other sessions end.

        Parameters
        ----------
        live : LiveSession
            Of the person.
        code : str
            As entered.

        Raises
        ------
        WrongCode
            If the app has learnt another secret, or its clock is wrong.
        """
        made: list[str] = []

        def use_case(session: Session) -> tuple[SignedIn, Callable[[], None]] | None:
            row = session.get(SecondFactorRow, live.user_id)
            if row is None or row.confirmed_at or not self._is_present(session, row, _plain(code)):
                return None
            row.confirmed_at = self._hospital.clock.now()
            session.add(row)
            made.extend(factors.new_codes(session, live.user_id))
            self._note(session, live.user_id, "second_factor.on", subject=live.user_id)
            forget_all = self._sessions.end_all_of(session, live.user_id)
            signed_in, _forget = self._renewed(session, live, is_proven=True)
            return signed_in, forget_all

        signed_in = self._adopt(await self._tried(live.user_id, use_case))
        return Enrolled(signed_in=signed_in, codes=made)

    async def renew_codes(self, user_id: str, code: str) -> list[str]:
        """Make new recovery codes in place of the old ones, for who shows a code.

        Raises
        ------
        WrongCode
            If the code is wrong.
        """

        def use_case(session: Session) -> list[str] | None:
            if not self._proof(session, user_id, code):
                return None
            self._note(session, user_id, "second_factor.codes_renewed", subject=user_id)
            return factors.new_codes(session, user_id)

        return await self._tried(user_id, use_case)

    async def take_off(self, user_id: str, code: str) -> None:
        """Sign in without a second factor from now on, for who shows a code.

        Raises
        ------
        Refused
            If the person's role needs one.
        WrongCode
            If the code is wrong.
        """
        with self._hospital.read() as session:
            roles = {role.value for role in users.roles_of(users.get_user(session, user_id))}
        if roles & set(self._hospital.settings.second_factor_roles):
            raise Refused("Your role needs a second factor.", code="refused.second_factor_required")

        def use_case(session: Session) -> bool | None:
            if not self._proof(session, user_id, code):
                return None
            self._note(session, user_id, "second_factor.off", subject=user_id)
            return factors.take_off(session, user_id)

        await self._tried(user_id, use_case)

    async def _tried(self, user_id: str, use_case: Callable[[Session], T | None]) -> T:
        """Run what a code decides, within the limits; None is a wrong code, whose trace is stored all the same."""
        # apart from the passwords' count, which each right password forgets: guesses at codes would be free
        key, now = f"code of {user_id}", self._hospital.clock.now()
        self._limits.check(key, "", now=now)
        self._limits.failed(key, "", now=now)  # until proven otherwise, so that parallel attempts count too
        found = await self._hospital.write(use_case)
        if found is None:
            raise WrongCode("The code is wrong, past its time, or was used already.")
        self._limits.succeeded(key, "", now=now)
        return found

    def _adopt(self, done: tuple[SignedIn, Callable[[], None]]) -> SignedIn:
        """Put the new session into memory once it is stored, and forget those that it replaces."""
        signed_in, forget = done
        forget()
        self._sessions.adopt(signed_in.session)
        return signed_in

    def _renewed(
        self, session: Session, live: LiveSession, *, is_proven: bool, facts: dict[str, object] | None = None
    ) -> tuple[SignedIn, Callable[[], None]]:
        forget = self._sessions.end(session, live.token_hash)
        user = users.get_user(session, live.user_id)
        if not user.is_active:
            raise NotSignedIn("Sign in first.")
        token, fresh = self._sessions.start(session, user, now=self._hospital.clock.now(), is_proven=is_proven)
        if live.owes is not None and fresh.owes is None:
            self._note(session, user.id, "session.started", facts=facts)
        return SignedIn(token=token, session=fresh), forget

    def _proof(self, session: Session, user_id: str, code: str) -> str:
        """Use up a code; give what it was, or an empty text."""
        row = session.get(SecondFactorRow, user_id)
        if row is None or not row.confirmed_at:
            return ""
        plain = _plain(code)
        if len(plain) == one_time_codes.DIGITS and plain.isdecimal():
            return "app" if self._is_present(session, row, plain) else ""
        # needs no key file: the recovery codes still open when that was lost
        return "recovery code" if factors.use_code(session, user_id, plain, now=self._hospital.clock.now()) else ""

    def _is_present(self, session: Session, row: SecondFactorRow, code: str) -> bool:
        secret = self._opened(row.user_id, row.sealed)
        step = one_time_codes.matching_step(secret, code, now=self._hospital.clock.now())
        return step is not None and factors.accept(session, row, step)

    def _sealed(self, user_id: str, secret: bytes) -> bytes:
        # bound to its holder: copied into another's row it would not open
        return self._vault.seal(secret, person=f"second-factor/{user_id}", wrapped=b"")

    def _opened(self, user_id: str, sealed: bytes) -> bytes:
        return self._vault.open(sealed, person=f"second-factor/{user_id}", wrapped=b"")

    def _note(
        self,
        session: Session,
        actor: str,
        action: str,
        *,
        subject: str = "",
        facts: dict[str, object] | None = None,
    ) -> None:
        entry = Entry(at=self._hospital.clock.now(), actor=actor, action=action, subject=subject, facts=facts or {})
        audit.note(session, entry)


def _plain(code: str) -> str:
    """Give a code as it is compared: apps and lists show groups with blanks and hyphens between them."""
    return "".join(sign for sign in code[:_LONGEST_CODE] if sign.isalnum())
