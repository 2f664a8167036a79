"""The doors of FHIR and EPCIS driven by curl: a client that we did not write, over a real socket."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Live
from twin.access import Role

CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(CURL is None, reason="curl is not installed")


def _curl(live: Live, key: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    program = [str(CURL), "--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}"]
    program += ["--header", f"Authorization: Bearer {key}", *arguments[:-1], live.base_url + arguments[-1]]
    text, _, status = subprocess.run(program, check=True, capture_output=True, text=True).stdout.rpartition("\n")
    return int(status), json.loads(text) if text else {}


def test_curl_writes_reads_and_searches_fhir(live: Live, tmp_path: Path) -> None:
    key = live.make_key(Role.SERVICE_HIS)
    body = tmp_path / "slot.json"
    slot = {
        "resourceType": "Slot",
        "id": "S1",
        "status": "free",
        "schedule": {"reference": "Schedule/1"},
        "start": "2026-01-05T09:00:00Z",
        "end": "2026-01-05T09:30:00Z",
    }
    body.write_text(json.dumps(slot), encoding="utf-8")

    put = _curl(
        live,
        key,
        "--request",
        "PUT",
        "--header",
        "Content-Type: application/fhir+json",
        "--data-binary",
        f"@{body}",
        "/fhir/Slot/S1",
    )
    got = _curl(live, key, "/fhir/Slot?status=free&start=ge2026-01-05")
    missing = _curl(live, key, "/fhir/Slot/none")

    assert (put[0], got[0], missing[0]) == (201, 200, 404)
    assert got[1]["entry"][0]["resource"]["id"] == "S1"
    assert missing[1]["resourceType"] == "OperationOutcome"


def test_curl_captures_and_queries_epcis(live: Live, data_dir: Path) -> None:
    key = live.make_key(Role.SERVICE_HIS)
    file = data_dir / "gateway/epcis-hash-examples/persistentDisposition.xml"

    captured = _curl(
        live, key, "--header", "Content-Type: application/xml", "--data-binary", f"@{file}", "/epcis/capture"
    )
    found = _curl(live, key, "/epcis/events?EQ_persistentDisposition_set=recalled")

    assert (captured[0], found[0]) == (202, 200)
    events = found[1]["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert [event["eventID"] for event in events] == [
        file.with_suffix(".hashes").read_text(encoding="utf-8").split()[0]
    ]
