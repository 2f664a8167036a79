from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import octets
from server.octets import hex_digits, octets_of
from twin.errors import DecodeError

FRAME = bytes.fromhex("0230343136443741433939463003")


@pytest.mark.parametrize(
    "text",
    [
        "0230343136443741433939463003",
        "0x0230343136443741433939463003",
        " 02 30 34 31 36 44 37 41 43 39 39 46 30 03\n",
        "0x02, 0x30, 0x34, 0x31, 0x36, 0x44, 0x37, 0x41, 0x43, 0x39, 0x39, 0x46, 0x30, 0x03",
        "02:30:34:31:36:44:37:41:43:39:39:46:30:03",
        r"\x02\x30\x34\x31\x36\x44\x37\x41\x43\x39\x39\x46\x30\x03",
        "02-30-34-31-36-44-37-41-43-39-39-46-30-03",
    ],
)
def test_hex_is_taken_as_data_sheets_and_logs_write_it(text: str) -> None:
    assert octets_of(text) == FRAME


@given(st.binary(min_size=1, max_size=40), st.sampled_from([" ", ":", ", ", "\n", ""]), st.booleans())
def test_any_octets_come_back_from_how_they_are_written(content: bytes, between: str, is_upper: bool) -> None:
    written = between.join(f"{octet:02x}" for octet in content)

    assert octets_of(written.upper() if is_upper else written) == content


@pytest.mark.parametrize("content", [FRAME, FRAME.hex().encode(), b" 0x" + FRAME.hex(" ").encode() + b"\r\n"])
def test_file_holds_the_octets_or_their_digits(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "frame"
    path.write_bytes(content)

    assert octets_of(str(path)) == FRAME
    assert octets_of(f"@{path}") == FRAME


def test_standard_input_is_taken_for_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"02 30\n")))

    assert octets_of("-") == b"\x02\x30"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "input.hex"),  # nothing at all
        ("   ", "input.hex"),
        ("023", "input.hex"),  # half an octet
        ("zz", "input.hex"),
        ("３０", "input.hex"),  # digits of another script
        ("0x", "input.hex"),
        ("no/such/file", "input.hex"),
        ("x" * 300, "input.hex"),  # a name longer than any file may have
        ("x" * 5000, "input.hex"),
        ("a\0b", "input.hex"),
        ("/", "input.hex"),  # a folder
    ],
)
def test_what_is_neither_hex_nor_a_file_is_told_with_a_code(text: str, code: str) -> None:
    with pytest.raises(DecodeError) as told:
        octets_of(text)

    assert told.value.code in {code, "input.file"}


def test_file_that_is_no_message_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(octets, "MOST_OCTETS", 10)
    path = tmp_path / "film"
    path.write_bytes(bytes(11))

    with pytest.raises(DecodeError) as told:
        octets_of(str(path))

    assert told.value.code == "input.long"


def test_digits_are_told_from_words() -> None:
    assert (hex_digits("ab cd"), hex_digits("ab gd"), hex_digits("")) == ("abcd", None, None)
