"""The plot that is kept with an alert: drawn once, as it was then, without a word that would need a language."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assets.model.drift import DriftChart, DriftWatch

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _GAP = 760, 460, 64, 12, 34
_TOP_SHARE = 0.6  # of the height for the figure itself, the rest for the sums
_INK, _FAINT, _ALERT = "#1a1a1a", "#8a8a8a", "#b00020"


def plot_svg(chart: DriftChart, watch: DriftWatch) -> str:
    """Draw observations with baseline and EWMA above, and the CUSUM sums below, as a picture without any script.

    Parameters
    ----------
    chart : DriftChart
        With a baseline.
    watch : DriftWatch
        Whose; its id, figure and limits are written beside.

    Raises
    ------
    ValueError
        If there is no baseline, and so nothing to compare with.
    """
    if chart.baseline is None:
        raise ValueError("Expected a chart with a baseline.")
    base = chart.baseline
    values = [one.value for one in chart.observations]
    floor = int(_HEIGHT * _TOP_SHARE)
    upper = _Field(top=24, bottom=floor - 20, low=min(*values, chart.ewma_low), high=max(*values, chart.ewma_high))
    sums = [*chart.cusum_up, *chart.cusum_down, watch.limit]
    lower = _Field(top=floor + _GAP, bottom=_HEIGHT - 22, low=0.0, high=max(sums) * 1.05)
    n, first = len(values), chart.charted_from
    parts = [
        _text(
            _LEFT,
            14,
            f"{watch.asset} · {watch.feature.value} · μ = {base.mean:.4g}, σ = {base.sigma:.3g}, n = {base.n}",
        ),
        _line(upper, base.mean, _FAINT, "μ"),
        _line(upper, chart.ewma_low, _INK, f"LCL {chart.ewma_low:.4g}", dash="5 4"),
        _line(upper, chart.ewma_high, _INK, f"UCL {chart.ewma_high:.4g}", dash="5 4"),
        "".join(_dot(_x(i, n), upper.y(v), is_alarm=i == chart.alarm_index) for i, v in enumerate(values)),
        _curve([(_x(first + i, n), upper.y(v)) for i, v in enumerate(chart.ewma)]),
        _text(
            _LEFT,
            floor + _GAP - 8,
            f"EWMA λ = {watch.weight:g}, L = {watch.width:g} · CUSUM k = {watch.slack:g}, h = {watch.limit:g}",
        ),
        _line(lower, watch.limit, _INK, f"h = {watch.limit:g}", dash="5 4"),
        _curve([(_x(first + i, n), lower.y(v)) for i, v in enumerate(chart.cusum_up)]),
        _curve([(_x(first + i, n), lower.y(v)) for i, v in enumerate(chart.cusum_down)], dash="3 3"),
        _ticks(n),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="11">'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


class _Field:
    """A part of the picture with an ordinate of its own."""

    def __init__(self, *, top: int, bottom: int, low: float, high: float) -> None:
        self.top, self.bottom, self.low = top, bottom, low
        self.span = max(high - low, 1e-12)

    def y(self, value: float) -> float:
        return self.bottom - (value - self.low) / self.span * (self.bottom - self.top)


def _x(index: int, count: int) -> float:
    return _LEFT + index / max(count - 1, 1) * (_WIDTH - _LEFT - _RIGHT)


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_INK}">{escape(words)}</text>'


def _line(field: _Field, value: float, colour: str, label: str, *, dash: str = "none") -> str:
    y = field.y(value)
    return (
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
        f'stroke="{colour}" stroke-dasharray="{dash}"/>' + _text(_WIDTH - _RIGHT, y - 3, label, "end")
    )


def _dot(x: float, y: float, *, is_alarm: bool) -> str:
    # The alarm is told by shape as well: a ring twice as wide, for who sees no red.
    if is_alarm:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="none" stroke="{_ALERT}" stroke-width="2.5"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{_FAINT}"/>'


def _curve(points: Sequence[tuple[float, float]], *, dash: str = "none") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{_INK}" stroke-width="1.6" stroke-dasharray="{dash}"/>'


def _ticks(count: int) -> str:
    marks = sorted({1, (count + 1) // 2, count})
    return "".join(_text(_x(mark - 1, count), _HEIGHT - 6, str(mark), "middle") for mark in marks)
