"""Experiments as plain JSON values, for jobs, files and the network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from simulation.experiments.request import ExperimentRequest, ExperimentResult
from twin.errors import FieldError, FieldProblem


def request_of(values: Mapping[str, Any]) -> ExperimentRequest:
    """Read a request from plain values; unknown entries and wrong types are refused.

    Parameters
    ----------
    values : Mapping[str, Any]
        As :func:`plain_request` gives them, or written by hand.

    Raises
    ------
    FieldError
        Naming the entry that cannot be used.
    """
    unknown = set(values) - set(ExperimentRequest.__slots__)
    if unknown:
        name = sorted(unknown)[0]
        known = ", ".join(ExperimentRequest.__slots__)
        raise FieldError(
            FieldProblem(field=name, place="request", message="Unknown entry.", cure=f"Use one of {known}.")
        )
    try:
        return msgspec.convert(dict(values), ExperimentRequest)
    except msgspec.ValidationError as error:
        text = str(error)
        place = text.rpartition("`$")[2].rstrip("`").lstrip(".") or "request"
        raise FieldError(FieldProblem(field=place, place="request", message=text + ".", cure="Mend it.")) from error


def plain_request(request: ExperimentRequest) -> dict[str, Any]:
    """Give a request as plain values."""
    return cast(dict[str, Any], msgspec.to_builtins(request))


def plain_result(result: ExperimentResult) -> dict[str, Any]:
    """Give a result as plain values.

    Parameters
    ----------
    result : ExperimentResult
        Whole or partial.

    Notes
    -----
    JSON knows neither NaN nor infinity: measures without a value are left out, and a half-width that is not known is
    None.
    """
    plain = cast(dict[str, Any], msgspec.to_builtins(result))
    for scenario in plain["scenarios"]:
        scenario["measures"] = {name: _finite(value) for name, value in scenario["measures"].items() if value["n"]}
    plain["comparisons"] = [c for c in plain["comparisons"] if c["difference"]["n"]]
    for comparison in plain["comparisons"]:
        comparison["difference"] = _finite(comparison["difference"])
    return plain


def _finite(interval: dict[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in interval.items()}
