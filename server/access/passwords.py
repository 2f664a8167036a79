"""Passwords: what is accepted, and argon2id hashes computed by two threads at most."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from twin.errors import FieldError, FieldProblem

MIN_LENGTH = 12
MAX_LENGTH = 200
WORKERS = 2  # more would let strangers fill memory and processors by trying to sign in

# of the long ones only: the minimum length keeps out nearly all of the usual lists
_TOO_COMMON = frozenset(
    {
        "password1234",
        "passwordpassword",
        "password12345",
        "123456789012",
        "1234567890123",
        "12345678901234",
        "qwertyuiop12",
        "qwertyuiopas",
        "administrator",
        "administrator1",
        "hospital1234",
        "hospitaltwin",
        "hospital-twin",
        "letmeinletmein",
        "welcome12345",
        "changemechangeme",
        "111111111111",
        "000000000000",
        "abcdefghijkl",
        "iloveyou1234",
        "adminadminadmin",
        "qwertyqwerty",
        "q1w2e3r4t5y6",
        "1qaz2wsx3edc",
    }
)
_REPEATS = 3


def check_password(password: str, *, name: str) -> None:
    """Let pass a password that is long enough and not easily guessed.

    Parameters
    ----------
    password : str
        Any characters; no rules about which.
    name : str
        Sign-in name; the password must not contain it.

    Raises
    ------
    FieldError
        If it is not acceptable, with what would be.

    References
    ----------
    OWASP ASVS 5.0.0, 6.2.1, 6.2.4, 6.2.5, 6.2.9.
    """
    lowered = password.lower()
    message = ""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        message = f"Expected {MIN_LENGTH} to {MAX_LENGTH} characters, got {len(password)}."
    elif "\0" in password:
        message = "Expected no NUL character."
    elif lowered in _TOO_COMMON or len(set(lowered)) <= _REPEATS:
        message = "This password is among the first that anybody would try."
    # a short name such as "li" stands in many good sentences by chance
    elif len(name) >= MIN_LENGTH // 2 and name.lower() in lowered:
        message = "The password contains the sign-in name."
    if message:
        problem = FieldProblem(
            field="password", place="/password", message=message, cure="A sentence of four or more words is good."
        )
        raise FieldError(problem, code="input.password")


class Passwords:
    """Hashes and verifies passwords beside the event loop.

    Parameters
    ----------
    hasher : PasswordHasher, optional
        argon2id with 19 MiB and 2 passes by default (OWASP's minimum); tests take a cheaper one.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="argon2")
        # Verified when no such user exists, so that the time does not tell which names do.
        self._nobody = self._hasher.hash("nobody has this password")

    def hash_now(self, password: str) -> str:
        """Give the hash of a password; takes tens of milliseconds."""
        return self._hasher.hash(password)

    def verify_now(self, password: str, found: str | None) -> bool:
        """Tell whether a password belongs to a hash; None stands for "no such user" and takes as long.

        Parameters
        ----------
        password : str
            As entered.
        found : str or None
            Hash kept.
        """
        try:
            self._hasher.verify(found if found is not None else self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return found is not None

    async def hash(self, password: str) -> str:
        """Give the hash of a password, without stopping the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.hash_now, password)

    async def verify(self, password: str, found: str | None) -> bool:
        """Tell whether a password belongs to a hash, without stopping the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.verify_now, password, found)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)
