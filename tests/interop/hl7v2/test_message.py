"""What is read is written back octet for octet, whatever it is."""

from __future__ import annotations

from pathlib import Path

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.hl7v2.charsets import CODECS, decode
from interop.hl7v2.escapes import NULL, Separators, escape, unescape
from interop.hl7v2.message import read_interchange, read_message, write_segment
from tests.interop.messages_for_tests import adt
from twin.errors import DecodeError


def _files(data_dir: Path) -> list[Path]:
    files = sorted((data_dir / "hl7v2").iterdir())
    assert files
    return files


def test_every_public_message_is_written_back_octet_for_octet(data_dir: Path) -> None:
    for file in _files(data_dir):
        content = file.read_bytes()

        assert read_interchange(content).to_bytes() == content, file.name


def test_segments_and_fields_are_those_that_another_reader_finds(data_dir: Path) -> None:
    for file in _files(data_dir):
        if "sample_win" in file.name:
            continue  # its MSH-2 has the escape character twice
        content = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
        ours = read_message(content)
        text = "\r".join(segment.text for segment in ours.segments)

        theirs = hl7.parse(text)

        assert [segment.name for segment in ours.segments] == [str(segment[0]) for segment in theirs], file.name
        for mine, other in zip(ours.segments, theirs, strict=True):
            assert [mine.field(i).rstrip() for i in range(1, len(mine.fields))] == [
                str(field).rstrip() for field in list(other)[1:]
            ], file.name


@given(st.binary(max_size=400))
def test_any_octets_after_a_header_come_back(tail: bytes) -> None:
    content = b"MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5\r" + tail

    assert read_interchange(content).to_bytes() == content


@given(st.binary(max_size=200))
def test_octets_that_are_no_message_are_refused_and_nothing_else_happens(content: bytes) -> None:
    try:
        interchange = read_interchange(content)
    except DecodeError:
        assert b"MSH" not in content
    else:
        assert interchange.to_bytes() == content


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_a_value_with_separators_survives_escaping(value: str) -> None:
    by = Separators()

    assert unescape(escape(value, by), by) == value


def test_escapes_of_the_standard_are_understood() -> None:
    by = Separators()

    assert unescape("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f\\.br\\g\\X4142\\", by) == "a|b^c&d~e\\f\ngAB"
    assert unescape("\\H\\bold\\N\\ \\Zlocal\\ \\C2842\\ \\Xzz\\", by) == "bold \\Zlocal\\ \\C2842\\ \\Xzz\\"


def test_octets_in_an_escape_are_of_the_messages_charset() -> None:
    message = read_message("MSH|^~\\&|||||||ADT^A01|1|P|2.5||||||GB 18030-2000\rPID|1||1||\\XB2A1\\".encode("gb18030"))

    assert message.value("PID", 5) == "病"


def test_gb18030_characters_whose_second_octet_is_a_separator_part_nothing() -> None:
    names = [char for char in (chr(code) for code in range(0x4E00, 0x9FA6)) if char.encode("gb18030")[1:2] in b"|^~\\"]
    assert len(names) > 200
    text = "MSH|^~\\&|ADT||||||ADT^A01|1|P|2.5||||||GB 18030-2000\rPID|1||1||" + "".join(names) + "^X"

    message = read_message(text.encode("gb18030"))

    assert message.value("PID", 5) == "".join(names)
    assert message.value("PID", 5, 2) == "X"
    assert message.to_bytes() == text.encode("gb18030")


def test_gb18030_in_the_header_itself_does_not_hide_the_charset() -> None:
    awkward = next(char for char in map(chr, range(0x4E00, 0x9FA6)) if char.encode("gb18030")[1:2] == b"|")
    text = f"MSH|^~\\&|{awkward}||||||ADT^A01|1|P|2.5||||||GB 18030-2000\rPID|1"

    message = read_message(text.encode("gb18030"))

    assert message.msh.value(3) == awkward
    assert not message.charset.is_guessed


@pytest.mark.parametrize("name", sorted(CODECS))
def test_each_charset_of_table_0211_is_read_and_written_back(name: str) -> None:
    text = f"MSH|^~\\&|ADT||||||ADT^A01|1|P|2.5||||||{name}\rPID|1||1||NAME\r"
    content = text.encode(CODECS[name])

    message = read_message(content)

    assert message.value("PID", 5) == "NAME"
    assert message.to_bytes() == content


