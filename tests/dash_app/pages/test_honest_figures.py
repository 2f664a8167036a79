"""No page and no paper about devices shows an estimate bare, a position without its age, or says "sterile" of a cycle.

Every page of the section is drawn with a past of every kind and read as a person reads it: by its tables, grids, lists
of facts and sentences. A heading of a table that nobody has said anything about below fails the test, so that whoever
adds a column decides whether it is a fact or an estimate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from dash.development.base_component import Component

from dash_app.evidence.device import device_sheet
from dash_app.evidence.load import load_sheet
from dash_app.texts.catalogue import catalogue_path
from dash_app.texts.preferences import PREFERENCES, Preferences
from tests.dash_app.pages.honest_hospital import UTC, busy, device_pages, rendered, walk
from tests.dash_app.pages.test_device_pages import Kept, words
from tests.dash_app.small_hospital import NOW

ESTIMATES = {
    "Days between failures (90 %)",
    "Up (90 %)",
    "Shape (90 %) and trend",
    "Failures a year, drawn towards its fellows (90 %)",
    "Failures before and since",
    "In use, at most (90 %)",
    "Ran, of those that report (90 %)",
    "Service by price paid (90 %)",
    "Service by price of new ones (90 %)",
    "Half ready after (90 %)",
    "Nine of ten ready after (90 %)",
    "Wait, median (90 %)",
    "Cleaning, median (90 %)",
    "Healthy mean and deviation",
    "Weighted mean now",
    "Healthy → now",
}
"""Columns of figures that are estimated from a number of things: each cell gives an interval and says how many."""

COUNTS = {"Failures", "Devices", "Years watched"}
"""Columns that say beside an estimate how many it rests on."""

POSITIONS = {"Place", "Where", "Where it is", "Seen in"}
AGES = {"Seen", "Last seen", "Age", "From"}
"""A row that tells a place tells since when, or how long ago."""

REFUSALS = re.compile(r"^(–|)$|too few|too little|[Ff]ewer than three|not watched long enough|at least|no finite shape")
INTERVAL = re.compile(r"\(?[^()]*\d[^()]* – [\d…]|interval")
NUMBER_OF = re.compile(r"\bn = \d|device-years")


@dataclass(frozen=True)
class Read:
    """One table as it is read: its headings and the texts of its rows."""

    address: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(address: str, component: Component) -> Iterator[Read]:
    for one in walk(component):
        if type(one).__name__ != "Table":
            continue
        rows = [part for part in walk(one) if type(part).__name__ == "Tr"]
        cells = [tuple(words(cell).strip() for cell in row.children) for row in rows]
        yield Read(address, cells[0], tuple(cells[1:]))


def grids(component: Component) -> Iterator[list[dict[str, Any]]]:
    for one in walk(component):
        if type(one).__name__ == "AgGrid":
            yield one.columnDefs


def bare(read: Read) -> list[str]:
    """Give the cells that show an estimate without interval or without what it rests on."""
    found = []
    counted = bool(COUNTS & set(read.headings))
    for row in read.rows:
        for heading, cell in zip(read.headings, row, strict=True):
            if heading not in ESTIMATES or REFUSALS.search(cell):
                continue
            if not INTERVAL.search(cell) or not (counted or NUMBER_OF.search(cell)):
                found.append(f"{read.address}: {heading}: {cell}")
    return found


class Paper(HTMLParser):
    """Reads the tables of a printed page."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.text = ""
        self._open = False
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        self._open = tag in ("td", "th")
        if self._open:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open:
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def kept() -> Kept:
    return busy()


@pytest.fixture(scope="module")
def pages(kept: Kept) -> list[tuple[str, Component]]:
    return list(rendered(kept))


def test_every_page_about_devices_is_drawn_with_something_to_say(pages: Sequence[tuple[str, Component]]) -> None:
    shown = {address.split("{")[0] for address, _page in pages}

    assert {page.path.replace("*", "IP-1") for page in device_pages()} == shown
    assert all(len(words(page)) > 80 for _address, page in pages)
    held = {heading for address, page in pages for read in tables(address, page) for heading in read.headings}
    # An estimate that is drawn nowhere would be judged nowhere.
    assert held >= ESTIMATES - {"Healthy → now", *UV_ROOMS}, ESTIMATES - held


UV_ROOMS = {heading for heading in ESTIMATES if "ready after" in heading or "median" in heading}


def test_no_estimate_stands_without_interval_and_number(pages: Sequence[tuple[str, Component]]) -> None:
    found = [text for address, page in pages for read in tables(address, page) for text in bare(read)]

    assert found == []


def test_a_bare_estimate_would_be_found() -> None:
    def read(cell: str, *headings: str) -> list[str]:
        return bare(Read("/x", ("Up (90 %)", *headings), ((cell, *("3" for _ in headings)),)))

    assert read("98.2 %") != []  # neither interval nor number
    assert read("98.2 % (97.0 – 99.1)") != []  # nothing says how many
    assert read("98.2 % (n = 4)") != []  # no interval
    assert read("98.2 % (97.0 – 99.1)", "Failures") == []
    assert read("98.2 % (97.0 – 99.1; n = 4)") == []
    assert read("too few devices (n = 2)") == []


