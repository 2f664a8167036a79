"""Keys of this installation: pseudonyms that tell nothing, and one key per person that can be thrown away."""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from twin.errors import ConfigurationError, StorageError

FILE = "identity.key"
_BYTES = 32
_NONCE = 12
_REMEMBERED = 4096  # pseudonyms in memory, a few hundred kilobytes: the visits of a large house
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_SHIFTS = range(90, -1, -10)


class Vault:
    """Seals and opens with the keys that come from one master key.

    Parameters
    ----------
    master : bytes
        32 random octets of this installation; never in the database.

    Notes
    -----
    AES-256-GCM; the labelled keys are HMAC-SHA-256 of the master key.

    References
    ----------
    NIST SP 800-38D (2007); RFC 2104 (1997).
    """

    def __init__(self, master: bytes) -> None:
        if len(master) != _BYTES:
            raise ConfigurationError(f"Expected an identity key of {_BYTES} octets, got {len(master)}.")
        self._pseudonyms = hmac.new(self._derived(master, b"pseudonyms"), digestmod=hashlib.sha256)
        # A visit is told of a dozen times within the hour, and of each message the visit is asked for twice.
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._made)
        self._wrapping = AESGCM(self._derived(master, b"wrapping"))
        self._common = AESGCM(self._derived(master, b"messages"))

    @staticmethod
    def _derived(master: bytes, label: bytes) -> bytes:
        return hmac.new(master, b"hospital-twin/" + label, hashlib.sha256).digest()

    def pseudonym(self, kind: str, *parts: str) -> str:
        """Give the id that stands for an encounter or a person: 100 bits, the same for the same parts.

        Parameters
        ----------
        kind : str
            ``visit``, ``account`` or ``person``.
        *parts : str
            Assigning authority and number.
        """
        return self._remembered(kind, *parts)

    def _made(self, kind: str, *parts: str) -> str:
        text = "\x1f".join((kind, *parts)).encode()
        digest = self._keyed(text)
        # Base 32 of RFC 4648, 20 characters of 5 bits each; the library's own takes longer than the hash.
        bits = int.from_bytes(digest[:13], "big") >> 4
        # Persons and encounters are told apart by their first letter, so that neither is taken for the other.
        head = "P" if kind == "person" else "E"
        return head + "".join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])

    def fingerprint(self, text: bytes) -> str:
        """Give a keyed hash that tells whether two contents are equal, and nothing else."""
        return self._keyed(b"content\x1f" + text).hex()

    def _keyed(self, text: bytes) -> bytes:
        # A copy saves the schedule of the key; the one-shot function lets go of the interpreter, and gets it back late.
        hashed = self._pseudonyms.copy()
        hashed.update(text)
        return hashed.digest()

    def new_wrapped_key(self, person: str) -> bytes:
        """Make a person's key and give it closed by the installation's."""
        return self._seal(self._wrapping, AESGCM.generate_key(256), person)

    def seal(self, content: bytes, *, person: str, wrapped: bytes) -> bytes:
        """Close content with a person's key.

        Parameters
        ----------
        content : bytes
            Anything.
        person : str
            Pseudonym.
        wrapped : bytes
            The person's key as stored; empty for the installation's own key.
        """
        return self._seal(self._key_of(person, wrapped), content, person)

    def open(self, sealed: bytes, *, person: str, wrapped: bytes) -> bytes:
        """Open what :meth:`seal` closed.

        Parameters
        ----------
        sealed : bytes
            As stored.
        person : str
            Pseudonym.
        wrapped : bytes
            The person's key as stored; empty for the installation's own key.

        Raises
        ------
        StorageError
            If the key is not the one that closed it.
        """
        return self._open(self._key_of(person, wrapped), sealed, person)

    def _key_of(self, person: str, wrapped: bytes) -> AESGCM:
        return AESGCM(self._open(self._wrapping, wrapped, person)) if wrapped else self._common

    @staticmethod
    def _seal(key: AESGCM, content: bytes, person: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + key.encrypt(nonce, content, person.encode())

    @staticmethod
    def _open(key: AESGCM, sealed: bytes, person: str) -> bytes:
        try:
            return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], person.encode())
        except (InvalidTag, ValueError) as error:
            raise StorageError(
                f"What is sealed for {person or 'all'} does not open: is {FILE} the one it was made with?",
                code="identity.key",
            ) from error


def open_vault(data_dir: Path, *, has_persons: bool = False) -> Vault:
    """Open the installation's vault; the first time, make its key file (readable by its owner only).

    Parameters
    ----------
    data_dir : Path
        Folder of the installation.
    has_persons : bool, optional
        Whether the database holds sealed identities: then a missing file is an error, not a beginning.

    Raises
    ------
    ConfigurationError
        If the file is missing or damaged although identities were sealed with it.
    """
    path = data_dir / FILE
    if not path.exists():
        if has_persons:
            raise ConfigurationError(f"{path} is missing: put back the copy with which the identities were sealed.")
        data_dir.mkdir(parents=True, exist_ok=True)
        _write_once(path)
    return Vault(path.read_bytes())


def _write_once(path: Path) -> None:
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, os.urandom(_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)  # fails if another process was first: then its key counts
    except FileExistsError:
        pass
    finally:
        draft.unlink()
