"""Checks of policy parameters: every wrong one is named with what was expected."""

from __future__ import annotations

from collections.abc import Sequence

from twin.errors import FieldError, FieldProblem

CODE = "policy.parameter"


def wrong(field: str, message: str, cure: str = "Check the parameter's unit and sign.") -> FieldError:
    """Give the error that a parameter cannot be used."""
    return FieldError(FieldProblem(field=field, place="parameters", message=message, cure=cure), code=CODE)


def at_least(minimum: float, **values: float) -> None:
    """Check that numbers are not below a minimum.

    Raises
    ------
    FieldError
        If one is; it is named.
    """
    for field, value in values.items():
        if not value >= minimum:
            raise wrong(field, f"Expected at least {minimum:g}, got {value}.")


def above(minimum: float, **values: float) -> None:
    """Check that numbers are above a minimum.

    Raises
    ------
    FieldError
        If one is not; it is named.
    """
    for field, value in values.items():
        if not value > minimum:
            raise wrong(field, f"Expected more than {minimum:g}, got {value}.")


def whole(**values: float) -> None:
    """Check that numbers are whole.

    Raises
    ------
    FieldError
        If one is not; it is named.
    """
    for field, value in values.items():
        if value != int(value):
            raise wrong(field, f"Expected a whole number, got {value}.", "Round it as the hospital counts it.")


def same_length(**values: Sequence[float]) -> None:
    """Check that lists have one length.

    Raises
    ------
    FieldError
        If they differ.
    """
    lengths = {field: len(value) for field, value in values.items()}
    if len(set(lengths.values())) > 1:
        raise wrong(next(iter(lengths)), f"Expected lists of one length, got {lengths}.", "Give one value each.")
