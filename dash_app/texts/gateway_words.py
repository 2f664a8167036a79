"""Words for readers, machines and the settings of gateways."""

from __future__ import annotations

from collections.abc import Mapping

from dash_app.texts.catalogue import mark

GATEWAY_STATUSES: Mapping[str, str] = {
    "online": mark("Online"),
    "degraded": mark("Degraded"),
    "offline": mark("Offline"),
}
SETTING_STAGES: Mapping[str, str] = {
    "draft": mark("Draft"),
    "staged": mark("Given to the gateway"),
    "active": mark("In use"),
    "failed": mark("Taken back"),
    "superseded": mark("Replaced"),
}
SETTING_SECTIONS: Mapping[str, str] = {
    "readers": mark("Readers"),
    "read_points": mark("Read points"),
    "neighbours": mark("Neighbours"),
    "machines": mark("Machines"),
    "writes": mark("Allowed writes"),
    "bins": mark("Bins"),
    "cleaning": mark("From reads to places"),
}
SETTING_CHANGES: Mapping[str, str] = {
    "added": mark("Comes"),
    "removed": mark("Goes"),
    "changed": mark("Changes"),
}
TEST_FACTS: Mapping[str, str] = {
    "status": mark("Status"),
    "identity": mark("Identity"),
    "firmware": mark("Firmware"),
    "model": mark("Model"),
    "clock_offset_ms": mark("Clock offset (ms)"),
}
GATEWAY_DETAILS: Mapping[str, str] = {
    "keepalive_missed": mark("It stopped answering"),
    "connection_refused": mark("It refuses the connection"),
    "connection_lost": mark("The connection broke"),
    "antenna_fault": mark("An antenna is disconnected"),
    "driver_failed": mark("Its driver failed and is started again"),
    "spool_failed": mark("Its disk takes nothing; what it hears waits in memory"),
    "spool_damaged": mark("Its spool file was damaged; what could be read is saved: look at its disk"),
    "bus_quarantine": mark("The bus gave wrong answers and is set aside"),
    "clock_offset": mark("Its clock is wrong"),
    "clock_set": mark("Its clock was set; readings are weighed anew by it"),
    "queue_growing": mark("It collects faster than it can send"),
    "stopped": mark("It was stopped"),
    "started": mark("It was started"),
    "unreachable": mark("Nobody answers at its address"),
    "certificate_refused": mark("Its certificate is not accepted: expired, or of an unknown authority"),
    "identity_changed": mark("Another device answers at its address"),
    "heartbeat_stopped": mark("The machine's counter stands still"),
    "modbus.unreachable": mark("Nobody answers at its address"),
    "tid_unsupported": mark("It cannot read chip numbers; tags are read"),
    "tid_refused": mark("It refuses to read chip numbers; tags are read"),
    "reader_busy": mark("Another program is connected to it"),
    "no_answer": mark("It answers no question"),
    "closed_by_reader": mark("It closed the connection"),
}
