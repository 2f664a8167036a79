"""What a check is, and how a list of them is run: one that cannot run has failed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a check expected and what it found.

    Parameters
    ----------
    name : str
        Stable name, ``part.what``.
    expected, found : str
        As a person reads them.
    tolerance : str
        How far apart they may be; empty where they must be equal.
    source : str
        Where the expected value is published, or the clause that asks for the check.
    is_passed : bool
        Whether what was found is in order.
    """

    name: str
    expected: str
    found: str
    tolerance: str = ""
    source: str = ""
    is_passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check; it works in a folder of its own and never touches the hospital's data.

    Parameters
    ----------
    name : str
        Stable name, ``part.what``.
    run : Callable[[Path], Outcome]
        Gets an empty folder.
    """

    name: str
    run: Callable[[Path], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedCase:
    """A number that somebody published, and our way to it.

    Parameters
    ----------
    name : str
        Stable name, ``part.what``.
    expected : float
        The published number.
    compute : Callable[[], float]
        Computes it as the hospital will.
    tolerance : float
        Largest relative difference: half a unit of the last published digit, mostly.
    source : str
        Where it is published.
    """

    name: str
    expected: float
    compute: Callable[[], float]
    tolerance: float
    source: str

    def as_check(self) -> Check:
        """Give the case as a check."""
        return Check(name=self.name, run=lambda _folder: self.judge(self.compute()))

    def judge(self, found: float) -> Outcome:
        """Compare a number with the published one.

        Parameters
        ----------
        found : float
            What was computed.
        """
        is_close = math.isfinite(found) and abs(found - self.expected) <= self.tolerance * max(
            abs(self.expected), 1e-12
        )
        return Outcome(
            name=self.name,
            expected=f"{self.expected:.10g}",
            found=f"{found:.10g}",
            tolerance=f"{self.tolerance:.1g}",
            source=self.source,
            is_passed=is_close,
        )


def equal(name: str, expected: object, found: object, source: str) -> Outcome:
    """Give the outcome of a check whose two sides must be equal.

    Parameters
    ----------
    name : str
        Stable name.
    expected, found : object
        Both sides.
    source : str
        The clause that asks for it.
    """
    return Outcome(name=name, expected=str(expected), found=str(found), source=source, is_passed=expected == found)


def run_checks(checks: Iterable[Check], folder: Path) -> Sequence[Outcome]:
    """Run checks one after the other, each in a folder of its own.

    Parameters
    ----------
    checks : Iterable[Check]
        Which.
    folder : Path
        Empty folder that may be filled.
    """
    outcomes = []
    for number, check in enumerate(checks):
        own = folder / str(number)
        own.mkdir()
        try:
            outcomes.append(check.run(own))
        except Exception as error:
            told = f"{type(error).__name__}: {error}"[:200]
            outcomes.append(Outcome(name=check.name, expected="runs", found=told, is_passed=False))
    return outcomes
