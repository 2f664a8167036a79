"""The sheet that evidence is printed on: plain HTML with styles for paper, without a script or an outside address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from dash_app.texts.catalogue import gettext as _
from dash_app.texts.preferences import PREFERENCES

# Stands in an attribute in single quotes: its own must be written as entities.
POLICY = "default-src &apos;none&apos;; style-src &apos;unsafe-inline&apos;"
"""No script, no picture and no address from elsewhere, whoever opens the sheet."""

STYLE = """
@page { size: A4; margin: 16mm 14mm 18mm; }
* { box-sizing: border-box; }
body { font: 10pt/1.4 "Noto Sans", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; color: #000;
  margin: 0 auto; max-width: 182mm; }
h1 { font-size: 16pt; margin: 0 0 2mm; } h2 { font-size: 11.5pt; margin: 6mm 0 1.5mm; break-after: avoid; }
p { margin: 1mm 0; } .note { color: #333; font-size: 9pt; }
table { width: 100%; border-collapse: collapse; } thead { display: table-header-group; }
tr { break-inside: avoid; } th, td { border: .3mm solid #777; padding: 1mm 1.6mm; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; } th { background: #eee; }
dl { display: grid; grid-template-columns: 52mm 1fr; margin: 0; } dt { font-weight: 600; } dd { margin: 0; }
.verdict { font-size: 12pt; font-weight: 700; border: .5mm solid #000; padding: 2mm 3mm; display: inline-block; }
svg { width: 100%; height: 62mm; } footer { margin-top: 8mm; border-top: .3mm solid #777; padding-top: 1.5mm; }
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One titled part of a sheet; ``html`` is already safe."""

    title: str
    html: str


def facts(pairs: Sequence[tuple[str, object]]) -> str:
    """Give names and values; a dash where there is none."""
    return "<dl>" + "".join(f"<dt>{_safe(name)}</dt><dd>{_safe(value)}</dd>" for name, value in pairs) + "</dl>"


def rows(headings: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    """Give a table, or the words that nothing is kept."""
    if not lines:
        return f'<p class="note">{_safe(_("Nothing is kept yet."))}</p>'
    head = "".join(f"<th>{_safe(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{_safe(cell)}</td>" for cell in line) + "</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def text(words: str, kind: str = "") -> str:
    """Give a paragraph."""
    return f'<p class="{escape(kind)}">{_safe(words)}</p>'


def _safe(value: object) -> str:
    return escape(str(value)) if value not in ("", None) else "–"


def sheet(title: str, lead: str, parts: Sequence[Part], made: str) -> str:
    """Give the whole document.

    Parameters
    ----------
    title, lead : str
        Its head.
    parts : Sequence[Part]
        In order.
    made : str
        When and for whom it was made.
    """
    body = "".join(f"<h2>{_safe(part.title)}</h2>{part.html}" for part in parts)
    return (
        f'<!doctype html><html lang="{PREFERENCES.get().html_language}"><head><meta charset="utf-8">'
        f"<meta http-equiv='Content-Security-Policy' content='{POLICY}'>"
        f"<title>{_safe(title)}</title><style>{STYLE}</style></head><body><h1>{_safe(title)}</h1>"
        f'<p>{_safe(lead)}</p>{body}<footer class="note">{_safe(made)}</footer></body></html>'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A curve for paper.

    Parameters
    ----------
    minutes, values : tuple[float, ...]
        Abscissa and ordinate, as many.
    low, high : float
        Band behind it, in the unit of the values; equal if there is none.
    label : str
        Translated title.
    """

    minutes: tuple[float, ...]
    values: tuple[float, ...]
    low: float
    high: float
    label: str


_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720.0, 240.0, 44.0, 26.0


def curve(drawn: Drawn) -> str:
    """Draw a curve as SVG, with its band and the figures of its axes."""
    if len(drawn.minutes) < 2:
        return ""
    x0, x1 = drawn.minutes[0], drawn.minutes[-1]
    y0, y1 = min(*drawn.values, drawn.low), max(*drawn.values, drawn.high)
    wide, tall = max(x1 - x0, 1e-9), max(y1 - y0, 1e-9)

    def x(value: float) -> float:
        return _LEFT + (value - x0) / wide * (_WIDTH - _LEFT - 8)

    def y(value: float) -> float:
        return 8 + (y1 - value) / tall * (_HEIGHT - _BOTTOM - 8)

    points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(drawn.minutes, drawn.values, strict=True))
    band = (
        f'<rect x="{_LEFT}" y="{y(drawn.high):.1f}" width="{_WIDTH - _LEFT - 8}" '
        f'height="{max(y(drawn.low) - y(drawn.high), 0):.1f}" fill="#ddd"/>'
        if drawn.high > drawn.low
        else ""
    )
    ticks = "".join(
        f'<text x="{_LEFT - 4}" y="{y(value) + 4:.1f}" text-anchor="end" font-size="11">{value:.0f}</text>'
        for value in dict.fromkeys((y0, drawn.low, drawn.high, y1))
    ) + "".join(
        f'<text x="{x(value):.1f}" y="{_HEIGHT - 8}" text-anchor="middle" font-size="11">{value:.0f}</text>'
        for value in (x0, (x0 + x1) / 2, x1)
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" aria-label="{escape(drawn.label)}">{band}'
        f'<polyline points="{points}" fill="none" stroke="#000" stroke-width="1.4"/>{ticks}</svg>'
        f'<p class="note">{escape(drawn.label)}</p>'
    )
