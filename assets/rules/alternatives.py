"""Whether devices fail more often since their maintenance interval was changed, looked at again after each failure."""

from __future__ import annotations

from dataclasses import dataclass

from assets.rules.reliability.rates import RateRatio, compare_rates

FEWEST_AFTER = 3  # below, no figure of reliability is spoken of, and no schedule is taken back


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCheck:
    """Failure rates before and after a change of interval.

    Parameters
    ----------
    years_before, years_after : float
        Device-years watched.
    ratio : RateRatio
        Rate after by rate before, at the confidence of this look.
    has_worsened : bool
        Whether the alternative must be given up.
    """

    years_before: float
    years_after: float
    ratio: RateRatio
    has_worsened: bool


def check_rates(before: tuple[int, float], after: tuple[int, float], *, error_share: float = 0.05) -> RateCheck:
    """Compare failures before and after, such that all looks together err no more often than one is allowed to.

    Parameters
    ----------
    before, after : tuple[int, float]
        Failures and device-years of each, years above 0.
    error_share : float
        Chance of finding a worsening, over all looks, where there is none.

    Notes
    -----
    The look at the k-th failure after the change spends α / (k (k + 1)) of the allowed error; over all k these sum to
    α, so that looking after each failure, for years, does not add up to a false alarm (union bound). One-sided: that
    devices fail less often is no reason to go back. The schedule has worsened if the lower bound of the ratio is above
    one.

    References
    ----------
    Przyborowski and Wilenski (1940) for the ratio of two Poisson rates; Lan and DeMets (1983) for spending the error.
    """
    failures = after[0]
    spent = error_share / (failures * (failures + 1)) if failures else error_share
    ratio = compare_rates(before, after, confidence=1.0 - 2.0 * spent)
    return RateCheck(
        years_before=before[1],
        years_after=after[1],
        ratio=ratio,
        has_worsened=failures >= FEWEST_AFTER and ratio.low > 1.0,
    )