def test_whoever_adds_a_column_of_an_estimate_says_so(pages: Sequence[tuple[str, Component]]) -> None:
    """A heading that speaks of a rate, mean, share or confidence is one of those above, or said to be a fact here."""
    facts = {
        "Confidence",  # of a position; it is an estimate's own probability, and its age stands beside it
        "Greatest deviation found, of its tolerance",  # one measured value by its limit
        "Weighted mean (EWMA)",  # of the chart's table: one value per observation, the limits stand in the chart
        "Failures per device",  # of the curve's table: its interval is the next column
        "A day",  # what a meter counted by the days between its readings, not a sample
        "Last read",
    }
    telling = re.compile(r"\b(mean|median|rate|share|MTBF|average|confidence|per|a year|a day)\b|%", re.IGNORECASE)
    held = {heading for address, page in pages for read in tables(address, page) for heading in read.headings}
    held |= {column["headerName"] for _address, page in pages for grid in grids(page) for column in grid}

    assert {heading for heading in held if telling.search(heading)} - ESTIMATES - facts - {"Interval (90 %)"} == set()


def test_a_sentence_with_a_share_says_its_interval(pages: Sequence[tuple[str, Component]]) -> None:
    """Shares in running text: compliance, precision of alerts; bounds and scores by rule are no estimates."""
    by_rule = re.compile(
        r"At most .* better is possible|Speaks for replacement|weight changes|limits|Share|share of|90 %"
    )
    bare_sentences = [
        (address, text)
        for address, page in pages
        for one in walk(page)
        if type(one).__name__ in ("P", "Li") and re.search(r"\d %", text := words(one))
        if "interval" not in text and not by_rule.search(text)
    ]

    assert bare_sentences == []


def test_no_position_stands_without_its_age(pages: Sequence[tuple[str, Component]]) -> None:
    without = [
        (address, read.headings)
        for address, page in pages
        for read in tables(address, page)
        if POSITIONS & set(read.headings) and not AGES & set(read.headings)
    ]
    for address, page in pages:
        for grid in grids(page):
            names = {column["headerName"] for column in grid}
            has_age = any("htAge" in str(column.get("valueFormatter")) for column in grid)
            if POSITIONS & names and not has_age:
                without.append((address, tuple(names)))
        facts = [words(one) for one in walk(page) if type(one).__name__ == "Dt"]
        if POSITIONS & set(facts) and not AGES & set(facts):
            without.append((address, tuple(facts)))

    assert without == []
    # The fleet's grid and the page of a device show positions: had they none, nothing would have been judged.
    shown = {address for address, page in pages if POSITIONS & {c["headerName"] for g in grids(page) for c in g}}
    assert "/devices" in shown
    assert any(POSITIONS & set(read.headings) for address, page in pages for read in tables(address, page))


def test_papers_give_ages_and_call_nothing_sterile(kept: Kept) -> None:
    with kept.port.read() as session:
        device = Paper(device_sheet(session, kept.port.state(), "IP-1", now=NOW, zone=UTC, reader="Biomed 1"))
        load = Paper(load_sheet(session, kept.port.state(), "l1", store=None, now=NOW, reader="Biomed 1"))

    (places,) = [row for row in device.rows if row[:2] == ["Place", "From"]]
    assert "Age" in places
    assert re.search(r"seen .* ago, confidence", device.text)
    for paper in (device, load):
        assert not re.search(r"\bsterile\b", paper.text, re.IGNORECASE)
    assert "Passed is what the evidence of a cycle says" in load.text


def test_nothing_is_called_sterile_on_any_page(pages: Sequence[tuple[str, Component]]) -> None:
    assert [
        address for address, page in pages if re.search(r"\bsteril(e|ised|ized)\b", words(page), re.IGNORECASE)
    ] == []


def test_no_text_in_either_language_calls_something_sterile() -> None:
    """Also what no page happened to show: the catalogue holds every sentence that a reader can meet."""
    allowed = {
        "Sterile supply",  # the name of a department
        "Sets of that load may not be sterile.",  # it says that they may not be
        "Somebody is where medicine, sterile goods or patients must be protected.",  # a place for such goods
    }
    catalogue = catalogue_path("zh_CN").read_text(encoding="utf-8")
    entries = re.findall(r'msgid ((?:"[^\n]*"\n)+)msgstr ((?:"[^\n]*"\n)+)', catalogue)
    texts = {
        "".join(re.findall(r'"(.*)"', source)): "".join(re.findall(r'"(.*)"', target)) for source, target in entries
    }

    assert len(texts) > 1000
    telling = {
        source
        for source, target in texts.items()
        if re.search(r"\bsterile\b", source, re.IGNORECASE) or re.search(r"无菌|已灭菌", target)
    }
    assert telling - allowed == set()


def test_pages_keep_ages_and_intervals_in_chinese(kept: Kept) -> None:
    before = PREFERENCES.get()
    token = PREFERENCES.set(Preferences(language="zh_CN", theme=before.theme, time_zone=before.time_zone))
    try:
        text = " ".join(words(page) for _address, page in rendered(kept))
    finally:
        PREFERENCES.reset(token)

    assert re.search(r"\d+ \(\d+ – \d+\)", text)
    assert not re.search(r"无菌|已灭菌", text)
