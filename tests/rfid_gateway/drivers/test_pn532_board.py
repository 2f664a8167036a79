"""The driver of a PN532 on pins, with a board in the place of the library's: no pins exist where tests run."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from rfid_gateway.drivers.driver import BackoffSettings, ReaderLine, Surroundings
from rfid_gateway.drivers.pn532_board import Pn532Board, open_board
from tests.rfid_gateway.listeners import KeepingListener, until
from twin.clock import SystemClock
from twin.errors import ConfigurationError
from twin.events.watch import GatewayStatus

CARD = bytes.fromhex("04A1B2C3")


class ScriptedBoard:
    """Gives what a list says, look by look, and nothing afterwards."""

    firmware_version = (0x32, 1, 6, 7)

    def __init__(self, looks: list[Any]) -> None:
        self.looks = looks

    def SAM_configuration(self) -> None:  # noqa: N802 - the library's name
        return None

    def read_passive_target(self, card_baud: int = 0, timeout: float = 1) -> Any:
        found = self.looks.pop(0) if self.looks else None
        if isinstance(found, Exception):
            raise found
        return found


def driver_of(open_it: Any) -> tuple[Pn532Board, KeepingListener]:
    listener = KeepingListener()
    around = Surroundings(listener=listener, clock=SystemClock(), chance=np.random.default_rng(1))
    return Pn532Board(ReaderLine(device="nfc"), around, open_it, BackoffSettings(first_s=0.01, most_s=0.02)), listener


async def run_until(driver: Pn532Board, condition: Any) -> None:
    running = asyncio.create_task(driver.run())
    await until(condition)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_card_is_told_after_two_looks_and_damage_is_not() -> None:
    wrong = bytes.fromhex("04A1B2FF")
    two_cards = RuntimeError("More than one card detected!")
    board = ScriptedBoard([wrong, CARD, CARD, two_cards, b"\x01", None])
    driver, listener = driver_of(lambda _line: board)

    await run_until(driver, lambda: not board.looks and driver.health.messages > 5)

    assert {one.tag for one in listener.readings} == {"nfc:04A1B2C3"}
    assert driver.health.firmware == "1.6"


async def test_board_that_stumbles_again_and_again_is_set_up_anew() -> None:
    boards = [ScriptedBoard([OSError("bus")] * 20), ScriptedBoard([CARD, CARD])]
    driver, listener = driver_of(lambda _line: boards.pop(0))

    await run_until(driver, lambda: bool(listener.readings))

    assert [one.detail for one in listener.statuses][-2:] == ["connection_lost", ""]


async def test_computer_without_pins_is_told_as_such() -> None:
    driver, _ = driver_of(open_board)

    await run_until(driver, lambda: driver.health.detail == "not_installed")

    assert driver.health.status is GatewayStatus.OFFLINE


def test_unknown_bus_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        open_board(ReaderLine(device="nfc", options={"bus": "usb"}))


async def test_board_that_stumbles_now_and_then_stays_connected() -> None:
    board = ScriptedBoard([OSError("bus"), None] * 30 + [CARD, CARD])
    driver, listener = driver_of(lambda _line: board)

    await run_until(driver, lambda: bool(listener.readings))

    assert [one.detail for one in listener.statuses] == [""]
    assert driver.health.errors == 30