def test_a_charset_that_does_not_fit_is_reported_and_keeps_every_octet() -> None:
    content = b"MSH|^~\\&|ADT||||||ADT^A01|1|P|2.5||||||UNICODE UTF-8\rPID|1||1||M\xfcller\r"

    message = read_message(content)

    assert message.charset.is_guessed
    assert message.value("PID", 5) == "Müller"
    assert message.to_bytes() == content


def test_utf_8_needs_no_declaration() -> None:
    assert not decode("MSH|^~\\&|产科".encode()).is_guessed


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_line_ends_of_all_kinds_part_segments(end: str) -> None:
    message = read_message(adt("A01").replace(b"\r", end.encode()))

    assert [segment.name for segment in message.segments] == ["MSH", "EVN", "PID", "PV1"]


_LINE = st.one_of(
    st.text(st.sampled_from("PIDZ19|^~&\\ a"), max_size=12),  # wrapped texts, names without a field, blank lines
    st.sampled_from(["PID|1||7", "ZZZ", "OBX|1|TX|||", "MSH|^~\\&|OTHER", "BHS|^~\\&|X", "pid|1", "MSH#$%*!#A", ""]),
)


@given(st.lists(_LINE, max_size=8))
def test_the_short_way_of_reading_finds_what_the_long_way_finds(lines: list[str]) -> None:
    plain = "\r".join(["MSH|^~\\&|A|B", *lines]) + "\r"

    short = read_interchange(plain.encode())
    long = read_interchange(plain.replace("\r", "\n").encode())  # other line ends are looked at character by character

    found = [(one.text.replace("\r", "\n"), one.by) for one in short.segments]  # a wrapped text holds its line ends
    assert found == [(one.text, one.by) for one in long.segments]
    assert short.to_bytes() == plain.encode()


@given(st.sampled_from(sorted(CODECS)), st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=30))
def test_plain_ascii_is_read_as_what_it_is_whatever_is_declared(declared: str, text: str) -> None:
    content = f"MSH|^~\\&|A|B|C|D|20260105||ADT^A08|1|P|2.5||||||{declared}\rZZZ|{text}\r".encode()

    decoded = decode(content)

    assert decoded.text.encode(decoded.codec) == content
    wide = declared in ("UNICODE UTF-16", "UNICODE UTF-32")  # what says so and is not is guessed
    assert wide or declared.startswith("ISO IR") or (decoded.text.encode(), decoded.is_guessed) == (content, False)


def test_a_wrapped_text_stays_in_its_field() -> None:
    message = read_message(b"MSH|^~\\&|A\rOBX|1|TX|||first line\nsecond line|||\rOBX|2|TX")

    assert message.all("OBX")[0].field(5) == "first line\nsecond line"
    assert len(message.all("OBX")) == 2


def test_separators_are_those_that_the_message_states() -> None:
    message = read_message(b"MSH#*~!&#ADT*1\rPID#1##7*x~8&9*y\rZXX#a")

    assert message.msh.value(3, 2) == "1"
    assert message.first("PID").value(3, repetition=2, subcomponent=2) == "9"  # type: ignore[union-attr]
    assert message.value("ZXX", 1) == "a"


def test_deleted_and_empty_are_not_the_same() -> None:
    message = read_message(adt("A08", PV1_3='""'))

    assert message.value("PV1", 3) == NULL
    assert message.value("PV1", 4) == ""


def test_a_batch_gives_its_messages_without_the_envelope() -> None:
    one, two = adt("A01"), adt("A03")
    content = b"FHS|^~\\&|X\rBHS|^~\\&|X\r" + one + two + b"BTS|2\rFTS|1\r"

    interchange = read_interchange(content)

    assert interchange.is_batch
    assert [message.trigger for message in interchange.messages()] == ["A01", "A03"]
    assert [message.to_bytes() for message in interchange.messages()] == [one, two]
    assert interchange.to_bytes() == content


def test_a_changed_field_changes_nothing_else() -> None:
    message = read_message(adt("A01"))

    changed = message.msh.with_field(10, "NEW")

    assert changed.field(10) == "NEW"
    assert changed.text.replace("|NEW|", f"|{message.control_id}|") == message.msh.text


def test_a_written_segment_escapes_what_would_part_it() -> None:
    segment = write_segment("PID", ["1", ["a^b", "c|d"]])

    assert (segment.value(2, 1), segment.value(2, 2)) == ("a^b", "c|d")
