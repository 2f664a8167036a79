"""A simulated Impinj reader with the IoT device interface: HTTP/1.1 with a chunked stream of events."""

from __future__ import annotations

import asyncio
import base64
import ssl

import msgspec

_SIGN_OF_LIFE_S = 0.2


class SimulatedImpinj:
    """A reader that tells tags by its REST interface.

    Parameters
    ----------
    serial : str
        Its serial number.
    user, password : str
        What a client must say; no user: anybody may come.
    """

    def __init__(self, serial: str = "37020100001", *, user: str = "", password: str = "") -> None:
        self.serial = serial
        self.started_presets: list[str] = []
        self._key = base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""
        self._streams: set[asyncio.StreamWriter] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Future[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0, *, tls: ssl.SSLContext | None = None) -> int:
        """Listen on loopback and give the port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port, ssl=tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and end all streams."""
        if self._server is not None:
            self._server.close()
            self.break_streams()
            for writer in self._writers:
                writer.transport.abort()
            await self._server.wait_closed()
            await asyncio.gather(*self._serving)

    def break_streams(self) -> None:
        """End all streams, as a reader that restarts does."""
        # Aborted, not closed: a reader that loses power sends no end of stream.
        for writer in self._streams:
            writer.transport.abort()
        self._streams.clear()

    @property
    def listeners(self) -> int:
        """How many clients listen to the stream."""
        return len(self._streams)

    def see(self, epc: str, antenna: int = 1, rssi_cdbm: int = -5000, seen: str = "", tid: str = "") -> None:
        """Tell every listener of a tag."""
        event: dict[str, object] = {"epcHex": epc, "antennaPort": antenna, "peakRssiCdbm": rssi_cdbm}
        if seen:
            event["lastSeenTime"] = seen
        if tid:
            event["tidHex"] = tid
        self.send_line(msgspec.json.encode({"eventType": "tagInventory", "tagInventoryEvent": event}))

    def send_line(self, line: bytes) -> None:
        """Send a line as it is."""
        for writer in self._streams:
            _write_chunk(writer, line + b"\r\n")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Server.wait_closed waits for handlers in later Pythons only, so that each one is counted here.
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._serving.add(over)
        self._writers.add(writer)
        try:
            while head := await _head(reader):
                await self._answer(head, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            self._streams.discard(writer)
            self._writers.discard(writer)
            self._serving.discard(over)
            over.set_result(None)
            writer.close()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        method, path, _ = head.split("\r\n", 1)[0].split(" ")
        if self._key and f"Basic {self._key}" not in head:
            _write(writer, "401 Unauthorized", b'{"message":"who are you?"}')
        elif path == "/api/v1/system":
            told = {"serialNumber": self.serial, "productModel": "R700", "primaryFirmware": "8.0.1"}
            _write(writer, "200 OK", msgspec.json.encode(told))
        elif method == "POST" and path.endswith("/start"):
            self.started_presets.append(path.split("/")[-2])
            _write(writer, "204 No Content", b"")
        elif path == "/api/v1/data/stream":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            self._streams.add(writer)
            while not writer.is_closing():
                _write_chunk(writer, b"\r\n")
                await writer.drain()
                await asyncio.sleep(_SIGN_OF_LIFE_S)
        else:
            _write(writer, "404 Not Found", b"{}")
        await writer.drain()


async def _head(reader: asyncio.StreamReader) -> str:
    octets = await reader.readuntil(b"\r\n\r\n")
    return octets.decode("latin-1")


def _write(writer: asyncio.StreamWriter, status: str, body: bytes) -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode("ascii") + body)


def _write_chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode("ascii") + data + b"\r\n")
