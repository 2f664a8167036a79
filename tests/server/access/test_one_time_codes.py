"""Codes of authenticator apps: the published vectors, the drift of a clock, and what an app reads from the picture."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.one_time_codes import (
    DIGITS,
    SECRET_BYTES,
    STEP_S,
    address,
    code_at,
    matching_step,
    new_secret,
    picture,
    spelled,
)
from twin.clock import SECOND_US

RFC_SECRET = b"12345678901234567890"
secrets_of_apps = st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES)
instants = st.integers(min_value=0, max_value=4_000_000_000)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        # RFC 6238 appendix B, the rows of SHA-1
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert code_at(RFC_SECRET, seconds // STEP_S, digits=8) == code


@pytest.mark.parametrize(
    ("counter", "code"),
    # RFC 4226 appendix D: the counter takes the place of the time step
    list(
        enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])
    ),
)
def test_codes_of_six_digits_are_those_of_the_counter_standard(counter: int, code: str) -> None:
    assert code_at(RFC_SECRET, counter) == code


@given(secret=secrets_of_apps, seconds=instants, off=st.integers(min_value=-1, max_value=1))
def test_a_clock_may_be_one_step_off(secret: bytes, seconds: int, off: int) -> None:
    step = seconds // STEP_S + off
    if step < 0:
        return

    found = matching_step(secret, code_at(secret, step), now=seconds * SECOND_US)

    # two neighbouring steps have the same code once in a million; then either of them is right
    assert found is not None
    assert code_at(secret, found) == code_at(secret, step)


@given(secret=secrets_of_apps, seconds=instants, off=st.integers(min_value=2, max_value=40))
def test_codes_of_other_times_are_not_taken(secret: bytes, seconds: int, off: int) -> None:
    present = seconds // STEP_S
    near = {code_at(secret, step) for step in range(max(0, present - 1), present + 2)}
    for step in (present + off, present - off):
        if step >= 0 and code_at(secret, step) not in near:
            assert matching_step(secret, code_at(secret, step), now=seconds * SECOND_US) is None


@given(code=st.text(max_size=12))
def test_whatever_is_typed_is_answered(code: str) -> None:
    found = matching_step(RFC_SECRET, code, now=59 * SECOND_US)

    assert found is None or len(code) == DIGITS


def test_an_app_reads_the_same_secret_from_picture_and_text() -> None:
    import base64

    import numpy as np
    import zxingcpp

    secret = new_secret()
    told = address(secret, account="night:nurse", issuer="St. Luke's: Ward")
    found = urlsplit(told)
    query = parse_qs(found.query)
    assert (found.scheme, found.netloc) == ("otpauth", "totp")
    assert query["issuer"] == ["St. Luke's  Ward"]
    assert base64.b32decode(query["secret"][0] + "=" * (-len(query["secret"][0]) % 8)) == secret
    assert spelled(secret).replace(" ", "") == query["secret"][0].rstrip("=")
    # what the picture says, read back by a scanner
    drawn = zxingcpp.create_barcode(told, zxingcpp.BarcodeFormat.QRCode).to_image(scale=4)
    assert [one.text for one in zxingcpp.read_barcodes(np.array(drawn))] == [told]
    assert picture(told).lstrip().startswith(("<?xml", "<svg"))
