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
    "text",
    [
        "key;address;scale;plausible\r\na;00040;0,1;-40,5..85,5\r\n",  # a decimal comma and filled addresses
        "key\taddress\tscale\tplausible\na\t40\t0.1\t-40.5..85.5\n",
        " Key ,ADDRESS,scale,plausible,,\n,,,,,\na,0x28,0.1,-40.5..85.5,,\n",  # empty columns and rows
        "\ufeff\n\nkey,address,scale,plausible\n a , 40 ,0.1,-40.5..85.5",
        '"key","address","scale","plausible"\n"a","40","0.1","-40.5..85.5"\n',
    ],
)
def test_table_is_read_however_a_spreadsheet_wrote_it(text: str) -> None:
    (signal,) = profile_from_csv(text, "map.csv", name="x").signals

    assert (signal.key, signal.address, signal.scale, signal.plausible) == ("a", 40, 0.1, (-40.5, 85.5))


def test_kinds_and_orders_are_read_in_either_case() -> None:
    profile = profile_from_csv(
        "key,table,address,type,order,poll\na,Input_Registers,1,FLOAT32,cdab,Fast\n", "map.csv", name="x"
    )

    assert decode(profile.by_key["a"], [0, 0x42C8]).value == 100.0
    assert plan(profile)[0].table.function_code == 4


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "row 1"),
        ("key,key\na,1\n", "row 1"),
        ('key,address\na,1\n"b,2\n', "map.csv"),  # a quotation mark that nobody closes
        ("key,address\na," + "1" * 140_000 + "\n", "map.csv"),
        ("key,address\na,1_000\n", "row 2"),
        ('key,address,scale\na,1,"1,5"\n', "row 2"),  # with commas between columns it may be a thousand and five
        ("key,address,scale\na,1,0\n", "row 2"),
        ("\n\nkey,address\na,one\n", "row 4"),
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


def test_name_that_no_profile_may_have_is_refused_as_such() -> None:
    with pytest.raises(ImportRefused) as caught:
        profile_from_csv("key,address\na,1\n", "map.csv", name="My Fridge")

    assert [(one.field, one.place) for one in caught.value.problems] == [("name", "--name")]
