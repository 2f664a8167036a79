"""Second factors as they are kept: one sealed secret of a person, and the hashes of their recovery codes."""

from __future__ import annotations

import hashlib
import secrets

from sqlmodel import Session, col, delete, func, select

from server.schema.access import RecoveryCodeRow, SecondFactorRow
from twin.errors import Conflict

RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is taken for something else when written down
_GROUPS, _GROUP = 3, 5  # 15 characters of 31: 74 bits, out of reach of guessing even for whoever has the hashes


def is_on(session: Session, user_id: str) -> bool:
    """Tell whether a person signs in with a code."""
    row = session.get(SecondFactorRow, user_id)
    return row is not None and row.confirmed_at > 0


def holders(session: Session) -> set[str]:
    """Give the ids of all who sign in with a code."""
    return set(session.exec(select(SecondFactorRow.user_id).where(SecondFactorRow.confirmed_at > 0).limit(100_000)))


def begin(session: Session, user_id: str, sealed: bytes) -> SecondFactorRow:
    """Keep a secret that waits for its first code; one that waits already stays, so that a page may be loaded again.

    Parameters
    ----------
    session : Session
        The writer's.
    user_id : str
        Whose.
    sealed : bytes
        The secret, closed.

    Raises
    ------
    Conflict
        If the person signs in with a code already.
    """
    row = session.get(SecondFactorRow, user_id)
    if row is not None and row.confirmed_at:
        raise Conflict("A second factor is set up already: take it off first.", code="conflict.second_factor")
    if row is None:
        row = SecondFactorRow(user_id=user_id, sealed=sealed)
        session.add(row)
        session.flush()
    return row


def accept(session: Session, row: SecondFactorRow, step: int) -> bool:
    """Take a code of a time step; each step opens once, so that nobody uses again what they saw being typed.

    References
    ----------
    RFC 6238 (2011), section 5.2: the second attempt of an accepted code must be refused.
    """
    if step <= row.last_step:
        return False
    row.last_step = step
    session.add(row)
    return True


def new_codes(session: Session, user_id: str) -> list[str]:
    """Make recovery codes in place of all earlier ones; what is kept of them opens nothing."""
    session.exec(delete(RecoveryCodeRow).where(col(RecoveryCodeRow.user_id) == user_id))
    made = [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
        for _ in range(RECOVERY_CODES)
    ]
    session.add_all(RecoveryCodeRow(code_hash=_hash(user_id, code), user_id=user_id) for code in made)
    return made


def use_code(session: Session, user_id: str, code: str, *, now: int) -> bool:
    """Use up a recovery code; tell whether it was one.

    Parameters
    ----------
    session : Session
        The writer's.
    user_id : str
        Whose.
    code : str
        As entered: hyphens and blanks may lack.
    now : int
        UTC microseconds.
    """
    row = session.get(RecoveryCodeRow, _hash(user_id, code))
    if row is None or row.user_id != user_id or row.used_at:
        return False
    row.used_at = now
    session.add(row)
    return True


def codes_left(session: Session, user_id: str) -> int:
    """Give how many recovery codes are unused."""
    query = select(func.count()).where(RecoveryCodeRow.user_id == user_id, RecoveryCodeRow.used_at == 0)
    return int(session.exec(query).one())


def take_off(session: Session, user_id: str) -> bool:
    """Forget secret and recovery codes; tell whether a second factor had been on."""
    was_on = is_on(session, user_id)
    session.exec(delete(RecoveryCodeRow).where(col(RecoveryCodeRow.user_id) == user_id))
    session.exec(delete(SecondFactorRow).where(col(SecondFactorRow.user_id) == user_id))
    return was_on


def _hash(user_id: str, code: str) -> str:
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    # a fast hash is enough for 74 random bits; the user's id keeps one person's codes from another's
    return hashlib.sha256(f"{user_id}/{plain}".encode()).hexdigest()
