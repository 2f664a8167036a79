"""HIBC labels: primary and secondary data with the modulo-43 check character."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from assets.rules.udi.fields import DeviceLabel, day_of, day_of_year
from twin.errors import DecodeError
from twin.gs1.dates import full_year

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
_PRIMARY = re.compile(r"([A-Z][A-Z0-9]{3})([A-Z0-9]{1,18})([0-9])")
# Length of the date after its format digit, and how it is to be read; ANSI/HIBC 2.6, table 2.
_DATE_FORMATS = {"2": "MMDDYY", "3": "YYMMDD", "4": "YYMMDDHH", "5": "YYJJJ", "6": "YYJJJHH"}


def check_character(text: str, *, offset: int = 0) -> str:
    """Give the modulo-43 check character of a string without it.

    Parameters
    ----------
    text : str
        From the plus sign on.
    offset : int
        Where the string begins, for the message.

    Raises
    ------
    DecodeError
        If a character is outside the alphabet.

    References
    ----------
    ANSI/HIBC 2.6 (2016), appendix B.

    Examples
    --------
    >>> check_character("+A123BJC5D6E71")
    'G'
    """
    total = 0
    for place, character in enumerate(text):
        value = ALPHABET.find(character)
        if value < 0:
            message = f"{character!r} cannot stand in a HIBC label."
            raise DecodeError(message, code="udi.character", offset=offset + place)
        total += value
    return ALPHABET[total % 43]


def parse_hibcc(text: str, *, today: date) -> DeviceLabel:
    """Read a HIBC label.

    Parameters
    ----------
    text : str
        From the plus sign to the check character; asterisks of printed text are passed over.
    today : date
        The present day, to which years of two digits are near.

    Raises
    ------
    DecodeError
        If the form or the check character is wrong.
    """
    plain = _with_check_character(text.strip("*"))
    if len(plain) < 4:
        raise DecodeError("A HIBC label has at least a labeler, a product and a check character.", code="udi.length")
    if plain[0] != "+":
        # Asterisks alone are any Code 39: its first character must not pass for the flag of a HIBC label.
        raise DecodeError(f"A HIBC label begins with +, not with {plain[0]!r}.", code="udi.issuer", offset=0)
    expected = check_character(plain[:-1])
    if plain[-1] != expected:
        message = f"The check character is {plain[-1]!r}, expected {expected!r}."
        raise DecodeError(message, code="udi.check_digit", offset=len(plain) - 1)
    body = plain[1:-1]
    if body[:1] == "$" or body[:1].isdigit():
        # A symbol of secondary data alone ends with the link character: the check character of its primary symbol.
        alone = DeviceLabel(issuer="HIBCC", warnings=("udi.no_device_identifier",))
        return _secondary(alone, body[:-1], 1, today)
    parts = body.split("/")
    primary = _PRIMARY.fullmatch(parts[0])
    if primary is None:
        message = f"Expected labeler (4), product (1 to 18) and package level (1 digit), got {parts[0]!r}."
        raise DecodeError(message, code="udi.primary", offset=1)
    names = {"labeler": primary.group(1), "product": primary.group(2), "package_level": primary.group(3)}
    label = DeviceLabel(issuer="HIBCC", device_identifier=parts[0], others=names)
    offset = 2 + len(parts[0])
    for number, part in enumerate(parts[1:]):
        label = _secondary(label, part, offset, today) if number == 0 else _supplement(label, part, offset)
        offset += len(part) + 1
    return label


def _with_check_character(plain: str) -> str:
    """Give a label with its check character, where that is the space: printed as an underscore, or lost in a field.

    References
    ----------
    ANSI/HIBC 2.6 (2016), appendix B: a space is shown as an underscore for people to read.
    """
    if plain.endswith("_"):
        return f"{plain[:-1]} "
    body = plain.rstrip(" ")
    if len(body) < 2 or any(character not in ALPHABET for character in body):
        return body  # told as no label, with the place, by whoever reads it
    closes, closes_by_space = check_character(body[:-1]) == body[-1], check_character(body) == " "
    if closes and closes_by_space and body != plain:
        message = "It ends in a space that may be its check character, and may be none of its own: scan it again."
        raise DecodeError(message, code="udi.check_digit", offset=len(body))
    # One label in 43 ends in a space, which fields and programs cut off.
    return f"{body} " if closes_by_space and not closes else body


def _secondary(label: DeviceLabel, part: str, offset: int, today: date) -> DeviceLabel:
    if not part.startswith("$"):
        if re.fullmatch(r"\d{5}[A-Z0-9\-. ]{0,18}", part):
            day = day_of_year(full_year(int(part[:2]), today), int(part[2:5]), offset=offset)
            return replace(label, expires_on=day, lot=part[5:])
        return _supplement(label, part, offset)
    is_dated = part.startswith("$$")
    rest = part[2:] if is_dated else part[1:]
    is_serial = rest.startswith("+")
    rest = rest[1:] if is_serial else rest
    if is_dated:
        label, rest = _quantity(label, rest, offset)
        label, rest = _date(label, rest, offset, today)
    if len(rest) > 18:
        raise DecodeError(f"{rest!r} is longer than 18 characters.", code="udi.value", offset=offset)
    return replace(label, serial=rest) if is_serial else replace(label, lot=rest)


def _quantity(label: DeviceLabel, rest: str, offset: int) -> tuple[DeviceLabel, str]:
    length = {"8": 2, "9": 5}.get(rest[:1], 0)
    if not length:
        return label, rest
    digits = rest[1 : 1 + length]
    if len(digits) != length or not digits.isdigit():
        raise DecodeError(f"Expected {length} digits of quantity, got {digits!r}.", code="udi.value", offset=offset)
    return replace(label, quantity=int(digits)), rest[1 + length :]


def _date(label: DeviceLabel, rest: str, offset: int, today: date) -> tuple[DeviceLabel, str]:
    # 7 stands for "no date".
    if rest[:1] == "7" or not rest:
        return label, rest[1:]
    # Without a format digit: only a month begins with 0 or 1.
    if rest[0] in "01":
        pattern, digits, rest = "MMYY", rest[:4], rest[4:]
    else:
        pattern = _DATE_FORMATS.get(rest[0], "")
        digits, rest = rest[1 : 1 + len(pattern)], rest[1 + len(pattern) :]
    if not pattern or len(digits) != len(pattern) or not digits.isdigit():
        raise DecodeError(f"{digits!r} is no date of a HIBC label.", code="udi.date", offset=offset)

    def number(mark: str) -> int:
        return int(digits[pattern.index(mark) : pattern.index(mark) + len(mark)])

    year = full_year(number("YY"), today)
    if "JJJ" in pattern:
        day = day_of_year(year, number("JJJ"), offset=offset)
    else:
        day = day_of(year, number("MM"), number("DD") if "DD" in pattern else 0, offset=offset)
    hour = number("HH") if "HH" in pattern else None
    if hour is not None and hour > 23:
        raise DecodeError(f"There is no hour {hour}.", code="udi.date", offset=offset)
    return replace(label, expires_on=day, expires_at_hour=hour), rest


def _supplement(label: DeviceLabel, part: str, offset: int) -> DeviceLabel:
    for prefix in ("14D", "16D"):
        if part.startswith(prefix):
            digits = part[3:]
            # Always eight: strptime would also take seven, and read 2026113 as the first of November or the like.
            if len(digits) != 8 or not digits.isdigit():
                raise DecodeError(f"{digits!r} is no date: give YYYYMMDD.", code="udi.date", offset=offset)
            try:
                day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
            except ValueError as error:
                raise DecodeError(f"{digits!r} is no date.", code="udi.date", offset=offset) from error
            return replace(label, expires_on=day) if prefix == "14D" else replace(label, manufactured_on=day)
    if part[:1] == "S":
        return replace(label, serial=part[1:])
    if part[:1] == "L":
        return replace(label, lot=part[1:])
    if part[:1] == "Q" and part[1:].isdigit():
        return replace(label, quantity=int(part[1:]))
    raise DecodeError(f"{part!r} is no supplemental data of a HIBC label.", code="udi.supplement", offset=offset)
