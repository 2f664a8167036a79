"""GS1 labels of goods: what the elements of a label mean for stock.

The label itself is read by ``twin.gs1``, as for devices and tags; here its elements get the names that stock uses, and
codes of this package's own, because people at a shelf are told what to do next in one set of words.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from inventory.model.scan import Scan, scan_of
from twin.clock import SystemClock
from twin.errors import DecodeError
from twin.gs1.associations import invalid_pairs
from twin.gs1.dates import moment_of
from twin.gs1.elements import LabelElement
from twin.gs1.labels import Label, LostSeparator, read_gs1_label

_TEXT_FIELDS: dict[str, str] = {
    "00": "sscc",
    "01": "gtin",
    "02": "contained_gtin",
    "10": "lot",
    "20": "variant",
    "21": "serial",
    "22": "consumer_variant",
    "235": "third_party_serial",
    "240": "additional_id",
    "241": "customer_part_number",
    "250": "secondary_serial",
    "400": "order_number",
    "410": "ship_to",
    "411": "bill_to",
    "412": "purchased_from",
    "413": "ship_for",
    "414": "gln",
    "415": "invoicing_party",
    "416": "production_place",
    "417": "party",
    "422": "country_of_origin",
    "710": "nhrn",
    "711": "nhrn",
    "712": "nhrn",
    "713": "nhrn",
    "714": "nhrn",
    "715": "nhrn",
    "716": "nhrn",
    "717": "nhrn",
    "8003": "grai",
    "8004": "giai",
    "8012": "software_version",
    "8017": "gsrn",
    "8018": "gsrn",
    "8020": "payment_reference",
}
_DATE_FIELDS: dict[str, str] = {
    "11": "production",
    "13": "packaging",
    "15": "best_before",
    "16": "sell_by",
    "17": "expiry",
    "7006": "first_freeze",
}
_MOMENT_FIELDS: dict[str, str] = {"7003": "expiry", "8008": "production"}
"""Days that may come with a time: the time has a field of its own beside the day's."""
_COUNT_FIELDS: dict[str, str] = {"30": "count", "37": "contained_count"}
_SEVERAL = frozenset({"nhrn"})
"""Fields of which one package may bear several: sold in two countries, it has the number of each."""
_VARIABLE_FIELDS: dict[str, str] = {"10": "lot", "21": "serial", "240": "additional", "30": "count", "37": "count"}
_CODES: dict[str, str] = {
    "gs1.check_digit": "scan.check_digit",
    "gs1.date": "scan.date",
    "gs1.date_form": "scan.date",
    "gs1.duplicate": "scan.contradiction",
}
"""What each fault of a label is called here; any other one means that it cannot be read."""


def read_gs1(text: str, *, today: date | None = None) -> Scan:
    """Read a GS1 label.

    Parameters
    ----------
    text : str
        As scanned with ASCII 29 as separator, or typed with brackets, or a bare GTIN, or a digital link.
    today : date, optional
        The day to which years of two digits are near; the present one (UTC) if it is not given.

    Raises
    ------
    DecodeError
        ``scan.check_digit``, ``scan.date`` or ``scan.contradiction``; ``scan.unreadable`` for what is no GS1 label.
    """
    day = today or datetime.fromtimestamp(SystemClock().now() / 1e6, UTC).date()
    try:
        label = read_gs1_label(text, today=day)
    except DecodeError as error:
        code = _CODES.get(error.code, "scan.unreadable")
        raise DecodeError(error.message, code=code) from error
    return _scan_of(label, day)


def _scan_of(label: Label, today: date) -> Scan:
    values = _values(label.elements, today)
    warnings: list[str] = []
    alternative: tuple[tuple[str, str], ...] = ()
    if label.lost is not None:
        alternative, warnings = _other_reading(label.lost, today)
    identifiers = {element.identifier for element in label.elements}
    warnings += [f"invalid_pair_{one}_{other}" for one, other in invalid_pairs(identifiers)]
    # 02 and 37 belong together: a logistic unit that tells only one of them leaves its content open
    if "02" in identifiers and "37" not in identifiers:
        warnings.append("missing_contained_count")
    if "37" in identifiers and not identifiers & {"02", "8026"}:
        warnings.append("missing_contained_gtin")
    pairs = tuple((element.identifier, element.value) for element in label.elements)
    return scan_of({**values, "elements": pairs, "warnings": tuple(warnings), "alternative": alternative})


def _values(elements: Iterable[LabelElement], today: date) -> dict[str, object]:
    values: dict[str, object] = {}
    for element in elements:
        for name, value in _named_values(element, today).items():
            if name in values and values[name] != value:
                if name in _SEVERAL:
                    continue  # the first one names the field; all of them stand among the elements
                raise DecodeError(
                    f"The label says {name} twice, {values[name]!r} and {value!r}: scan each label alone.",
                    code="scan.contradiction",
                )
            values[name] = value
    return values


def _named_values(element: LabelElement, today: date) -> dict[str, object]:
    identifier, value = element.identifier, element.value
    if name := _TEXT_FIELDS.get(identifier):
        return {name: value}
    if name := _COUNT_FIELDS.get(identifier):
        return {name: int(value)}
    if name := _DATE_FIELDS.get(identifier) or _MOMENT_FIELDS.get(identifier):
        moment = moment_of(identifier, value, today=today)
        told: dict[str, object] = {name: moment.day.isoformat()}
        if moment.time is not None:
            # Without zone: the label tells the local time of its place.
            told[f"{name}_datetime"] = datetime.combine(moment.day, moment.time).isoformat(timespec="minutes")
        return told
    if identifier[:3] == "310" and len(identifier) == 4:
        # the identifier's last digit says how many of the six digits are decimals
        return {"net_weight_g": int(value) * 1000 / 10 ** int(identifier[3])}
    return {}


def _other_reading(lost: LostSeparator, today: date) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Give what the label would say with the separator, and the warning that asks a person which of both is right."""
    field = _VARIABLE_FIELDS[lost.identifier]
    fields = {field: lost.value}
    fields |= {name: str(value) for name, value in _values(lost.rest, today).items()}
    return tuple(fields.items()), [f"suspicious_{field}_swallows_ai{lost.rest[0].identifier}"]
