"""All checks of the qualification, in the order of the record."""

from __future__ import annotations

from server.validation import cases, installation, protocols
from server.validation.checks import Check


def all_checks() -> tuple[Check, ...]:
    """Give installation, protocols and worked cases."""
    return (*installation.CHECKS, *protocols.CHECKS, *(case.as_check() for case in cases.CASES))
