"""Which devices a safety notice means: too many is as bad as too few, since each of them is kept from use."""

from __future__ import annotations

import pytest

from assets.model.notices import Certainty, Clause, Span
from assets.model.register import Asset
from assets.rules.notices import clause_applies, is_within, parse_free_text

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


@pytest.mark.parametrize(
    ("text", "lot", "wanted"),
    [
        ("All lots", "L1", Certainty.CERTAIN),
        ("ALL UNITS and all serial numbers", "", Certainty.CERTAIN),
        ("All lots except A100", "L1", Certainty.POSSIBLE),  # which ones is for a person to read
        ("All units made before May", "L1", Certainty.POSSIBLE),
        ("All devices with software 4.2", "L1", Certainty.POSSIBLE),
        ("Lots A100 to A250; B7, B9", "A150", Certainty.POSSIBLE),  # words are never certain by themselves
        ("Lots A100 to A250; B7, B9", "B8", Certainty.NONE),
        ("Lots A100 to A250; B7, B9", "", Certainty.POSSIBLE),  # nobody knows its lot
        ("Not affected: lots A100 to A250", "A150", Certainty.POSSIBLE),
        ("See the letter of the maker", "A150", Certainty.POSSIBLE),
    ],
)
def test_a_notice_in_words_is_certain_only_if_it_means_all(text: str, lot: str, wanted: Certainty) -> None:
    clause = Clause(manufacturer="acme", free_text=text)

    assert clause_applies(Asset(**PUMP, lot=lot), clause) is wanted


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("A100 - A250", [("A100", "A250")]),
        ("A100–A250", [("A100", "A250")]),  # a dash joins a range, a hyphen is part of a code
        ("AB-12-7 through AB-12-9", [("AB-12-7", "AB-12-9")]),
        ("A10 to C20", [("A10", "A10"), ("C20", "C20")]),  # no range: B15 does not lie between them
        ("serial 77", [("77", "77")]),
    ],
)
def test_codes_and_ranges_are_found_in_words(text: str, spans: list[tuple[str, str]]) -> None:
    assert [(span.low, span.high) for span in parse_free_text(text).spans] == spans


@pytest.mark.parametrize(
    ("code", "low", "high", "is_version", "wanted"),
    [
        ("A9", "A1", "A10", False, True),  # digits are numbers
        ("B5", "A1", "A10", False, False),
        ("A5", "", "A10", False, True),
        ("", "A1", "A10", False, False),
        ("2.1.3", "", "2.1", True, True),  # "up to 2.1" includes its patches
        ("2.2", "", "2.1", True, False),
        ("1.9", "2.0", "", True, False),
        ("2", "2.0", "", True, True),  # written shorter, the same version
        ("2.1", "2.1.0", "2.1.0", True, True),
        ("2.1.0.0", "", "2.1", True, True),
        ("2.1.3", "", "2.1.0", True, False),
        ("2.0.1", "2", "2.0.0", True, False),
    ],
)
def test_a_code_lies_within_a_span(code: str, low: str, high: str, is_version: bool, wanted: bool) -> None:
    assert is_within(code, Span(low=low, high=high), is_version=is_version) is wanted
