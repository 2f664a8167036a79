"""Decisions of the device organ as pure functions: usability, egress, verdicts, due dates, reliability, matching."""
