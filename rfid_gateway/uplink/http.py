"""The uplink by HTTP: batches of events and chunks of samples to the core, under the gateway's API key."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import httpx2
import msgspec

from rfid_gateway.spool.store import Row, RowKind, Watermark
from rfid_gateway.transports.connection import certificate_fault
from rfid_gateway.uplink.key import UplinkKey, key_of
from rfid_gateway.uplink.sinks import SampleSeries, decode_row
from twin.errors import Unavailable

_LOG = logging.getLogger(__name__)
_EVENTS_PATH, _SAMPLES_PATH = "/v1/events:batch", "/v1/telemetry"
_CHUNKS_PER_REQUEST = 200
# What cannot become right by waiting; 401, 403, 429, 5xx and 507 can.
_UNUSABLE = frozenset({400, 409, 413, 415, 422})


class HttpSink:
    """Sends rows to a core by HTTP; the core answers after its commit.

    A fact that the core cannot use at all is found by halving the batch, reported and left out: it would otherwise hold
    up everything after it for ever.

    Parameters
    ----------
    url : str
        The core, such as ``https://twin.hospital.example``.
    api_key : str or UplinkKey
        The gateway's key.
    answer_s : float
        How long an answer may take, seconds.
    transport : httpx2.AsyncBaseTransport, optional
        Way to a core in the same process, for tests.
    """

    def __init__(
        self,
        url: str,
        api_key: str | UplinkKey,
        *,
        answer_s: float = 30.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.refused = 0
        self._client = httpx2.AsyncClient(base_url=url, timeout=answer_s, transport=transport, auth=key_of(api_key))

    async def send(self, rows: Sequence[Row]) -> Watermark:
        """Send rows of one boot and give the last one's key once the core has committed all of them.

        Raises
        ------
        Unavailable
            If the core cannot be reached, is overloaded, full, or does not know the key.
        """
        series: list[SampleSeries] = []
        for row in rows:
            series += self._series_of(row)
        # As they were spooled: an event of another release is the core's to judge, and none is coded twice.
        await self._send_events([row.body for row in rows if row.kind is RowKind.EVENT and row.body])
        for start in range(0, len(series), _CHUNKS_PER_REQUEST):
            await self._send_series(series[start : start + _CHUNKS_PER_REQUEST])
        return Watermark(rows[-1].boot, rows[-1].seq)

    def _series_of(self, row: Row) -> list[SampleSeries]:
        if row.kind is not RowKind.SAMPLES:
            return []
        try:
            return decode_row(row)[1]
        except msgspec.MsgspecError:  # a row that no try again can read would hold up all that follow
            self._give_up(row.body)
            return []

    async def _send_events(self, bodies: list[bytes]) -> None:
        # Halving finds one bad fact among 500 in about ten requests.
        if bodies and not await self._post(_EVENTS_PATH, b'{"events":[' + b",".join(bodies) + b"]}"):
            if len(bodies) == 1:
                self._give_up(bodies[0])
                return
            middle = len(bodies) // 2
            await self._send_events(bodies[:middle])
            await self._send_events(bodies[middle:])

    async def _send_series(self, series: list[SampleSeries]) -> None:
        if series and not await self._post(_SAMPLES_PATH, msgspec.json.encode({"chunks": series})):
            if len(series) == 1:
                self._give_up(msgspec.json.encode(series[0])[:300])
                return
            middle = len(series) // 2
            await self._send_series(series[:middle])
            await self._send_series(series[middle:])

    def _give_up(self, body: bytes) -> None:
        self.refused += 1
        _LOG.error("The core cannot use this fact, it is left out: %s", body[:300].decode("utf-8", "replace"))

    async def _post(self, path: str, body: bytes) -> bool:
        """Send a body; False if the core says that it can never use it."""
        try:
            answer = await self._client.post(path, content=body, headers={"Content-Type": "application/json"})
        except httpx2.HTTPError as error:
            raise _unreachable(error) from error
        if answer.is_success:
            return True
        if answer.status_code in _UNUSABLE:
            return False
        text = f"The core answered {answer.status_code}: {answer.text[:200]}"
        raise Unavailable(text, code=f"uplink.http_{answer.status_code}")

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()


def _unreachable(error: httpx2.HTTPError) -> Unavailable:
    if fault := certificate_fault(error):
        text = f"The core shows a certificate that is not accepted ({fault}): renew it, or set the clock here."
        return Unavailable(text, code="uplink.certificate")
    return Unavailable(f"The core does not answer: {error!r}.", code="uplink.unreachable")
