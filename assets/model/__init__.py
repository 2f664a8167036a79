"""Values of the device organ: what a device, a cycle, a load and a work order are, with no storage and no decisions."""
