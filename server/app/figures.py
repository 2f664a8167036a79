"""The overview's figures, kept as they are now and, once, as they were before this hospital first ran."""

from __future__ import annotations

from sqlmodel import Session

from dash_app.queries import overview
from dash_app.queries.past_figures import past_figures
from dash_app.queries.trends import HOUSE, SPAN_US, past_samples, quantity_of, samples_of
from server.deadlines import each
from server.wiring import Hospital
from twin.clock import MINUTE_US
from twin.ledger.subscriptions import Subscription

FIGURES_EVERY_US = 5 * MINUTE_US
"""How often the overview's figures are kept: 288 points a day are as many as a tile is wide."""
_PAST_EVERY_US = 15 * MINUTE_US  # of the past a coarser line is enough to see its shape


def note_figures(hospital: Hospital) -> None:
    """Keep the overview's figures as they are now, so that its tiles can show the last day.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    """
    now = hospital.clock.now()
    if not overview.has_anything(hospital.live):
        return
    chunks = samples_of(overview.tiles(hospital.live, now), now)

    def use_case(session: Session) -> None:
        for chunk in chunks:
            hospital.telemetry.store(session, chunk)

    hospital.write_now(use_case)


class PastFigures:
    """Fills the day before the first kept figure from the history, as soon as that has read the ledger.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._is_done = False
        # what was there at the start: of what goes on coming in the history is always a little behind
        self._awaited = hospital.live.sequence

    def fill(self) -> None:
        """Fill them, once; does nothing while the history is still behind."""
        hospital = self._hospital
        history = hospital.services.get("history")
        if self._is_done or not isinstance(history, Subscription):
            return
        # half a past would draw a line that begins in the middle of the day, and would stay so
        if history.position < self._awaited:
            return
        now = hospital.clock.now()
        with hospital.read() as session:
            kept = hospital.telemetry.read(session, HOUSE, quantity_of("beds"), now - SPAN_US, now + 1)
            first = int(kept.times_us[0]) if len(kept.times_us) else now
            instants = range(first - SPAN_US, first, _PAST_EVERY_US)
            # what was kept long ago needs no filling: only the part of the day that is shown
            wanted = [at for at in instants if at > now - SPAN_US]
            chunks = past_samples(past_figures(session, hospital.live, wanted))

        def use_case(session: Session) -> None:
            for chunk in chunks:
                hospital.telemetry.store(session, chunk)

        if chunks:
            hospital.write_now(use_case)
        self._is_done = True


def keep_figures(hospital: Hospital) -> None:
    """Keep the overview's figures from now on, and fill the day before from the history.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    """
    repeat = hospital.deadlines.repeat
    repeat("figures", lambda: note_figures(hospital), next_at=each(FIGURES_EVERY_US))
    note_figures(hospital)
    repeat("past-figures", PastFigures(hospital).fill, next_at=each(MINUTE_US))
