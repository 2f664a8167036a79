"""What gateway and core say to each other over MQTT, and where.

A gateway publishes batches of rows on ``hospital-twin/GATEWAY/rows``; the core answers, after its commit, with how far
it has got on ``hospital-twin/GATEWAY/committed`` (retained). Only that answer frees rows: the broker's own
acknowledgement says that the broker has a batch, and a broker may be killed a moment later.

Every few seconds it also publishes how it does on ``hospital-twin/GATEWAY/report``, and the core answers each report
with what shall be done on ``hospital-twin/GATEWAY/orders``.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote, urlsplit

import msgspec

from rfid_gateway.spool.store import Row, RowKind
from rfid_gateway.uplink.orders import Orders, Report
from twin.errors import ConfigurationError

PREFIX = "hospital-twin"
ROWS_FILTER, REPORTS_FILTER = f"{PREFIX}/+/rows", f"{PREFIX}/+/report"
_PORTS = {"mqtt": 1883, "mqtts": 8883}

Sequence64 = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class RowBody(msgspec.Struct, frozen=True, array_like=True):
    """A row: what it holds, and its JSON body; null for one that was dropped when the spool was full."""

    kind: int
    body: msgspec.Raw


class RowBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The oldest rows that a gateway still keeps of one boot, without gap.

    Parameters
    ----------
    gateway : str
        Id of the gateway.
    boot, first : int
        Key of the first row; the others follow one by one.
    rows : list[RowBody]
        At least one.
    """

    gateway: str
    boot: Sequence64
    first: Sequence64
    # Bounds as of the largest batch that settings allow.
    rows: Annotated[list[RowBody], msgspec.Meta(min_length=1, max_length=5000)]

    @property
    def last(self) -> int:
        """Sequence number of the last row."""
        return self.first + len(self.rows) - 1


class Committed(msgspec.Struct, frozen=True):
    """The core holds all rows of a boot up to a sequence number.

    Parameters
    ----------
    boot, seq : int
        Last committed key.
    refused : int
        How many rows of the batch the core could never use and left out.
    """

    boot: int
    seq: int
    refused: int = 0


class NumberedReport(msgspec.Struct, frozen=True):
    """A report with a number, by which the gateway knows the answer to it."""

    number: int
    report: Report


class NumberedOrders(msgspec.Struct, frozen=True):
    """The answer to the report of the same number."""

    number: int
    orders: Orders


_NULL = msgspec.Raw(b"null")


def batch_of(gateway: str, rows: Sequence[Row]) -> bytes:
    """Write the message that carries rows of one boot.

    Parameters
    ----------
    gateway : str
        Id of the gateway.
    rows : Sequence[Row]
        In order and without gap.
    """
    bodies = [RowBody(int(row.kind), msgspec.Raw(row.body) if row.body else _NULL) for row in rows]
    return msgspec.json.encode(RowBatch(gateway, rows[0].boot, rows[0].seq, bodies))


def rows_of(batch: RowBatch) -> list[Row]:
    """Give the rows that a message carries."""
    found = []
    for i, one in enumerate(batch.rows):
        body = bytes(one.body)
        found.append(Row(batch.boot, batch.first + i, RowKind(one.kind), b"" if body == b"null" else body))
    return found


def rows_topic(gateway: str) -> str:
    """Give where a gateway publishes rows."""
    return f"{PREFIX}/{gateway}/rows"


def committed_topic(gateway: str) -> str:
    """Give where the core tells a gateway how far it has got."""
    return f"{PREFIX}/{gateway}/committed"


def report_topic(gateway: str) -> str:
    """Give where a gateway publishes how it does."""
    return f"{PREFIX}/{gateway}/report"


def orders_topic(gateway: str) -> str:
    """Give where the core tells a gateway what it shall do."""
    return f"{PREFIX}/{gateway}/orders"


def require_topic_name(gateway: str) -> str:
    """Let pass the id of a gateway that can stand in a topic.

    Raises
    ------
    ConfigurationError
        If it has a sign that means something else there.
    """
    if any(sign in gateway for sign in "/+#"):
        raise ConfigurationError(f"Gateway id {gateway!r}: the uplink by MQTT needs one without /, + and #.")
    return gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """A broker, as a URL names it.

    Parameters
    ----------
    host, port : str, int
        Where it listens.
    user, password : str or None
        Who we are to it.
    is_encrypted : bool
        Whether TLS is spoken.
    """

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    is_encrypted: bool = False

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What checks the broker's certificate; None without TLS."""
        return ssl.create_default_context() if self.is_encrypted else None


def parse_broker(url: str) -> BrokerAddress:
    """Read ``mqtt://user:password@host:port`` or ``mqtts://…``.

    Raises
    ------
    ConfigurationError
        If it is neither, or names no host; the password is not repeated.

    Examples
    --------
    >>> parse_broker("mqtts://east:s%40fe@broker.example").port
    8883
    """
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS[parts.scheme]
    except (KeyError, ValueError) as error:
        raise ConfigurationError("Expected mqtt://HOST[:PORT] or mqtts://HOST[:PORT] as the broker's URL.") from error
    if not parts.hostname:
        raise ConfigurationError(f"The broker's URL names no host: {parts.scheme}://…")
    return BrokerAddress(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        is_encrypted=parts.scheme == "mqtts",
    )
