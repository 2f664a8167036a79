"""What can be asked about queues, and how it is written in a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from simulation.model.distributions import Distribution, read_distribution
from simulation.model.problems import PathwayError
from simulation.model.reading import Document, Entry

UNIT_US = 6e7  # one unit of time; its length means nothing, only that a microsecond is small beside it
SHORTEST_GAP = 1e-5
SINE_PIECES_ENDLESS = 240  # of a sine where there are servers for all: the piecewise mean is within 3e-5 of the smooth
SINE_PIECES = 48  # of a sine elsewhere, since each piece costs a matrix exponential for the exact value


class Full(StrEnum):
    """What happens to somebody who comes to a service point without a free place."""

    LOSE = "lose"  # leaves
    BLOCK = "block"  # stays where it is, keeping the server there


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePoint:
    """Servers that are alike, and those who wait for them.

    Parameters
    ----------
    servers : int
        How many; 0 for as many as there are patients.
    service : tuple[str, ...]
        Distribution of service, one for all classes or one each.
    arrivals : tuple[str, ...]
        Distribution of the gap between arrivals from outside by class; an empty text for none.
    rates : tuple[float, ...]
        Arrival rates from outside, each for one ``piece``, repeating; in place of ``arrivals``.
    piece : float
        How long each rate holds.
    group : str
        Distribution of how many come together; empty for one.
    discipline : str
        ``fifo``, ``priority`` or ``preemptive``.
    eviction : str
        ``resume``, ``restart`` or ``resample`` after pre-emption.
    places : int
        Most patients present, those in service included; 0 for no limit.
    full : Full
        What happens at a full one.
    patience : tuple[str, ...]
        Distribution of the time one waits before leaving, one for all classes or one each; empty for ever.
    routes : Mapping[str, float]
        Probability of each next service point; the rest leaves.
    sine : tuple[float, float, float] | None
        Mean, amplitude and period, if ``rates`` came from a sine.
    """

    servers: int
    service: tuple[str, ...]
    arrivals: tuple[str, ...] = ()
    rates: tuple[float, ...] = ()
    piece: float = 1.0
    group: str = ""
    discipline: str = "fifo"
    eviction: str = "resume"
    places: int = 0
    full: Full = Full.LOSE
    patience: tuple[str, ...] = ()
    routes: Mapping[str, float] = field(default_factory=dict)
    sine: tuple[float, float, float] | None = None

    @property
    def period(self) -> float:
        """Length of the cycle of the arrival rates; 0 if they do not change."""
        return self.piece * len(self.rates) if len(set(self.rates)) > 1 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueQuestion:
    """Service points, and how long to look at them.

    Parameters
    ----------
    points : Mapping[str, ServicePoint]
        By name; a single one may have the empty name.
    classes : tuple[str, ...]
        Names of the classes, the most urgent first.
    levels : tuple[int, ...]
        Priority of each class, 0 first; empty for their order.
    patients : int
        Patients in all, over all replications.
    replications : int
        At least 2, for the intervals.
    seed : int
        0..2**32-1.
    """

    points: Mapping[str, ServicePoint]
    classes: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    patients: int = 1_000_000
    replications: int = 20
    seed: int = 1

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes: as given, or ``class0`` and so on."""
        if self.classes:
            return self.classes
        most = max((len(point.arrivals) for point in self.points.values()), default=1)
        return tuple(f"class{number}" for number in range(max(most, 1)))

    @property
    def class_levels(self) -> tuple[int, ...]:
        """Priority of each class."""
        return self.levels or tuple(range(len(self.class_names)))

    def outside_rates(self, name: str) -> list[float]:
        """Give the mean rate at which patients of each class come to a point from outside, in patients."""
        point = self.points[name]
        size = group_moments(point.group)[0]
        if point.rates:
            return [size * sum(point.rates) / len(point.rates), *[0.0] * (len(self.class_names) - 1)]
        gaps = [law(text, "arrivals") if text else None for text in point.arrivals]
        for text, gap in zip(point.arrivals, gaps, strict=True):
            # The engines count whole microseconds: gaps of a few would be rounded to another rate.
            if gap is not None and gap.mean < SHORTEST_GAP:
                message = f"Expected gaps of at least {SHORTEST_GAP:g} on average, got {text!r}."
                raise PathwayError("arrivals", message, "Write all times in a smaller unit.")
        return [size / gap.mean if gap is not None else 0.0 for gap in gaps] or [0.0] * len(self.class_names)

    def services(self, name: str) -> list[Distribution]:
        """Give the service of each class at a point."""
        return self._each(self.points[name].service, "service")

    def patiences(self, name: str) -> list[Distribution]:
        """Give the patience of each class at a point; empty if all wait for ever."""
        texts = self.points[name].patience
        return self._each(texts, "patience") if texts else []

    def _each(self, texts: tuple[str, ...], what: str) -> list[Distribution]:
        count = len(self.class_names)
        found = [law(text, what) for text in texts]
        found = found * count if len(found) == 1 else found
        if len(found) != count:
            raise PathwayError(what, f"{len(found)} distributions for {count} classes.", "Give one, or one each.")
        return found


