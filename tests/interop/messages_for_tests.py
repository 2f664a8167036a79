"""Messages of an invented hospital, from the few values that a test cares about."""

from __future__ import annotations

from itertools import count

_NUMBERS = count(1)


def adt(
    trigger: str, *, visit: str = "V1", bed: str = "", at: str = "20260105080000", control: str = "", **fields: str
) -> bytes:
    """Give an ADT message; further fields by name, such as ``PV1_6`` or ``PID_5``, as written."""
    pid = {3: f"MRN{visit}^^^HOSP^MR", 5: "FAMILYNAME^GIVENNAME"}
    pv1 = {2: "I", 3: bed, 19: f"{visit}^^^HOSP^VN"}
    others: dict[str, dict[int, str]] = {"PID": pid, "PV1": pv1, "EVN": {1: trigger, 2: at}}
    for name, text in fields.items():
        segment, _, number = name.partition("_")
        others.setdefault(segment, {})[int(number)] = text
    control = control or f"C{next(_NUMBERS)}"
    lines = [f"MSH|^~\\&|ADT|HOSP|TWIN|HOSP|{at}||ADT^{trigger}|{control}|P|2.5"]
    lines += [written(name, others[name]) for name in ("EVN", "PID", "MRG", "PV1", "PV2", "NPU") if name in others]
    return "\r".join(lines).encode() + b"\r"


def written(name: str, fields: dict[int, str]) -> str:
    """Write one segment."""
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))])
