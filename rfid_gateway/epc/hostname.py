"""The host of a Digital Link on a tag: what the schemes with two pluses bear behind their key.

References
----------
GS1 EPC Tag Data Standard 2.3 (2025), section 14.5.16, tables 14-11 to 14-15. Table 14-14 prints two of its rows
(.org.cn, .net.cn) with the prefix of another table; they are read by their place in their own.
"""

from __future__ import annotations

from rfid_gateway.epc.alphanumeric import fits_code40, read_code40, write_code40
from rfid_gateway.epc.bits import BitReader, BitWriter
from twin.errors import DecodeError

_MOST_CHARACTERS = 63
_LENGTH_BITS = 6
# A host, perhaps with a port or a first piece of path; other characters would end it or begin a query.
_ALLOWED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:/")
_SHORT = {
    0x1E: "qr.",
    0x1F: "www.",
    0x20: "id.",
    0x5B: ".com",
    0x5C: ".org",
    0x5D: ".net",
    0x5E: ".int",
    0x60: ".edu",
    0x7B: ".gov",
    0x7C: ".mil",
    0x7D: ".biz",
    0x7E: ".eco",
    0x7F: ".med",
}
_COUNTRIES = (
    (
        "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo bq br bs bt "
        "bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er "
        "es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu "
        "id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li"
    ),
    (
        "lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf "
        "ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd "
        "se sg sh si sk sl sm sn sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua "
        "ug us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
    ),
    (
        "com.au net.au org.au co.at com.bd co.bd com.br net.br co.nz com.ng com.pk co.in com.in co.il co.jp "
        "co.za co.kr com.es com.lk co.th co.tt com.tt com.tr biz.tr com.ua co.uk co.zm com.zm com.cn org.cn "
        "net.cn gov.cn"
    ),
    "tech",
)
_LONG = tuple(tuple(f".{name}" for name in table.split()) for table in _COUNTRIES)
# What can stand at a place of a host: its text, the seven-bit units that it takes, and their value.
_PIECES: dict[str, tuple[int, int]] = {
    **{one: (1, ord(one)) for one in _ALLOWED},
    **{text: (1, code) for code, text in _SHORT.items()},
    **{text: (2, table << 7 | i) for table, names in enumerate(_LONG) for i, text in enumerate(names)},
}
_LONGEST_PIECE = max(map(len, _PIECES))


def read_hostname(bits: BitReader) -> str:
    """Read a host.

    Raises
    ------
    DecodeError
        If it is empty, a piece of it is reserved, or it is no host.
    """
    is_ascii, count = bits.take(1), bits.take(_LENGTH_BITS)
    if not count:
        raise DecodeError("EPC: the host is empty.", code="epc.hostname")
    host = _read_pieces(bits, count) if is_ascii else read_code40(bits, count)
    return _require_host(host)


def _read_pieces(bits: BitReader, count: int) -> str:
    host = ""
    # The length counts units of seven bits, of which a country's ending takes two: not the characters that come out.
    while count > 0:
        code = bits.take(7)
        count -= 1
        if code < len(_LONG):
            index = bits.take(7)
            count -= 1
            if count < 0 or index >= len(_LONG[code]):
                raise DecodeError("EPC: a piece of the host is reserved or cut off.", code="epc.hostname")
            host += _LONG[code][index]
        else:
            host += _SHORT.get(code) or chr(code)
    return host


def write_hostname(host: str, bits: BitWriter) -> None:
    """Write a host in the fewest bits.

    Raises
    ------
    DecodeError
        If it is longer than 63 characters, empty, or no host.
    """
    if not 1 <= len(_require_host(host)) <= _MOST_CHARACTERS:
        raise DecodeError(f"EPC: expected a host of 1 to {_MOST_CHARACTERS} characters.", code="epc.hostname")
    pieces = _shortest(host)
    units = sum(_PIECES[piece][0] for piece in pieces)
    if fits_code40(host) and 16 * ((len(host) + 2) // 3) < 7 * units:
        bits.put(0, 1)
        bits.put(len(host), _LENGTH_BITS)
        write_code40(host, bits)
        return
    bits.put(1, 1)
    bits.put(units, _LENGTH_BITS)
    for piece in pieces:
        width, code = _PIECES[piece]
        bits.put(code, 7 * width)


def _shortest(host: str) -> list[str]:
    """Cut a host into the pieces that take the fewest units; of two equal ways the one with the longer last piece."""
    best: list[tuple[int, list[str]]] = [(0, [])]
    for end in range(1, len(host) + 1):
        ways = [
            (best[start][0] + _PIECES[host[start:end]][0], best[start][1], host[start:end])
            for start in range(max(0, end - _LONGEST_PIECE), end)
            if host[start:end] in _PIECES
        ]
        units, before, piece = min(ways, key=lambda way: way[0])
        best.append((units, [*before, piece]))
    return best[-1][1]


def _require_host(host: str) -> str:
    wrong = sorted(set(host) - _ALLOWED)
    if wrong:
        raise DecodeError(f"EPC: {wrong[0]!r} does not belong into a host.", code="epc.hostname")
    return host
