"""What a simulated LLRP reader says that it can: all that clients of other makers look up before they ask for tags.

References
----------
EPCglobal Low Level Reader Protocol (LLRP) 1.0.1, sections 9.2 (capabilities) and 14.1 (of the air protocol). Channels
and bit rates as in Europe, ETSI EN 302 208.
"""

from __future__ import annotations

from collections.abc import Iterator

from rfid_gateway.rfid.llrp import building
from rfid_gateway.rfid.llrp.codec import Parameter

_ALL, _GENERAL, _LLRP, _REGULATORY, _AIR = range(5)  # RequestedData of GET_READER_CAPABILITIES
_GERMANY, _ETSI_302_208 = 276, 2  # ISO 3166 numeric; communications standard
_CHANNELS_KHZ = (865_700, 866_300, 866_900, 867_500)
_POWERS_CDBM = tuple(range(1000, 3025, 25))  # 10.00 to 30.00 dBm in steps of a quarter


def capabilities(requested: int, *, antennas: int, access_specs: int) -> Iterator[Parameter]:
    """Give the parameters of a GET_READER_CAPABILITIES_RESPONSE.

    Parameters
    ----------
    requested : int
        Which are asked for, as in the request; 0 for all.
    antennas : int
        How many antennas the reader has.
    access_specs : int
        How many access operations it takes; 0 for a reader that knows none.
    """
    if requested in (_ALL, _GENERAL):
        yield _general(antennas)
    if requested in (_ALL, _LLRP):
        yield building.parameter(
            "LLRPCapabilities",
            SupportsEventAndReportHolding=1,
            MaxPriorityLevelSupported=1,
            MaxNumROSpecs=1,
            MaxNumSpecsPerROSpec=1,
            MaxNumInventoryParameterSpecsPerAISpec=1,
            MaxNumAccessSpecs=access_specs,
            MaxNumOpSpecsPerAccessSpec=access_specs,
        )
    if requested in (_ALL, _REGULATORY):
        yield building.parameter(
            "RegulatoryCapabilities", _band(), CountryCode=_GERMANY, CommunicationsStandard=_ETSI_302_208
        )
    if requested in (_ALL, _AIR):
        yield building.parameter("C1G2LLRPCapabilities", MaxNumSelectFiltersPerQuery=2)


def _general(antennas: int) -> Parameter:
    return building.parameter(
        "GeneralDeviceCapabilities",
        building.parameter("ReceiveSensitivityTableEntry", Index=1),
        building.parameter("GPIOCapabilities"),
        *(building.parameter("PerAntennaAirProtocol", AntennaID=i + 1, ProtocolIDs=b"\x01") for i in range(antennas)),
        MaxNumberOfAntennaSupported=antennas,
        HasUTCClockCapability=1,
        DeviceManufacturerName=0,
        ReaderFirmwareVersion="simulated",
    )


def _band() -> Parameter:
    powers = (
        building.parameter("TransmitPowerLevelTableEntry", Index=i, TransmitPowerValue=power)
        for i, power in enumerate(_POWERS_CDBM, 1)
    )
    channels = building.parameter(
        "FrequencyInformation", building.parameter("FixedFrequencyTable", Frequencies=_CHANNELS_KHZ)
    )
    # One mode that every reader of this kind has: Miller 4 at 160 kbit/s of backscatter, for many readers at once.
    mode = building.parameter(
        "UHFC1G2RFModeTableEntry",
        ModeIdentifier=1,
        DRValue=1,
        MValue=2,
        ForwardLinkModulation=0,
        SpectralMaskIndicator=2,
        BDRValue=160_000,
        PIEValue=1500,
        MinTariValue=25_000,
        MaxTariValue=25_000,
    )
    return building.parameter("UHFBandCapabilities", *powers, channels, building.parameter("UHFC1G2RFModeTable", mode))
