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
    "json.malformed": mark("A message is no JSON as it is told in its options"),
    "json.records": mark("A message has no list where its options say"),
    "json.record": mark("A reading in a message lacks a code: look at its options"),
    "json.epc": mark("A reading in a message bears no code of a tag"),
    "llrp.refused": mark("It refuses what it was asked: look at the log"),
    "llrp.greeting": mark("Who answers at its address speaks no LLRP"),
    "llrp.length": mark("It sends what is no LLRP"),
    "llrp.version": mark("It speaks a version of LLRP that is not known here"),
    "impinj.system": mark("It does not tell its serial number"),
    "impinj.line": mark("It sends what is no reading"),
    "modbus.silent": mark("The machine does not answer"),
    "modbus.closed": mark("The line to the machine is closed"),
    "modbus.line_settings": mark("The serial line takes no such settings"),
    "modbus.wrong_unit": mark("Another unit answers"),
    "modbus.wrong_transaction": mark("It answers another question"),
    "modbus.wrong_function": mark("It answers with another function"),
    "modbus.wrong_byte_count": mark("It answers with another number of values"),
    "modbus.wrong_checksum": mark("Its answers arrive damaged: look at the line"),
    "modbus.wrong_length": mark("Its answers have a wrong length"),
    "modbus.too_long": mark("Its answers are too long"),
    "modbus.wrong_protocol": mark("Who answers at its address speaks no Modbus"),
    "modbus.wrong_exception": mark("It refuses without a reason"),
    "modbus.exception_1": mark("It does not know this kind of question: look at its profile"),
    "modbus.exception_2": mark("It has no such address: look at its profile"),
    "modbus.exception_3": mark("It refuses a question of this size: look at its profile"),
    "modbus.exception_4": mark("It reports a fault of its own"),
    "modbus.exception_6": mark("It is busy"),
    "modbus.exception_10": mark("Its converter has no way to it"),
    "modbus.exception_11": mark("Its converter gets no answer from it"),
}
