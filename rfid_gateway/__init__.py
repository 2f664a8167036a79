"""Every device we listen to: RFID readers (``rfid``) and Modbus machines (``modbus``).

Bytes become values, values become facts: which tag is in which zone, what a machine measured. It runs beside the
hospital's core or alone on a small machine at the edge, keeps what it heard in a spool until the core has stored it,
and never invents or shifts a value. It tells of zones, portals, lost tags, empty bins and its own health, and sends
sample chunks to telemetry. Its name is its older half.
"""
