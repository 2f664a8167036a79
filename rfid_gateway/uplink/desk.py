"""The line to the core's desk by HTTP, under the gateway's own key."""

from __future__ import annotations

from urllib.parse import quote

import httpx2
import msgspec

from rfid_gateway.transports.connection import certificate_fault
from rfid_gateway.uplink.key import UplinkKey, key_of
from rfid_gateway.uplink.orders import Orders, Report
from twin.errors import Unavailable

_orders = msgspec.json.Decoder(Orders)


class HttpDesk:
    """Exchanges reports and orders with a core.

    Parameters
    ----------
    url : str
        The core.
    api_key : str or UplinkKey
        The gateway's key.
    transport : httpx2.AsyncBaseTransport, optional
        Way to a core in the same process, for tests.
    """

    def __init__(
        self, url: str, api_key: str | UplinkKey, *, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._client = httpx2.AsyncClient(base_url=url, timeout=10.0, transport=transport, auth=key_of(api_key))

    async def exchange(self, report: Report) -> Orders:
        """Hand in a report and get what shall be done.

        Raises
        ------
        Unavailable
            If the core cannot be reached, does not know the key, or says what cannot be understood.
        """
        path = f"/v1/gateways/{quote(report.gateway, safe='')}/report"
        try:
            answer = await self._client.post(
                path, content=msgspec.json.encode(report), headers={"Content-Type": "application/json"}
            )
        except httpx2.HTTPError as error:
            raise _unreachable(error) from error
        if not answer.is_success:
            raise Unavailable(f"The core's desk answered {answer.status_code}.", code=f"desk.http_{answer.status_code}")
        try:
            return _orders.decode(answer.content)
        except msgspec.DecodeError as error:
            raise Unavailable(f"The core's desk cannot be understood: {error}.", code="desk.answer") from error

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()


def _unreachable(error: httpx2.HTTPError) -> Unavailable:
    if fault := certificate_fault(error):
        text = f"The core's desk shows a certificate that is not accepted ({fault}): renew it, or set the clock here."
        return Unavailable(text, code="desk.certificate")
    return Unavailable(f"The core's desk does not answer: {error!r}.", code="desk.unreachable")
