"""The gateway as a program of its own: ``python -m rfid_gateway FILE``; also what ``hospital-twin gateway`` calls."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from rfid_gateway.drivers.driver import end_tasks
from rfid_gateway.uplink.configuration import GatewaySettings, parse_settings
from rfid_gateway.uplink.control import ControlSettings, Desk, GatewayControl
from rfid_gateway.uplink.desk import HttpDesk
from rfid_gateway.uplink.http import HttpSink
from rfid_gateway.uplink.key import UplinkKey
from rfid_gateway.uplink.mqtt import MqttSink
from rfid_gateway.uplink.mqtt_desk import MqttDesk
from rfid_gateway.uplink.runtime import GatewayRuntime
from twin.clock import SystemClock
from twin.errors import ConfigurationError, HospitalTwinError


async def run_gateway(file: Path, seconds: float = 0.0) -> None:
    """Serve the readers and machines of a settings file.

    Parameters
    ----------
    file : Path
        Settings (YAML); they name the core's address and key.
    seconds : float
        Stop after so many seconds; 0 runs until cancelled.

    Raises
    ------
    ConfigurationError
        If the file names no core.
    ImportRefused
        If the file breaks a rule.
    """
    settings = parse_settings(file.read_text(encoding="utf-8"), file.name)
    uplink = settings.uplink
    if not uplink.url:
        raise ConfigurationError(f"{file.name}: uplink.url is missing: name the core's address.")
    clock = SystemClock()
    is_behind_broker = uplink.url.startswith(("mqtt://", "mqtts://"))
    kept = settings.spool.with_suffix(".settings.yaml") if settings.spool else None
    key = UplinkKey(uplink.api_key, settings.spool.with_suffix(".key") if settings.spool else None)

    def build(told: GatewaySettings) -> GatewayRuntime:
        # A sink is closed with its gateway: each gets its own.
        if is_behind_broker:
            return GatewayRuntime(told, MqttSink(uplink.url, settings.id, answer_s=uplink.answer_s), clock)
        return GatewayRuntime(told, HttpSink(uplink.url, key, answer_s=uplink.answer_s), clock)

    desk: Desk = MqttDesk(uplink.url, settings.id) if is_behind_broker else HttpDesk(uplink.url, key)
    # The password at a broker is the broker's business: no order can change it.
    control = ControlSettings(kept=kept, key=None if is_behind_broker else key)
    running = asyncio.create_task(GatewayControl(settings, build, desk, clock, control).run())
    try:
        # asyncio.wait, not wait_for: it leaves the task running at the timeout, and end_tasks cancels it until it has
        # ended.
        await asyncio.wait({running}, timeout=seconds or None)
        if running.done():
            await running
    finally:
        await end_tasks([running])


def main() -> int:
    """Run the gateway of the settings file named on the command line; give the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m rfid_gateway FILE\n")
        return 2
    try:
        asyncio.run(run_gateway(Path(sys.argv[1])))
    except HospitalTwinError as error:
        sys.stderr.write(f"{error.message} ({error.code})\n")
        return 2
    except (OSError, UnicodeError) as error:
        sys.stderr.write(f"{sys.argv[1]}: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
