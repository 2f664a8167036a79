"""What screens on walls show: figures of the house in large letters, without anybody's name or number.

Nobody is signed in at a wall. What stands here may be read by every visitor of a corridor, so that only counts of
beds, wards, tasks and things come in, never a patient, a pseudonym or a member of staff.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from html import escape

from dash_app.queries import beds, overview, work
from dash_app.queries.beds import BedUse
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import duration, moment, number
from dash_app.texts.preferences import PREFERENCES
from twin.clock import SECOND_US
from twin.events.watch import AlarmPriority
from twin.state.live import LiveState

STYLE = """
:root { color-scheme: light dark; --soft: #4a525d; --line: #c9ced6; --p1: #a50e22; --p2: #8a5200; --p3: #005f73; }
@media (prefers-color-scheme: dark) { :root { --soft: #a9b2bf; --line: #3a434e;
  --p1: #ff6b6b; --p2: #ffc247; --p3: #5ad1e6; } }
* { box-sizing: border-box; } body { margin: 0; background: Canvas; color: CanvasText;
  font: clamp(1rem, 1.6vw, 2.2rem)/1.35 system-ui, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
main { padding: 1.5rem 2rem; } header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 2rem; }
h1 { margin: 0 0 1rem; font-size: 1.6em; } h2 { margin: 0; font-size: 1em; color: var(--soft); } p { margin: 0.2rem 0; }
.when, .small { color: var(--soft); }
.tiles { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(11em, 1fr)); }
.tile { border: 1px solid var(--line); border-left: 0.35em solid var(--line); border-radius: 0.3em;
  padding: 0.6em 0.9em; }
.value { font-size: 2.6em; line-height: 1.1; font-weight: 700; font-variant-numeric: tabular-nums; }
.value small { font-size: 0.4em; }
.P1 { border-left-color: var(--p1); } .P2 { border-left-color: var(--p2); } .P3 { border-left-color: var(--p3); }
b.P1 { color: var(--p1); } b.P2 { color: var(--p2); } b.P3 { color: var(--p3); }
table { width: 100%; margin-top: 1rem; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.35em 0.6em; text-align: right; border-bottom: 1px solid var(--line); } th { color: var(--soft); }
th:first-child, td:first-child { text-align: left; } #stale { color: var(--p2); font-weight: 700; }
"""

SCRIPT = """
// Asks for its own page anew, and goes on asking when the server does not answer: nobody reloads a screen on a wall.
(() => {
  "use strict";
  async function renew() {
    const stale = document.getElementById("stale");
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      const text = await answer.text();
      const found = new DOMParser().parseFromString(text, "text/html").querySelector("main");
      if (!found || (!answer.ok && answer.status >= 500)) throw new Error(String(answer.status));
      document.querySelector("main").replaceWith(found);
    } catch {
      if (stale) stale.hidden = false;
    }
  }
  setInterval(renew, 20000);
})();
"""

_SHAPES = {AlarmPriority.HIGH: "▲", AlarmPriority.MEDIUM: "◆", AlarmPriority.LOW: "■"}
_PAGE = """<!DOCTYPE html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<noscript><meta http-equiv="refresh" content="30"></noscript><title>{title} · {site}</title>
<link rel="stylesheet" href="{style}"><script src="{script}" defer></script></head>
<body><main><header><h1>{title}</h1>
<p class="when">{site} · {when} <span id="stale" role="status" hidden>{stale}</span></p>
</header>{body}</main></body></html>"""


def title_of(shows: str) -> str:
    """Give the translated title of a page for walls."""
    titles = {"overview": _("Operations overview"), "beds": _("Bed board"), "tasks": _("Tasks")}
    return titles.get(shows, shows)


def _large(name: str, value: int, more: str = "", level: AlarmPriority | None = None, of: int = 0) -> str:
    shape = f'<b class="{level.value}">{_SHAPES[level]} {level.value}</b> ' if level is not None else ""
    total = f" <small>{escape(_(' of {total}').format(total=number(of)).strip())}</small>" if of else ""
    return (
        f'<section class="tile {level.value if level else ""}"><h2>{shape}{escape(name)}</h2>'
        f'<p class="value">{number(value)}{total}</p><p class="small">{escape(more)}</p></section>'
    )


def _table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _overview(state: LiveState, now: int) -> str:
    tiles = overview.tiles(state, now)
    pressure = overview.pressure(overview.pressure_values(tiles))
    told = _("Pressure {level} of 4: {word}").format(
        level=pressure.level, word=codes.code_text(codes.PRESSURE_LEVELS, str(pressure.level))
    )
    shown = "".join(
        _large(
            codes.code_text(codes.TILES, tile.key),
            tile.value,
            " · ".join(
                codes.code_text(codes.TILE_DETAILS, code).format(count=number(count), duration=duration(count))
                for code, count in tile.details
            ),
            tile.level,
            tile.total,
        )
        for tile in tiles
    )
    return f'<h2>{escape(told)}</h2><div class="tiles">{shown}</div>'


def _beds(state: LiveState, now: int) -> str:
    del now  # a bed's state has no age on the wall
    wards = beds.wards(state, chinese=PREFERENCES.get().language == "zh_CN")
    uses = (BedUse.READY, BedUse.RESERVED, BedUse.DIRTY, BedUse.CLEANING, BedUse.CLOSED)
    totals = "".join(
        _large(codes.code_text(codes.BED_USES, use.value), sum(ward.by_use[use] for ward in wards)) for use in uses[:4]
    )
    lines = [
        [
            ward.name or _("Beds without a ward"),
            f"{number(ward.by_use[BedUse.OCCUPIED])} / {number(ward.open_beds)}",
            *(number(ward.by_use[use]) for use in uses),
        ]
        for ward in wards
    ]
    headings = [_("Ward"), _("Occupied / open"), *(codes.code_text(codes.BED_USES, use.value) for use in uses)]
    return f'<div class="tiles">{totals}</div>{_table(headings, lines)}'


def _tasks(state: LiveState, now: int) -> str:
    rows = work.open_tasks(state, now)
    counts = work.counts(rows)
    totals = "".join(
        (
            _large(_("Open tasks"), counts.open),
            _large(_("Given to nobody"), counts.unassigned),
            _large(_("Under way"), counts.in_progress),
            _large(_("Late"), counts.late, level=AlarmPriority.MEDIUM if counts.late else None),
        )
    )
    by_kind: dict[str, list[work.TaskRow]] = defaultdict(list)
    for row in rows:
        by_kind[row.kind].append(row)
    lines = [
        [
            codes.code_text(codes.TASK_KINDS, kind),
            number(len(found)),
            number(sum(row.is_late for row in found)),
            duration((now - min(row.created_at for row in found)) / SECOND_US),
        ]
        for kind, found in sorted(by_kind.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    ]
    headings = [_("Kind"), _("Open"), _("Late"), _("Oldest waits for")]
    return f'<div class="tiles">{totals}</div>{_table(headings, lines)}'


_BODIES: Mapping[str, Callable[[LiveState, int], str]] = {"overview": _overview, "beds": _beds, "tasks": _tasks}


def wall_page(state: LiveState, shows: str, *, now: int, site: str, addresses: tuple[str, str]) -> str:
    """Give the whole page, in the language of the present preferences.

    Parameters
    ----------
    state : LiveState
        The hospital.
    shows : str
        ``overview``, ``beds`` or ``tasks``.
    now : int
        UTC microseconds.
    site : str
        Name of the hospital.
    addresses : tuple[str, str]
        Where style and script stand.
    """
    return _PAGE.format(
        lang=PREFERENCES.get().html_language,
        title=escape(title_of(shows)),
        site=escape(site),
        style=addresses[0],
        script=addresses[1],
        when=escape(moment(now)),
        stale=escape(_("Not up to date: the server does not answer.")),
        body=_BODIES[shows](state, now),
    )
