"""What a machine's state signal says of its operation."""

from __future__ import annotations

from collections.abc import Mapping

from rfid_gateway.modbus.samples import Quality, Sample
from twin.events.things import DeviceStatusChanged

STATUSES = frozenset({"on", "off", "standby", "running", "fault"})


class MachineStatuses:
    """Tells when a machine's operating status changes.

    Parameters
    ----------
    labels : Mapping[tuple[str, str], Mapping[int, str]]
        Labels of the state signal by (machine, signal); labels that are no status are passed over.
    """

    def __init__(self, labels: Mapping[tuple[str, str], Mapping[int, str]]) -> None:
        self._labels = labels
        self._status: dict[str, str] = {}

    def take(self, sample: Sample) -> DeviceStatusChanged | None:
        """Give the change that a sample shows, if it shows one."""
        labels = self._labels.get((sample.device, sample.quantity))
        if labels is None or sample.quality is not Quality.GOOD:
            return None
        status = labels.get(int(sample.value), "")
        # A label such as "drying" is a phase, not a status of the device: the status before it still holds.
        if status not in STATUSES or self._status.get(sample.device) == status:
            return None
        self._status[sample.device] = status
        return DeviceStatusChanged(
            thing=sample.device,
            occurred_at=sample.at,
            source="",
            source_key="",
            status=status,
            fault_code=str(int(sample.value)) if status == "fault" else "",
        )
