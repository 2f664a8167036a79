"""``hospital-twin interop`` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.console import run
from server.tree import build_tree
from tests.interop.messages_for_tests import adt


def test_check_says_what_each_message_would_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "some.hl7"
    file.write_bytes(adt("A01") + adt("A02", PV1_19=""))

    code = run(build_tree(), ["interop", "check", str(file), "--json"])

    rows = json.loads(capsys.readouterr().out)
    assert code == 1
    assert rows[0]["events"] == "EncounterStarted"
    assert "PV1-19" in rows[1]["problem"]


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOSPITAL_TWIN_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def _rows(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, object]]]:
    code = run(build_tree(), [*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_every_file_of_the_corpus_is_read_back_octet_for_octet_with_an_outcome(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted((data_dir / "hl7v2").glob("*.hl7"))
    for file in files:
        _code, rows = _rows(["interop", "check", str(file)], capsys)
        assert rows, file.name
        assert all(row["is_lossless"] for row in rows), file.name
        assert all(row["outcome"] in ("applied", "stored") or row["problem"] for row in rows), file.name
        assert not any("trigger_unknown" in str(row["notes"]) for row in rows), file.name
    assert len(files) >= 70


def test_check_reads_epcis_in_both_forms_and_gives_the_published_hash(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data_dir / "gateway/epcis-hash-examples"
    for ending in ("jsonld", "xml"):
        code, rows = _rows(["interop", "check", str(folder / f"persistentDisposition.{ending}")], capsys)
        published = (folder / "persistentDisposition.hashes").read_text(encoding="utf-8").split()
        assert (code, [row["control_id"] for row in rows]) == (0, published)


def test_check_reads_fhir_and_names_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slot = {"resourceType": "Slot", "id": "S", "status": "free", "schedule": {"reference": "Schedule/1"}}
    good = slot | {"start": "2026-01-05T09:00:00Z", "end": "2026-01-05T09:30:00Z"}
    lines = tmp_path / "slots.ndjson"
    lines.write_text(f"{json.dumps(good)}\n{json.dumps(slot | {'start': 'soon'})}\n", encoding="utf-8")

    code, rows = _rows(["interop", "check", str(lines)], capsys)

    assert code == 1
    assert [row["outcome"] for row in rows] == ["stored", "refused"]
    assert "start" in str(rows[1]["problem"])


LOCATION = b'{"resourceType":"Location","id":"a","status":"active"}'


@pytest.mark.parametrize(
    ("content", "outcomes", "problem"),
    [
        (b"\xef\xbb\xbf" + LOCATION, ["stored"], ""),  # the mark that editors put before a text
        (LOCATION + b"\n[1]\n", ["stored", "refused"], "Expected a resource"),
        (b'{"resourceType":"Bundle","entry":[{"resource":"x"},{"resource":null},{}]}', ["refused"] * 2, "a resource"),
        (b'{"resourceType":"Location","id":"a","status":"open"}', ["refused"], "status"),
        (b'<Location xmlns="http://hl7.org/fhir"><id value="a"/></Location>', ["refused"], "JSON"),
        (b'{"type":"ObjectEvent","eventTime":"2026-01-05T08:00:00Z"}', ["refused"], "eventTimeZoneOffset"),
    ],
)
def test_check_names_what_is_wrong_in_odd_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, outcomes: list[str], problem: str
) -> None:
    file = tmp_path / "odd"
    file.write_bytes(content)

    code, rows = _rows(["interop", "check", str(file)], capsys)

    assert [row["outcome"] for row in rows] == outcomes
    assert code == (1 if problem else 0)
    assert problem in " ".join(str(row["problem"]) for row in rows)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "hl7.no_header"),
        (b"%PDF-1.4", "hl7.no_header"),
        (b"[1, 2]", "interop.unknown_format"),
        (b"{oops", "body.json"),
        ('{"resourceType":"Location","name":"M\xfcller"}'.encode("latin-1"), "body.json"),
        (b"<a><b></a>", "epcis.xml"),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>', "epcis.xml"),
        (b'{"type":["EPCISDocument"],"epcisBody":{"eventList":[]}}', "epcis.validation"),
        (b'{"type":"EPCISDocument","epcisBody":null}', "epcis.validation"),
    ],
)
def test_check_refuses_what_is_none_of_the_formats_with_a_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, error: str
) -> None:
    file = tmp_path / "odd"
    file.write_bytes(content)

    code = run(build_tree(), ["interop", "check", str(file), "--json"])

    told = capsys.readouterr()
    assert code not in (0, 1)
    assert error in told.out + told.err


@pytest.mark.parametrize(
    ("file", "events", "code"),
    [
        ("rtlsMessageBundleLocationUpdate-example.xml", "ZoneChanged", 0),
        ("rtlsMessageBundleEnroll-example.xml", "", 0),
        ("rtlsAuxiliaryFunctionInput-example.xml", "AlarmRaised", 0),
        ("rtlsDevice-example.xml", "", 1),  # a resource, no message
    ],
)
def test_check_reads_messages_of_location_systems(
    data_dir: Path, capsys: pytest.CaptureFixture[str], file: str, events: str, code: int
) -> None:
    told, rows = _rows(["interop", "check", str(data_dir / "rtls" / file)], capsys)

    assert (told, rows[0]["events"]) == (code, events)
    assert bool(rows[0]["problem"]) is bool(code)


def test_replay_takes_a_file_in_once(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = data_folder / "some.hl7"
    file.write_bytes(adt("A01", control="R1") + adt("A02", control="R2", PV1_19=""))

    first_code, first = _rows(["interop", "replay", str(file)], capsys)
    again_code, again = _rows(["interop", "replay", str(file)], capsys)

    assert (first_code, again_code) == (1, 1)
    assert [row["outcome"] for row in first] == ["applied", "dead"]
    assert again[0]["outcome"] == "known"
    assert run(build_tree(), ["interop", "replay", "nothing", "--json"]) not in (0, 1)


@pytest.mark.parametrize(
    "body", [b"[" * 50_000, b'{"a":' * 50_000, b"[" * 3000 + b"]" * 3000], ids=["list", "object", "closed"]
)
def test_check_refuses_json_that_is_nested_without_end(body: bytes, tmp_path: Path) -> None:
    file = tmp_path / "deep.json"
    file.write_bytes(body)

    assert run(build_tree(), ["interop", "check", str(file), "--json"]) == 2


def test_check_tells_of_messages_that_stand_there_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, other = adt("A01"), adt("A08")
    control = first.split(b"|")[9]
    same_number = b"|".join([*other.split(b"|")[:9], control, *other.split(b"|")[10:]])
    file = tmp_path / "twice.hl7"
    file.write_bytes(first + first + same_number)

    code, rows = _rows(["interop", "check", str(file)], capsys)

    assert code == 1
    assert [row["outcome"] for row in rows] == ["applied", "stored", "refused"]
    assert (rows[1]["events"], rows[1]["notes"]) == ("", "resend_of_1")
    assert "message 1" in str(rows[2]["problem"])


def test_check_tells_of_an_event_that_a_capture_would_refuse_the_second_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {
        "type": "ObjectEvent",
        "eventTime": "2026-01-05T08:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "epcList": ["urn:epc:id:sgtin:4012345.011111.9876"],
    }
    file = tmp_path / "twice.json"
    file.write_text(json.dumps([event, event, event | {"bizStep": "shipping"}]), encoding="utf-8")

    code, rows = _rows(["interop", "check", str(file)], capsys)

    assert code == 1
    assert [row["outcome"] for row in rows] == ["stored", "refused", "stored"]
    assert "event 1" in str(rows[1]["problem"])