def law(text: str, place: str) -> Distribution:
    """Read a distribution in units of time."""
    return read_distribution(text, unit_us=1.0, place=place)


def group_moments(text: str) -> tuple[float, float]:
    """Give E[X] and E[X²] of the number that come together; NaN where they are not known exactly.

    Parameters
    ----------
    text : str
        A distribution that is rounded to whole numbers of at least 1; empty for always one.
    """
    if not text:
        return 1.0, 1.0
    found = law(text, "group")
    if found.law.value not in {"const", "values"}:
        return found.mean, math.nan
    # Rounded as the engines round group sizes.
    sizes = [max(math.floor(value + 0.5), 1) for value in found.values or found.parameters]
    return sum(sizes) / len(sizes), sum(size * size for size in sizes) / len(sizes)


def sine_rates(mean: float, amplitude: float, period: float, *, pieces: int) -> tuple[float, ...]:
    """Give the mean of λ(t) = mean + amplitude · sin(2πt/period) over each of so many pieces of a period.

    Parameters
    ----------
    mean, amplitude, period : float
        Of the sine; the amplitude is at most the mean, so that no rate is negative.
    pieces : int
        How many.
    """
    if not (0 <= amplitude <= mean and mean > 0 and period > 0):
        raise PathwayError(
            "rates", "Expected 0 <= amplitude <= mean and a period.", "Write sine:MEAN,AMPLITUDE,PERIOD."
        )
    step = 2 * math.pi / pieces
    return tuple(mean + amplitude * (math.cos(k * step) - math.cos((k + 1) * step)) / step for k in range(pieces))


def read_rates(text: str, *, servers: int) -> tuple[tuple[float, ...], tuple[float, float, float] | None]:
    """Read ``10,20,5`` or ``sine:20,10,24``: rates, and the sine they came from.

    Parameters
    ----------
    text : str
        As written.
    servers : int
        Of the point, 0 for endless; decides how finely a sine is cut.
    """
    word, _, rest = text.rpartition(":")
    try:
        numbers = tuple(float(part) for part in rest.split(","))
    except ValueError as error:
        raise PathwayError("rates", f"Cannot read {text!r}.", "Write 10,20,5 or sine:MEAN,AMPLITUDE,PERIOD.") from error
    if not word:
        return numbers, None
    if word.strip() != "sine" or len(numbers) != 3:
        raise PathwayError("rates", f"Cannot read {text!r}.", "Write 10,20,5 or sine:MEAN,AMPLITUDE,PERIOD.")
    pieces = SINE_PIECES if servers else SINE_PIECES_ENDLESS
    return sine_rates(*numbers, pieces=pieces), (numbers[0], numbers[1], numbers[2])


