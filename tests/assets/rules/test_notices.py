"""Which devices a safety notice means: too many is as bad as too few, since each of them is kept from use."""

from __future__ import annotations

import pytest

from assets.model.notices import Certainty, Clause
from assets.model.register import Asset
from assets.rules.notices import clause_applies

PUMP = {"id": "a", "control_no": "a", "category": "pump", "name": "Pump", "manufacturer": "Acme", "model": "IP 20"}


@pytest.mark.parametrize(
    ("gtin", "aliases", "wanted"),
    [
        ("09506000134352", (), Certainty.CERTAIN),
        ("9506000134352", (), Certainty.CERTAIN),  # its thirteen digits
        ("09506000134369", ("09506000134352",), Certainty.CERTAIN),  # a package of its model
        ("09506000134369", (), Certainty.NONE),  # another product of the maker
        ("", (), Certainty.POSSIBLE),  # nobody knows which product it is
    ],
)
def test_a_notice_on_a_maker_s_product_does_not_mean_all_of_the_maker_s(
    gtin: str, aliases: tuple[str, ...], wanted: Certainty
) -> None:
    clause = Clause(manufacturer="ACME", device_identifiers=("09506000134352",))

    assert clause_applies(Asset(**PUMP, gtin=gtin), clause, aliases=aliases) is wanted


def test_a_notice_on_all_of_a_maker_s_devices_means_them_all() -> None:
    assert clause_applies(Asset(**PUMP, gtin="1"), Clause(manufacturer="acme")) is Certainty.CERTAIN
    assert clause_applies(Asset(**PUMP | {"manufacturer": ""}), Clause(manufacturer="acme")) is Certainty.NONE
