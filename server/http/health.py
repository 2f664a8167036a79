"""Whether the server lives, whether it can work, its figures, and its own description."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from server.doors.context import hospital_of
from server.doors.router import PUBLIC, SELF, Router
from server.wiring import Hospital
from twin.access import Permission
from twin.clock import SECOND_US

router = Router("", tag="health")

MIN_FREE_SHARE = 0.05
WRITER_WAIT_S = 5.0
METRICS = "text/plain; version=0.0.4"


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    is_ok: bool
    detail: str = ""


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the server can work now, and what it looked at."""

    status: str
    checks: list[Check]


@router.get("/healthz", permission=PUBLIC, raw=True, gives=Alive)
async def get_health(request: Request) -> Response:
    """Tell that the process answers."""
    del request
    return Response(b'{"status":"alive"}', media_type="application/json", headers={"cache-control": "no-store"})


@router.get("/readyz", permission=PUBLIC, raw=True, gives=Ready)
async def get_readiness(request: Request) -> Response:
    """Tell whether the server can store and answer: 200, or 503 with what is wrong."""
    hospital = hospital_of(request)
    checks = [await _writer_check(hospital), _disk_check(hospital), _state_check(hospital)]
    is_ready = all(check.is_ok for check in checks)
    body = msgspec.json.encode(Ready(status="ready" if is_ready else "not ready", checks=checks))
    return Response(body, 200 if is_ready else 503, {"cache-control": "no-store"}, "application/json")


async def _writer_check(hospital: Hospital) -> Check:
    try:
        await asyncio.wait_for(hospital.write(lambda session: session.connection() and None), WRITER_WAIT_S)
    except TimeoutError:
        return Check(name="writer", is_ok=False, detail=f"no answer within {WRITER_WAIT_S} s")
    except Exception as error:  # whatever is wrong with the store is what is asked here
        return Check(name="writer", is_ok=False, detail=type(error).__name__)
    return Check(name="writer", is_ok=True)


def _disk_check(hospital: Hospital) -> Check:
    usage = shutil.disk_usage(hospital.settings.data_dir)
    share = usage.free / usage.total
    return Check(name="disk", is_ok=share >= MIN_FREE_SHARE, detail=f"{share:.0%} free")


def _state_check(hospital: Hospital) -> Check:
    behind = hospital.ledger.last_sequence() - hospital.live.sequence
    return Check(name="state", is_ok=behind <= 0, detail=f"{max(behind, 0)} events behind")


def _metric_lines(request: Request, hospital: Hospital) -> Iterator[str]:
    yield "# TYPE events_ingested_total counter"
    yield f"events_ingested_total {hospital.ledger.last_sequence()}"
    yield "# TYPE writer_queue_depth gauge"
    yield f"writer_queue_depth {hospital.database.writer.waiting}"
    yield "# TYPE writer_groups_total counter"
    yield f"writer_groups_total {hospital.database.writer.groups}"
    wal = hospital.settings.data_dir / "hospital.db-wal"
    yield "# TYPE wal_bytes gauge"
    yield f"wal_bytes {wal.stat().st_size if wal.is_file() else 0}"
    now = hospital.clock.now()
    with hospital.ledger.steady:
        gateways = [(one.thing, one.status.value, one.occurred_at) for one in hospital.live.gateways.values()]
        alarms = [hospital.live.alarms[key].priority.value for key in hospital.live.index.active_alarms]
    yield "# TYPE gateway_last_seen_seconds gauge"
    for gateway, status, at in sorted(gateways):
        label = gateway.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        yield f'gateway_last_seen_seconds{{gateway="{label}",status="{status}"}} {(now - at) / SECOND_US:.0f}'
    yield "# TYPE alarms_active gauge"
    for priority in ("P1", "P2", "P3"):
        yield f'alarms_active{{priority="{priority}"}} {alarms.count(priority)}'
    yield from request.app.state.counters.requests.lines()


@router.get("/metrics", permission=Permission.SYSTEM_OPERATE, raw=True, media=METRICS)
async def get_metrics(request: Request) -> Response:
    """Give the server's figures in the text format of Prometheus."""
    text = "\n".join(_metric_lines(request, hospital_of(request))) + "\n"
    return Response(text, headers={"content-type": METRICS, "cache-control": "no-store"})


@router.get("/v1/openapi.json", permission=SELF, raw=True, gives=dict[str, msgspec.Raw])
async def get_openapi(request: Request) -> Response:
    """Give the description of this API (OpenAPI 3.1)."""
    return Response(msgspec.json.encode(request.app.state.openapi()), media_type="application/json")
