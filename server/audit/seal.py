"""The sealed head of the audit: where its chain ends, signed, to be kept where this machine's owner cannot reach.

Whoever can write to database and data folder can rewrite the chain and its head file alike. They can not change a head
that was exported before: it names the hash of a row, and its signature proves that this installation gave it.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from server.audit.chain import AuditBroken, Head
from twin.clock import to_text

KEY_FILE = "audit-signing.key"
_encoder = msgspec.json.Encoder(order="deterministic")


class SealedHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed head of the audit.

    Parameters
    ----------
    sequence : int
        Rows up to here.
    hash : str
        Hash of the last of them, 64 hex digits.
    sealed_at : str
        When, ISO 8601, UTC.
    public_key, signature : str
        Ed25519 (RFC 8032) over the deterministic JSON of the other fields; 64 and 128 hex digits.
    """

    sequence: int
    hash: str
    sealed_at: str
    public_key: str
    signature: str = ""

    @property
    def head(self) -> Head:
        """The head itself, as :func:`server.audit.chain.verify` takes it for a witness."""
        return Head(self.sequence, self.hash)

    def signed_bytes(self) -> bytes:
        """Give what the signature is over."""
        return _encoder.encode([self.sequence, self.hash, self.sealed_at, self.public_key])


def signing_key(folder: Path) -> Ed25519PrivateKey:
    """Give this installation's signing key; made at the first use, readable by its owner only.

    Parameters
    ----------
    folder : Path
        Data folder. The key stands outside the database, so that no backup and no query carries it away.
    """
    path = folder / KEY_FILE
    if not path.is_file():
        made = Ed25519PrivateKey.generate().private_bytes_raw()
        try:
            # O_EXCL and the mode at once: never readable by others, not even for a moment
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return signing_key(folder)  # another process was faster: there is one key
        with os.fdopen(handle, "wb") as file:
            file.write(made)
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def seal(folder: Path, head: Head, *, now: int) -> SealedHead:
    """Sign the head of the audit.

    Parameters
    ----------
    folder : Path
        Data folder with the key.
    head : Head
        What :func:`server.audit.chain.head` gave.
    now : int
        UTC microseconds.
    """
    key = signing_key(folder)
    public = key.public_key().public_bytes_raw().hex()
    bare = SealedHead(sequence=head.sequence, hash=head.hash, sealed_at=to_text(now), public_key=public)
    return msgspec.structs.replace(bare, signature=key.sign(bare.signed_bytes()).hex())


def check_seal(sealed: SealedHead, *, public_key: str = "") -> None:
    """Check that a sealed head is what an installation gave.

    Parameters
    ----------
    sealed : SealedHead
        As exported.
    public_key : str, optional
        Key that must have signed it, hex; the one that it names itself by default, which proves less.

    Raises
    ------
    AuditBroken
        If key or signature is another.
    """
    if public_key and sealed.public_key != public_key.strip().lower():
        raise AuditBroken("The head was sealed by another installation's key.", sequence=sealed.sequence)
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(sealed.public_key))
        key.verify(bytes.fromhex(sealed.signature), sealed.signed_bytes())
    except (ValueError, InvalidSignature) as error:
        raise AuditBroken(
            "The signature of the head does not fit: it was changed after it was sealed.", sequence=sealed.sequence
        ) from error


def read_sealed(path: Path) -> SealedHead:
    """Read an exported head.

    Parameters
    ----------
    path : Path
        JSON file.

    Raises
    ------
    AuditBroken
        If it is none.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=SealedHead)
    except (OSError, msgspec.DecodeError) as error:
        raise AuditBroken(f"{path} is no sealed head of an audit: {error}.", sequence=0) from error
