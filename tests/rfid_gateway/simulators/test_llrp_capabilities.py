from __future__ import annotations

import pytest

from rfid_gateway.rfid.llrp.codec import decode_parameters, encode_parameter
from rfid_gateway.rfid.llrp.layouts import PARAMETER_NUMBERS
from rfid_gateway.simulators.llrp_capabilities import capabilities

ALL = ["GeneralDeviceCapabilities", "LLRPCapabilities", "RegulatoryCapabilities", "C1G2LLRPCapabilities"]


@pytest.mark.parametrize(("requested", "told"), [(0, ALL), *((i + 1, [name]) for i, name in enumerate(ALL))])
def test_reader_tells_the_capabilities_that_it_is_asked_for(requested: int, told: list[str]) -> None:
    assert [one.name for one in capabilities(requested, antennas=4, access_specs=1)] == told


def test_capabilities_come_back_from_their_octets_with_what_clients_look_up() -> None:
    given = list(capabilities(0, antennas=2, access_specs=0))
    octets = b"".join(map(encode_parameter, given))

    general, limits, regulatory, _ = decode_parameters(octets)
    band = regulatory.child(PARAMETER_NUMBERS["UHFBandCapabilities"])
    assert band is not None
    powers = [one.integer("TransmitPowerValue") for one in band.children if one.name == "TransmitPowerLevelTableEntry"]
    modes = band.child(PARAMETER_NUMBERS["UHFC1G2RFModeTable"])

    assert b"".join(map(encode_parameter, [*decode_parameters(octets)])) == octets
    assert (general.integer("MaxNumberOfAntennaSupported"), limits.integer("MaxNumAccessSpecs")) == (2, 0)
    assert (powers[0], powers[-1]) == (1000, 3000)  # hundredths of a dBm
    assert modes is not None
    assert [one.integer("ModeIdentifier") for one in modes.children] == [1]
