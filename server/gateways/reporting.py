"""What the core makes of a gateway's report, by whichever way it came: settings settled, orders handed out."""

from __future__ import annotations

from rfid_gateway.uplink.orders import Orders, Report
from server.gateways import versions
from server.gateways.desk import desk_of, keys_of
from server.wiring import Hospital


async def take_report(hospital: Hospital, told: Report, *, key_id: str = "") -> Orders:
    """Take a gateway's report and give what it shall do.

    Parameters
    ----------
    hospital : Hospital
        The core; whoever calls has made sure that the report is the gateway's own.
    told : Report
        As sent.
    key_id : str
        Id of the key under which it came; empty where the line itself proves who speaks.
    """
    now = hospital.clock.now()
    with hospital.read() as session:
        row = versions.wanted(session, told.gateway)
    if key_id and (changing := keys_of(hospital)).has_superseded(told.gateway, key_id):
        await changing.end_superseded(told.gateway, key_id)
    if row is not None and row.stage == versions.Stage.STAGED.value:
        await hospital.write(lambda session: versions.settle(session, told, now=now))
        with hospital.read() as session:
            row = versions.wanted(session, told.gateway)
    orders = desk_of(hospital).take(told)
    if row is None or row.version == told.settings_version:
        return Orders(orders=orders, settings_version=row.version if row else 0)
    return Orders(orders=orders, settings_version=row.version, settings=row.text)
