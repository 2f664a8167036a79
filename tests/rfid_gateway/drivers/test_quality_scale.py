from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
SCALE: dict[str, Any] = yaml.safe_load((ROOT / "rfid_gateway/drivers/quality_scale.yaml").read_text(encoding="utf-8"))
# Modules of the drivers' folder that carry a driver rather than a part of one.
DRIVERS = {path.stem for path in (ROOT / "rfid_gateway/drivers").glob("*.py")} - {
    "__init__",
    "driver",
    "kinds",
    "modbus_bus",
    "modbus_client",
    "modbus_scan",
    "modbus_writes",
}


def test_every_driver_stands_on_the_scale() -> None:
    assert set(SCALE["drivers"]) == DRIVERS


@pytest.mark.parametrize("driver", sorted(SCALE["drivers"]))
def test_every_rule_is_done_with_a_test_or_says_why_not(driver: str) -> None:
    found = SCALE["drivers"][driver]

    assert list(found) == list(SCALE["rules"])
    for rule, entry in found.items():
        if entry["state"] == "done":
            assert (ROOT / entry["test"]).is_file(), rule
        else:
            assert entry["state"] in ("todo", "exempt"), rule
            assert entry["reason"], rule
