"""Who guesses passwords is slowed down; a ward, and a hospital behind one proxy, are not."""

from __future__ import annotations

import pytest

from server.access.limits import PER_ADDRESS, SignInLimits
from server.doors.problem import TooManyRequests
from twin.clock import HOUR_US, SECOND_US

NOW = 1_790_000_000 * SECOND_US
WARD = "10.0.0.7"


def test_sign_ins_that_succeed_never_hold_up_their_address() -> None:
    limits = SignInLimits()

    for number in range(3 * PER_ADDRESS):  # change of shift: all within one minute
        at = NOW + number * SECOND_US // 2
        limits.check(f"nurse-{number}", WARD, now=at)
        limits.failed(f"nurse-{number}", WARD, now=at)
        limits.succeeded(f"nurse-{number}", WARD, now=at)


def test_passwords_mistyped_over_days_do_not_lock_the_address_of_a_ward() -> None:
    limits = SignInLimits()

    for number in range(3 * PER_ADDRESS):
        limits.failed(f"nurse-{number}", WARD, now=NOW + number * HOUR_US)

    limits.check("porter", WARD, now=NOW + 3 * PER_ADDRESS * HOUR_US)
    limits.check("porter", WARD, now=NOW + (3 * PER_ADDRESS - 1) * HOUR_US + SECOND_US)


def test_an_address_that_guesses_waits_until_its_minute_is_over() -> None:
    limits = SignInLimits()
    for number in range(PER_ADDRESS):
        limits.failed(f"name-{number}", WARD, now=NOW)

    with pytest.raises(TooManyRequests) as refused:
        limits.check("another", WARD, now=NOW + SECOND_US)

    assert refused.value.retry_after_s == 59
    limits.check("another", "10.0.0.8", now=NOW + SECOND_US)
    limits.check("another", WARD, now=NOW + 61 * SECOND_US)


def test_changing_ones_own_password_is_held_up_by_nobody_else() -> None:
    limits = SignInLimits()
    for number in range(3 * PER_ADDRESS):
        limits.failed(f"nurse-{number}", "", now=NOW)

    limits.check("porter", "", now=NOW)
