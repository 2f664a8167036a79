from __future__ import annotations

import pytest

from rfid_gateway.modbus.decoding import decode
from rfid_gateway.modbus.map_import import profile_from_csv
from rfid_gateway.modbus.planning import plan
from twin.errors import ImportRefused

TABLE = """key,table,address,type,scale,unit,bits,labels,sentinels,plausible
air_c,input_registers,0x10,int16,0.1,°C,,,0x8000;0x7FFF,-40..85
door,input_registers,17,uint16,,state,3,0=closed;1=open,,
mode,input_registers,17,uint16,,state,4-6,,,
"""


def test_table_of_a_maker_becomes_a_profile() -> None:
    profile = profile_from_csv(TABLE, "map.csv", name="fridge-x")

    assert decode(profile.by_key["air_c"], [215]).value == 21.5
    assert decode(profile.by_key["air_c"], [0x7FFF]).value is None
    assert decode(profile.by_key["door"], [0b1000]).value == 1.0
    assert profile.by_key["door"].labels == {0: "closed", 1: "open"}
    assert decode(profile.by_key["mode"], [0b101_0000]).value == 5.0
    assert [(one.address, one.count) for one in plan(profile)] == [(16, 2)]


def test_semicolons_and_addresses_from_one_are_understood() -> None:
    profile = profile_from_csv("key;address;type\na;40;float32\n", "map.csv", name="x", address_base=1)

    assert plan(profile)[0].address == 39


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "row 1"),
        ("key,adress\na,1\n", "row 1"),  # a typing error in the header
        ("key,address\na,one\n", "row 2"),
        ("key,address\na,1\nB,2\n", "row 3"),
        ("key,address,unit\na,1,furlong\n", "row 2"),
        ("key,address\na,1,2,3\n", "row 2"),
        ("key,address\na,1\na,2\n", "map.csv"),  # the same key twice
        ("key,address,plausible\na,1,5..1\n", "row 2"),
    ],
)
def test_table_with_a_fault_is_refused_with_its_row(text: str, place: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        profile_from_csv(text, "map.csv", name="x")

    assert caught.value.problems[0].place == place
