"""Rows that are lost, doubled or missing when the broker is away for ten minutes while the gateway goes on spooling.

Protocol: as ``gateway_kills``, but only the broker is killed, and comes back after 600 s; the gateway spools ten rows
every 50 ms all the while. ``HOSPITAL_TWIN_OUTAGE_S`` shortens it. Run: ``python -m benchmarks.gateway_outage`` (11
minutes of waiting).
"""

from __future__ import annotations

import os

from benchmarks.gateway_kills import tally_of, tell

OUTAGE_S = float(os.environ.get("HOSPITAL_TWIN_OUTAGE_S") or 600)


def main() -> None:
    tally = tally_of(lambda plant: plant.lose_broker(OUTAGE_S), pause_s=0.05)
    tell(f"broker away for {OUTAGE_S:.0f} s under load", tally)


if __name__ == "__main__":
    main()
