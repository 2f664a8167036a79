"""What cannot be read is told with its place, a coded reason, and what to do about it, however it was handed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.commands.gateway import command
from twin.errors import DecodeError

EPC = "3074257BF7194E4000001A85"
URI = "urn:epc:id:sgtin:0614141.812345.6789"
TAG_URI = "urn:epc:tag:sgtin-96:3.0614141.812345.6789"


def told(*arguments: str) -> str:
    """Give what a command prints; its errors as they are raised."""
    return CliRunner().invoke(command, arguments, catch_exceptions=False).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "cure"),
    [
        (("decode", "epc", ""), "input.hex", "@ before a file"),  # nothing
        (("decode", "epc", TAG_URI), "input.hex", "Copy the digits"),  # the other command's input
        (("decode", "epc", EPC[:-1]), "epc.short", "all of its digits"),  # a digit lost in copying
        (("decode", "epc", EPC + "0000"), "epc.long", "the code alone"),
        (("decode", "epc", EPC + "FF"), "epc.padding", "read the tag again"),
        (("decode", "epc", "30" * 2000), "epc.long", "the code alone"),
        (("decode", "llrp", "043d00000038"), "llrp.short", "--stream"),
        (("decode", "llrp", "043DFFFFFFFF00000007"), "llrp.length", "--body-of"),
        (("decode", "llrp", "FC3D0000000A00000007"), "llrp.version", "1.0.1 and 1.1"),
        (("decode", "pn532", "00"), "pn532.frame", "00 00 FF"),
        (("decode", "em4100", "0230343136443741433939463103"), "em4100.checksum", "read it again"),
        (("decode", "em4100", "02"), "em4100.frame", "from 02 to 03"),
        (("decode", "modbus-profile", "vaisala-hmp", "air_c", "65536", "0"), "modbus.registers", "order of addresses"),
        (("encode", "epc", TAG_URI.replace("sgtin-96", "SGTIN-96")), "epc.scheme", "small letters"),
        (("encode", "epc", "ftp://x"), "epc.uri", "one of these forms"),
        (("encode", "epc", "(01)79521141123454(21)1"), "epc.check_digit", "digit by digit"),
        (("encode", "epc", TAG_URI.replace(":3.", ":9.")), "epc.range", "the standard"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_cure(arguments: tuple[str, ...], code: str, cure: str) -> None:
    with pytest.raises(DecodeError) as refused:
        told(*arguments)

    assert refused.value.code == code
    assert cure in refused.value.message


@pytest.mark.parametrize(
    "content",
    [
        EPC.encode("utf-8-sig") + b"\r\n",  # saved by an editor that marks its files
        EPC.encode("utf-16"),
        EPC.encode("utf-16-be").join([b"\xfe\xff", b"\x00\r\x00\n"]),
        b" 30 74 25 7b\r\nf7 19 4e 40\r\n00 00 1a 85\r\n",
        bytes.fromhex(EPC),
    ],
)
def test_a_file_is_read_however_it_was_saved(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "tag"
    file.write_bytes(content)

    assert f'"pure_identity":"{URI}"' in told("decode", "epc", f"@{file}")


def test_a_mark_that_was_copied_with_the_digits_is_passed_over() -> None:
    assert URI in told("decode", "epc", f"\ufeff{EPC}")
    assert told("encode", "epc", f"\ufeff{TAG_URI}").strip() == EPC
