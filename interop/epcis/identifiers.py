"""GS1 identifiers and vocabulary in one canonical form: URN and Digital Link of one thing become one text.

The canonical form of a key is the GS1 Digital Link URI of ``id.gs1.org``; that of a term of the Core Business
Vocabulary is its Web URI. Queries, traces and the event hash all compare canonical forms, so that it does not matter
which one a partner sends.

References
----------
GS1 Digital Link URI Syntax 1.4; GS1 EPC Tag Data Standard 2.0, section 6; GS1 Core Business Vocabulary 2.0, chapter 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from twin.gs1.keys import check_digit
from twin.gs1.links import IDENTIFIER_BY_NAME

HOST = "https://id.gs1.org"
CBV = "https://ref.gs1.org/cbv/"
VOC = "https://gs1.org/voc/"

# Characters that a URN may carry bare but that the canonical link writes escaped.
_ESCAPED = {mark: f"%{ord(mark):02X}" for mark in "!()*+,:#?/ "}


def _closed(digits: str) -> str:
    return digits + check_digit(digits) if digits.isascii() and digits.isdigit() else digits


def _gtin(prefix: str, item: str) -> str:
    return _closed(item[:1] + prefix + item[1:])


def _text(serial: str) -> str:
    return "".join(_ESCAPED.get(mark, mark) for mark in serial)


def _with(head: str, qualifier: str, value: str) -> str:
    return f"{head}/{qualifier}/{_text(value)}" if value != "*" else head


def _sgln(parts: list[str]) -> str:
    head = f"/414/{_closed(parts[0] + parts[1])}"
    return head if parts[2] in ("0", "*") else f"{head}/254/{_text(parts[2])}"


def _closed_serial(ai: str, lead: str = "") -> Callable[[list[str]], str]:
    return lambda parts: f"/{ai}/{lead}{_closed(parts[0] + parts[1])}{'' if parts[2] == '*' else _text(parts[2])}"


_LINKS: dict[str, tuple[int, Callable[[list[str]], str]]] = {
    "sgtin": (3, lambda parts: _with(f"/01/{_gtin(parts[0], parts[1])}", "21", parts[2])),
    "lgtin": (3, lambda parts: _with(f"/01/{_gtin(parts[0], parts[1])}", "10", parts[2])),
    "upui": (3, lambda parts: _with(f"/01/{_gtin(parts[0], parts[1])}", "235", parts[2])),
    "sscc": (2, lambda parts: f"/00/{_gtin(parts[0], parts[1])}"),
    "sgln": (3, _sgln),
    "pgln": (2, lambda parts: f"/417/{_closed(parts[0] + parts[1])}"),
    "grai": (3, _closed_serial("8003", "0")),
    "gdti": (3, _closed_serial("253")),
    "sgcn": (3, _closed_serial("255")),
    "giai": (2, lambda parts: f"/8004/{parts[0]}{_text(parts[1])}"),
    "gsrn": (2, lambda parts: f"/8018/{_closed(parts[0] + parts[1])}"),
    "gsrnp": (2, lambda parts: f"/8017/{_closed(parts[0] + parts[1])}"),
    "ginc": (2, lambda parts: f"/401/{parts[0]}{_text(parts[1])}"),
    "gsin": (2, lambda parts: f"/402/{_closed(parts[0] + parts[1])}"),
    "cpi": (3, lambda parts: _with(f"/8010/{parts[0]}{_text(parts[1])}", "8011", parts[2])),
    "itip": (5, lambda parts: _with(f"/8006/{_gtin(parts[0], parts[1])}{parts[2]}{parts[3]}", "21", parts[4])),
}

_KEYS: dict[str, str] = {
    "00": r"\d{18}",
    "01": r"\d{8}|\d{12,14}",
    "253": r"\d{13}[^/]{0,17}",
    "255": r"\d{13}\d{0,12}",
    "401": r"[^/]{1,30}",
    "402": r"\d{17}",
    "414": r"\d{13}",
    "417": r"\d{13}",
    "8003": r"\d{14}[^/]{0,16}",
    "8004": r"[^/]{1,30}",
    "8006": r"\d{18}",
    "8010": r"[^/]{1,30}",
    "8013": r"[^/]{1,25}",
    "8017": r"\d{18}",
    "8018": r"\d{18}",
}
_QUALIFIERS = frozenset({"22", "10", "21", "254", "8011", "8019", "235"})
_PRIMARY = "|".join((*_KEYS, *(name for name, ai in IDENTIFIER_BY_NAME.items() if ai in _KEYS)))
_LINK = re.compile(rf"https?://[^/]+(?:/[^?#]*?)?/({_PRIMARY})/([^/?#]+)((?:/[^/?#]+/[^/?#]+)*)(?:[?#].*)?")


def _from_urn(text: str) -> str:
    # urn:epc:id:SCHEME:parts, urn:epc:class:lgtin:parts, urn:epc:idpat:SCHEME:parts
    head = text.split(":", 4)
    if len(head) < 5 or head[2] not in ("id", "class", "idpat"):
        return text
    scheme, parts = head[3], head[4].split(".")
    count, link = _LINKS.get(scheme, (0, lambda _parts: ""))
    if not count or len(parts) < count:
        return text
    # A serial may hold dots itself: only the parts before it are parted by them.
    parts = [*parts[: count - 1], ".".join(parts[count - 1 :])]
    # A pattern with more than its serial open names no single class: it stays what it is.
    return text if "*" in parts[:-1] else HOST + link(parts)


def canonical_key(text: str) -> str:
    """Give a GS1 key as its canonical Digital Link; anything else unchanged.

    Parameters
    ----------
    text : str
        An EPC URN (also a class or a pattern with an open serial), or a Digital Link of any domain, with the AIs as
        numbers or as their short names.

    Examples
    --------
    >>> canonical_key("urn:epc:id:sgtin:4012345.011111.9876")
    'https://id.gs1.org/01/04012345111118/21/9876'
    >>> canonical_key("https://example.com/gtin/9780345418913/ser/7?abc=1")
    'https://id.gs1.org/01/09780345418913/21/7'
    """
    if text.startswith("urn:epc:"):
        return _from_urn(text)
    found = _LINK.fullmatch(text) if text.startswith("http") else None
    if found is None:
        return text
    ai = IDENTIFIER_BY_NAME.get(found[1], found[1])
    # A GTIN of 8, 12 or 13 digits is the same key as its fourteen.
    value = found[2].zfill(14) if ai == "01" else found[2]
    if not re.fullmatch(_KEYS[ai], value):
        return text
    steps = found[3].split("/")[1:]
    names = [IDENTIFIER_BY_NAME.get(name, name) for name in steps[::2]]
    if not _QUALIFIERS.issuperset(names):
        return text
    rest = "".join(f"/{name}/{_text(part)}" for name, part in zip(names, steps[1::2], strict=True))
    return f"{HOST}/{ai}/{_text(value)}{rest}"


VOCABULARY = {
    "bizStep": "BizStep-",
    "disposition": "Disp-",
    "set": "Disp-",
    "unset": "Disp-",
    "bizTransactionType": "BTT-",
    "sourceDestType": "SDT-",
    "component": "Comp-",
    "reason": "ER-",
}
"""Start of the Web URI of a term, behind :data:`CBV`, by the field that holds it."""
_URN_KINDS = {"bizstep": "BizStep-", "disp": "Disp-", "btt": "BTT-", "sdt": "SDT-", "er": "ER-"}


def canonical_term(field: str, text: str) -> str:
    """Give a term of the Core Business Vocabulary as its Web URI; a term of somebody else unchanged.

    Parameters
    ----------
    field : str
        Key of :data:`VOCABULARY`.
    text : str
        Bare (``shipping``), as URN, or as Web URI.

    Examples
    --------
    >>> canonical_term("bizStep", "shipping") == canonical_term("bizStep", "urn:epcglobal:cbv:bizstep:shipping")
    True
    """
    if text.startswith("urn:epcglobal:cbv:"):
        _, _, kind, name = [*text.split(":", 4)[1:], ""][:4]
        return CBV + _URN_KINDS[kind] + name if kind in _URN_KINDS and name else text
    if text.startswith("cbv:"):
        return CBV + text[4:]
    return CBV + VOCABULARY[field] + text if text and ":" not in text else text


def bare_term(field: str, text: str) -> str:
    """Give a term without the start of its Web URI, as partners write it most."""
    return canonical_term(field, text).removeprefix(CBV + VOCABULARY[field])


def like_of(pattern: str) -> str:
    """Give the SQL LIKE pattern (escape character backslash) of canonical keys that an EPC pattern means.

    Parameters
    ----------
    pattern : str
        ``urn:epc:idpat:…`` with asterisks, or a key; a key means itself.

    Examples
    --------
    >>> like_of("urn:epc:idpat:sgtin:0614141.*.*")
    'https://id.gs1.org/01/_0614141%/21/%'
    """
    head = pattern.split(":", 4)
    if not pattern.startswith("urn:epc:idpat:") or len(head) < 5 or "*" not in head[4]:
        return _plain(canonical_key(pattern))
    scheme, parts = head[3], head[4].split(".")
    if len(parts) > 1 and "*" in parts[1:-1] and scheme in ("sgtin", "lgtin", "upui"):
        # The indicator stands before the company prefix, the check digit behind the item: both are open.
        qualifier = {"sgtin": "21", "lgtin": "10", "upui": "235"}[scheme]
        return f"{HOST}/01/\\_{_plain(parts[0])}%/{qualifier}/%".replace("\\_", "_")
    if scheme == "sscc":
        return f"{HOST}/00/_{_plain(parts[0])}%"
    known = parts[: parts.index("*")]
    if len(known) == len(parts) - 1:
        link = canonical_key(pattern)
        joined = scheme in ("grai", "gdti", "sgcn", "giai", "gsrn", "gsrnp", "ginc", "gsin", "pgln")
        return _plain(link) + ("%" if joined and link.startswith("http") else "/%")
    ai = {"sgln": "414", "grai": "8003", "gdti": "253", "giai": "8004", "cpi": "8010", "sgcn": "255"}.get(scheme, "")
    return f"{HOST}/{ai}/{'0' if scheme == 'grai' else ''}{_plain(''.join(known))}%"


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
