"""GS1 labels of devices: what the elements of a label mean for a device.

The label itself is read by ``twin.gs1``, as for goods and tags; here its elements become the parts of a unique device
identifier, and its faults get the codes that all issuing agencies share.
"""

from __future__ import annotations

from datetime import date

from assets.rules.udi.fields import DeviceLabel
from twin.errors import DecodeError
from twin.gs1.associations import invalid_pairs
from twin.gs1.dates import Moment, moment_of
from twin.gs1.elements import LabelElement
from twin.gs1.labels import Label, read_gs1_label

_CODES = {"gs1.date_form": "udi.value", "gs1.no_key": "udi.unknown_ai"}
_OWN = frozenset({"01", "10", "21", "17", "7003", "11", "8012", "30", "37", "8004", "8003"})
_FIELD_BY_IDENTIFIER = {"10": "lot", "21": "serial", "240": "additional", "30": "count", "37": "count"}
_DATE_BY_IDENTIFIER = {"17": "expiry", "15": "best_before", "11": "production"}


def parse_gs1(text: str, *, today: date) -> DeviceLabel:
    """Read a GS1 label.

    Parameters
    ----------
    text : str
        As scanned, with FNC1 as character 29, as printed with brackets, as a bare GTIN, or as a Digital Link.
    today : date
        The present day, to which years of two digits are near.

    Raises
    ------
    DecodeError
        If an identifier is unknown, a value has the wrong form, or a check digit is wrong.
    """
    try:
        label = read_gs1_label(text, today=today)
    except DecodeError as error:
        # The message tells the offset already; the attribute is for programs.
        told = DecodeError(error.message, code=_CODES.get(error.code, error.code.replace("gs1.", "udi.")))
        told.offset = error.offset
        raise told from error
    return _device_label(label, today)


def _moment(element: LabelElement | None, today: date) -> Moment | None:
    if element is None:
        return None
    return moment_of(element.identifier, element.value, today=today, offset=element.offset)


def _device_label(label: Label, today: date) -> DeviceLabel:
    values = {element.identifier: element for element in label.elements}

    def text(identifier: str) -> str:
        return values[identifier].value if identifier in values else ""

    expiry, exact = _moment(values.get("17"), today), _moment(values.get("7003"), today)
    made = _moment(values.get("11"), today)
    last = expiry or exact
    count = text("30") or text("37")
    return DeviceLabel(
        issuer="GS1",
        device_identifier=text("01"),
        gtin=text("01"),
        lot=text("10"),
        serial=text("21"),
        software_version=text("8012"),
        expires_on=last.day if last is not None else None,
        expires_at_hour=exact.time.hour if exact is not None and exact.time is not None else None,
        manufactured_on=made.day if made is not None else None,
        quantity=int(count) if count else None,
        asset_identifier=text("8004") or text("8003"),
        others={element.identifier: element.value for element in label.elements if element.identifier not in _OWN},
        warnings=tuple(_warnings(label)),
    )


def _warnings(label: Label) -> list[str]:
    found = []
    if label.lost is not None:
        first = label.lost.rest[0].identifier
        found.append(f"udi.{_FIELD_BY_IDENTIFIER[label.lost.identifier]}_swallows_{_DATE_BY_IDENTIFIER[first]}")
    identifiers = {element.identifier for element in label.elements}
    found += [f"udi.invalid_pair_{one}_{other}" for one, other in invalid_pairs(identifiers)]
    if not identifiers & {"01", "8004", "8003"}:
        found.append("udi.no_device_identifier")
    return found
