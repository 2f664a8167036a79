"""Codes of authenticator apps: time-based one-time passwords of six digits, and how an app learns their secret."""

from __future__ import annotations

import base64
import hmac
import secrets

import zxingcpp
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from twin.clock import SECOND_US

SECRET_BYTES = 20  # RFC 4226 section 4, R6: 160 bits are recommended
DIGITS = 6
STEP_S = 30  # RFC 6238 section 5.2
DRIFT_STEPS = 1  # a phone's clock may be half a minute off; more would only give guesses more to hit
_GROUP = 4


def new_secret() -> bytes:
    """Give a random secret."""
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """Give the code of a time step.

    Parameters
    ----------
    secret : bytes
        Shared with the app.
    step : int
        Steps of 30 s since 1970.
    digits : int, optional
        6 to 8.

    References
    ----------
    RFC 6238 (2011), section 4.2 and appendix B; RFC 4226 (2005), section 5.3.

    Examples
    --------
    The first row of appendix B: 59 s after the beginning of 1970.

    >>> code_at(b"12345678901234567890", 59 // 30, digits=8)
    '94287082'
    """
    # SHA-1: the only function that every authenticator app supports; HMAC does not rest on its collisions
    return _generator(secret, digits).generate(step * STEP_S).decode()


def matching_step(secret: bytes, code: str, *, now: int) -> int | None:
    """Give the time step that a code belongs to, None if it is not one of the present.

    Parameters
    ----------
    secret : bytes
        Shared with the app.
    code : str
        As entered, without blanks.
    now : int
        UTC microseconds.
    """
    present = now // (STEP_S * SECOND_US)
    found = None
    # all of them each time, so that the time of the answer does not tell how near a guess was
    for step in range(max(0, present - DRIFT_STEPS), present + DRIFT_STEPS + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step
    return found


def spelled(secret: bytes) -> str:
    """Give a secret for typing into an app: base 32 (RFC 4648) in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def address(secret: bytes, *, account: str, issuer: str) -> str:
    """Give the ``otpauth`` address that an app reads from a QR code.

    Parameters
    ----------
    secret : bytes
        To share.
    account, issuer : str
        What the app shows: sign-in name and hospital.
    """
    # a colon parts the two in the address, so that none may stand within them
    return _generator(secret, DIGITS).get_provisioning_uri(account.replace(":", " "), issuer.replace(":", " "))


def picture(text: str) -> str:
    """Give a QR code as SVG."""
    return str(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_svg())


def _generator(secret: bytes, digits: int) -> TOTP:
    return TOTP(secret, digits, SHA1(), STEP_S, enforce_key_length=False)  # noqa: S303  # see code_at
