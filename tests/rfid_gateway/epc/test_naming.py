from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.epc.naming import tag_id
from twin.errors import DecodeError

ONE = "3414257BF40C0E4000000065"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" 3414257b f40c0e40 00000065 ", ONE),
        ("urn:epc:tag:giai-96:0.0614141.12345400", "3414257BF400000000BC6038"),
        ("nfc:04a22c9a", "nfc:04A22C9A"),
        ("EM:0416d7ac99", "em:0416D7AC99"),
        ("E28011606000020A", "E28011606000020A"),  # follows no scheme of GS1: a name all the same
    ],
)
def test_tag_is_named_as_readers_name_it(text: str, found: str) -> None:
    assert tag_id(text) == found


@given(st.text(max_size=40))
def test_any_text_gives_a_name_or_a_coded_error(text: str) -> None:
    try:
        name = tag_id(text)
    except DecodeError:
        return

    assert tag_id(name) == name
