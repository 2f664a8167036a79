"""Which kinds of reader there are: ours, and those that other packages offer by an entry point.

A package adds a kind by an entry point in the group ``hospital_twin.gateway_drivers`` whose value is a
:data:`Factory`: it takes a :class:`driver.ReaderLine` and the :class:`driver.Surroundings` and gives a driver.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

from rfid_gateway.drivers.chafon_reader import ChafonReader
from rfid_gateway.drivers.driver import Driver, ReaderLine, Surroundings
from rfid_gateway.drivers.em4100_reader import Em4100Reader, Em4100Settings
from rfid_gateway.drivers.impinj_r700 import ImpinjR700
from rfid_gateway.drivers.llrp_reader import TID_WORDS, LlrpReader, LlrpReaderSettings
from rfid_gateway.drivers.mqtt_reader import MqttReader, decoder_of
from rfid_gateway.drivers.pn532_board import Pn532Board
from rfid_gateway.drivers.pn532_reader import Pn532Reader, Pn532Settings
from rfid_gateway.rfid.llrp.building import InventorySetup
from rfid_gateway.transports.connection import Connection, Connector
from rfid_gateway.transports.serial_line import open_serial
from rfid_gateway.transports.tcp import open_tcp
from twin.errors import ConfigurationError

GROUP = "hospital_twin.gateway_drivers"
Factory = Callable[[ReaderLine, Surroundings], Driver]
"""Makes the driver of one reader."""


def connector(line: ReaderLine, around: Surroundings, baud: int) -> Connector:
    """Give what opens a reader's line: serial if it has a path, else TCP, with the gateway's ear on it."""

    async def connect() -> Connection:
        if line.path:
            return await open_serial(line.path, baud)
        return await open_tcp(line.host, line.port, tls=line.tls)

    return around.tap(line.device, connect)


def _whole_number(line: ReaderLine, name: str, usual: int, most: int) -> int:
    """Give an option that is a whole number.

    Raises
    ------
    ConfigurationError
        If it is none, or too large.
    """
    text = line.options.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit()) or int(text) > most:
        raise ConfigurationError(
            f"Reader {line.device}: options.{name}: expected 0 to {most}, got {text[:20]!r}.", code="gateway.option"
        )
    return int(text)


def llrp(line: ReaderLine, around: Surroundings) -> Driver:
    """Make the driver of an LLRP reader.

    Options: ``session`` (0 to 3), ``expected_tags``, ``power_index`` (of the reader's own table; 0 leaves its power).
    """
    usual = InventorySetup()
    settings = LlrpReaderSettings(
        device=line.device,
        setup=InventorySetup(
            antennas=line.antennas,
            session=_whole_number(line, "session", usual.session, 3),
            expected_tags=_whole_number(line, "expected_tags", usual.expected_tags, 0xFFFF),
            power_index=_whole_number(line, "power_index", usual.power_index, 0xFFFF),
        ),
        identity=line.identity,
        keepalive_s=line.keepalive_s,
        tid_words=TID_WORDS if line.reads_tid else 0,
    )
    return LlrpReader(settings, connector(line, around, 0), around)


def pn532(line: ReaderLine, around: Surroundings) -> Driver:
    """Make the driver of a PN532 on a serial line."""
    return Pn532Reader(Pn532Settings(device=line.device), connector(line, around, 115_200), around)


def pn532_board(line: ReaderLine, around: Surroundings) -> Driver:
    """Make the driver of a PN532 on I2C or SPI."""
    return Pn532Board(line, around)


def em4100(line: ReaderLine, around: Surroundings) -> Driver:
    """Make the driver of a 125 kHz reader."""
    return Em4100Reader(Em4100Settings(device=line.device), connector(line, around, 9_600), around)


def chafon(line: ReaderLine, around: Surroundings) -> Driver:
    """Make the driver of a Chafon reader."""
    return ChafonReader(line, connector(line, around, 57_600), around)


def impinj_r700(line: ReaderLine, around: Surroundings) -> Driver:
    """Make the driver of an Impinj R700 by REST."""
    return ImpinjR700(line, around)


def zebra_mqtt(line: ReaderLine, around: Surroundings) -> Driver:
    """Make the driver of a Zebra reader behind a broker."""
    return MqttReader(line, decoder_of("zebra_mqtt", line), around)


def mqtt(line: ReaderLine, around: Surroundings) -> Driver:
    """Make the driver of any program that publishes tags as JSON."""
    return MqttReader(line, decoder_of("mqtt", line), around)


OURS: dict[str, Factory] = {
    "llrp": llrp,
    "pn532": pn532,
    "pn532_board": pn532_board,
    "em4100": em4100,
    "chafon": chafon,
    "impinj_r700": impinj_r700,
    "zebra_mqtt": zebra_mqtt,
    "mqtt": mqtt,
}
# LLRP 5084 is registered with IANA.
USUAL_PORTS = {"llrp": 5084, "chafon": 27_011, "impinj_r700": 443, "zebra_mqtt": 1883, "mqtt": 1883}
"""Port of a kind where the settings name none."""


def known_kinds() -> list[str]:
    """Give the names of all kinds, ours first."""
    # Ours go first and cannot be replaced by a package that happens to use the name.
    others = sorted({one.name for one in entry_points(group=GROUP)} - set(OURS))
    return [*OURS, *others]


def factory_of(kind: str) -> Factory:
    """Give what makes drivers of a kind.

    Raises
    ------
    ConfigurationError
        If there is no such kind, or its package cannot be loaded.
    """
    if kind in OURS:
        return OURS[kind]
    for one in entry_points(group=GROUP, name=kind):
        try:
            found: Factory = one.load()
        except (ImportError, AttributeError) as error:
            raise ConfigurationError(f"Readers of kind {kind!r}: {one.value} cannot be loaded: {error}.") from error
        return found
    raise ConfigurationError(f"There are no readers of kind {kind!r}; there are {', '.join(known_kinds())}.")