def question_of(document: Document) -> QueueQuestion:
    """Read a file about queues.

    Parameters
    ----------
    document : Document
        ``points`` by name, or the entries of a single point at the top; beside them ``classes``, ``patients``,
        ``replications`` and ``seed``.

    Raises
    ------
    PathwayError
        Naming the entry that cannot be used.
    """
    top = Entry("", document, 1.0)
    run = QueueQuestion(
        points={},
        patients=top.whole("patients", 1_000_000, least=1),
        replications=top.whole("replications", 20, least=1),
        seed=top.whole("seed", 1),
    )
    classes, levels = _classes(top)
    if top.has("points"):
        points = {name: _point(entry, classes) for name, entry in top.items("points")}
        top.check_all_read()
    else:
        points = {"": _point(top, classes)}
    if not points:
        raise PathwayError("points", "There is no service point.", "Write [points.NAME] tables.")
    return QueueQuestion(
        points=points,
        classes=classes,
        levels=levels,
        patients=run.patients,
        replications=run.replications,
        seed=run.seed,
    )


def _classes(top: Entry) -> tuple[tuple[str, ...], tuple[int, ...]]:
    if not isinstance(top.raw("classes", []), Mapping):
        return top.names("classes"), ()
    items = top.items("classes")
    levels = tuple(entry.whole("priority", number) for number, (_, entry) in enumerate(items))
    for _, entry in items:
        entry.check_all_read()
    return tuple(name for name, _ in items), levels


def _point(entry: Entry, classes: tuple[str, ...]) -> ServicePoint:
    servers = entry.raw("servers")
    count = 0 if servers == "inf" else entry.whole("servers", least=1)
    rates, sine = _rates(entry, count)
    full = entry.text("full", Full.LOSE)
    if full not in list(Full):
        raise PathwayError(entry.at("full"), f"Unknown word {full!r}.", "Use lose or block.")
    piece = entry.number("piece", 1.0)
    piece = sine[2] / len(rates) if sine else piece
    if not piece > 0:
        raise PathwayError(entry.at("piece"), f"Expected a length of time, got {piece}.", "Write a positive number.")
    point = ServicePoint(
        servers=count,
        service=_texts(entry, "service", classes),
        arrivals=_texts(entry, "arrivals", classes, none=""),
        rates=rates,
        sine=sine,
        piece=piece,
        group=_texts(entry, "group", ())[0] if entry.has("group") else "",
        discipline=entry.text("discipline", "fifo"),
        eviction=entry.text("eviction", "resume"),
        places=entry.whole("places", 0),
        full=Full(full),
        patience=_texts(entry, "patience", classes) if entry.has("patience") else (),
        routes={name: entry.table("next").number(name) for name in entry.table("next").values},
    )
    entry.check_all_read()
    return point


def _rates(entry: Entry, servers: int) -> tuple[tuple[float, ...], tuple[float, float, float] | None]:
    value = entry.raw("rates", [])
    if isinstance(value, str):
        return read_rates(value, servers=servers)
    if not isinstance(value, list) or not all(isinstance(rate, int | float) and rate >= 0 for rate in value):
        raise PathwayError(entry.at("rates"), f"Expected rates, got {value!r}.", "Write a list of numbers, or a sine.")
    return tuple(float(rate) for rate in value), None


def _texts(entry: Entry, key: str, classes: tuple[str, ...], none: str | None = None) -> tuple[str, ...]:
    """Read one distribution, a list of them by class, or a table by class with ``other``."""
    value = entry.raw(key, None)
    if value is None:
        if none is None:
            raise PathwayError(entry.at(key), "It is missing.", f'Write such as {key} = "exp:1".')
        return ()
    if isinstance(value, Mapping):
        unknown = set(value) - {*classes, "other"}
        if unknown or not classes:
            raise PathwayError(entry.at(key), f"Unknown classes {sorted(unknown)}.", "Name them under classes.")
        return tuple(str(value.get(name, value.get("other", none or ""))) for name in classes)
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in listed):
        raise PathwayError(entry.at(key), f"Expected a distribution, got {value!r}.", 'Write such as "exp:1".')
    return tuple(str(item) for item in listed)
