"""What a reader or machine may be in trouble with is told in words, not as the code that a driver gives."""

from __future__ import annotations

import re

import pytest

from dash_app.texts.gateway_words import GATEWAY_DETAILS
from tests.conftest import ROOT

# Where a code becomes the detail of a status: what drivers return or tell, and what an answer on a Modbus line is.
SOURCES = {
    "rfid_gateway/modbus/replies.py": r'Fault\("(modbus\.[a-z_]+)"\)',
    "rfid_gateway/drivers/modbus_client.py": r'code="([a-z_.]+)"',
    "rfid_gateway/drivers/llrp_reader.py": r'return "([a-z_]+)"|code="([a-z_.]+)"|_limitation = "([a-z_]+)"',
    "rfid_gateway/drivers/impinj_r700.py": r'return "([a-z_]+)"|code="([a-z_.]+)"',
    "rfid_gateway/drivers/mqtt_reader.py": r'degraded\("([a-z_.]+)"\)|return "([a-z_]+)"',
    "rfid_gateway/transports/connection.py": r'return "([a-z_]+)"|"(certificate_refused)"',
    "rfid_gateway/uplink/runtime.py": r'_tell_own\(GatewayStatus\.[A-Z]+, "([a-z_]+)"\)',
}
UNTOLD = {"modbus.wrong_echo"}  # of writes, whose outcome is told by itself


@pytest.mark.parametrize("source", SOURCES)
def test_every_trouble_has_words(source: str) -> None:
    found = re.findall(SOURCES[source], (ROOT / source).read_text(encoding="utf-8"))
    codes = {code for one in found for code in ([one] if isinstance(one, str) else one) if code}

    assert codes
    assert codes - UNTOLD <= set(GATEWAY_DETAILS)
