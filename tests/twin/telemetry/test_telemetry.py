from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.fakes import START_US
from twin.clock import DAY_US, MINUTE_US, SECOND_US
from twin.db.database import Database
from twin.errors import DecodeError, FieldError
from twin.telemetry import tables
from twin.telemetry.following import StoredChunk
from twin.telemetry.rollups import rollup_rows
from twin.telemetry.samples import SampleChunk, pack, unpack
from twin.telemetry.telemetry import Telemetry

assert tables.SAMPLES is not None  # declared before the database fixture makes its tables


def chunk(
    times: list[int], values: list[float], *, key: str = "c1", quality: list[int] | None = None, device: str = "st-3"
) -> SampleChunk:
    return SampleChunk(
        device=device,
        quantity="chamber_temperature_c",
        times_us=np.array(times, np.int64),
        values=np.array(values, np.float64),
        quality=np.array(quality or [0] * len(times), np.uint8),
        source="gateway:cssd-1",
        source_key=key,
    )


def every_second(start_s: int, count: int, key: str) -> SampleChunk:
    times = [START_US + (start_s + i) * SECOND_US for i in range(count)]
    return chunk(times, [100.0 + start_s + i for i in range(count)], key=key)


@pytest.fixture
def telemetry(database: Database) -> Iterator[Telemetry]:
    made = Telemetry(database)
    yield made
    made.close()


def store(telemetry: Telemetry, database: Database, one: SampleChunk) -> int:
    return database.writer.run(lambda session: telemetry.store(session, one))


@given(
    st.integers(0, 200).flatmap(
        lambda n: st.tuples(
            arrays(np.int64, n, elements=st.integers(-(2**60), 2**60)),
            arrays(np.float64, n, elements=st.floats(allow_nan=True, width=64)),
            arrays(np.uint8, n),
        )
    )
)
def test_packed_samples_come_back_bit_for_bit(
    parts: tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray, np.ndarray],  # type: ignore[type-arg]
) -> None:
    times, values, quality = np.sort(parts[0]), parts[1], parts[2]
    one = SampleChunk(device="d", quantity="q", times_us=times, values=values, quality=quality)

    back = unpack(pack(one))

    assert np.array_equal(back[0], times)
    assert values.tobytes() == back[1].tobytes()
    assert np.array_equal(back[2], quality)


@pytest.mark.parametrize(
    "damaged",
    [
        b"",  # nothing
        b"\x07abc",  # of a later release
        b"\x01abc",  # not packed
        pack(chunk([1], [1.0]))[:-3],  # cut off
    ],
)
def test_damaged_samples_are_told(damaged: bytes) -> None:
    with pytest.raises(DecodeError):
        unpack(damaged)


@pytest.mark.parametrize(
    ("times", "values", "field"),
    [
        ([1, 2], [1.0], "values"),  # a value is missing
        ([2, 1], [1.0, 2.0], "times_us"),  # time runs backwards
    ],
)
def test_a_chunk_that_makes_no_sense_is_refused(times: list[int], values: list[float], field: str) -> None:
    with pytest.raises(FieldError) as caught:
        chunk(times, values, quality=[0] * len(times))

    assert caught.value.problem.field == field


@pytest.mark.parametrize(
    "bad",
    [
        chunk([], []),  # nothing measured
        chunk([0, 2 * DAY_US], [1.0, 2.0]),  # more than a day at once
        chunk([1], [1.0], key=""),  # could not be told from a new one
    ],
)
def test_a_chunk_that_cannot_be_kept_is_refused(telemetry: Telemetry, database: Database, bad: SampleChunk) -> None:
    with pytest.raises(FieldError):
        store(telemetry, database, bad)


def test_samples_are_read_in_order_across_chunks(telemetry: Telemetry, database: Database) -> None:
    store(telemetry, database, every_second(60, 60, "b"))
    store(telemetry, database, every_second(0, 60, "a"))
    store(telemetry, database, every_second(120, 60, "c"))

    with database.read() as session:
        found = telemetry.read(
            session, "st-3", "chamber_temperature_c", START_US + 50 * SECOND_US, START_US + 130 * SECOND_US
        )

    assert found.values.tolist() == [100.0 + i for i in range(50, 130)]
    assert found.times_us[0] == START_US + 50 * SECOND_US


def test_nothing_measured_reads_as_nothing(telemetry: Telemetry, database: Database) -> None:
    with database.read() as session:
        assert len(telemetry.read(session, "st-3", "f0", 0, 10**15)) == 0


def test_the_same_chunk_is_kept_once(telemetry: Telemetry, database: Database) -> None:
    first = store(telemetry, database, every_second(0, 60, "a"))
    again = store(telemetry, database, every_second(0, 60, "a"))

    with database.read() as session:
        rollups = telemetry.rollups(session, "st-3", "chamber_temperature_c", (START_US, START_US + DAY_US))
    assert first == again
    assert [(r.n, r.minimum, r.maximum, r.mean) for r in rollups] == [(60, 100.0, 159.0, 129.5)]


def test_rollups_join_chunks_and_leave_bad_samples_out(telemetry: Telemetry, database: Database) -> None:
    at = START_US
    store(telemetry, database, chunk([at, at + 1, at + 2], [5.0, 900.0, 7.0], quality=[0, 2, 0], key="a"))
    store(telemetry, database, chunk([at + 3, at + 4, at + MINUTE_US], [3.0, float("nan"), 8.0], key="b"))

    with database.read() as session:
        minutes = telemetry.rollups(session, "st-3", "chamber_temperature_c", (at, at + DAY_US))
        hours = telemetry.rollups(session, "st-3", "chamber_temperature_c", (at, at + DAY_US), width_s=3600)

    assert [(m.start_at - at, m.n, m.minimum, m.mean, m.maximum) for m in minutes] == [
        (0, 3, 3.0, 5.0, 7.0),
        (MINUTE_US, 1, 8.0, 8.0, 8.0),
    ]
    assert [(h.n, h.minimum, h.maximum) for h in hours] == [(4, 3.0, 8.0)]


@given(
    times=st.lists(st.integers(0, 10 * MINUTE_US), min_size=1, max_size=60).map(sorted),
    data=st.data(),
)
def test_rollups_are_those_of_a_plain_loop(times: list[int], data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(-50, 200), min_size=len(times), max_size=len(times)))
    quality = data.draw(st.lists(st.integers(0, 2), min_size=len(times), max_size=len(times)))

    rows = rollup_rows(chunk(times, [float(v) for v in values], quality=quality), 60)

    expected: dict[int, list[int]] = {}
    for at, value, mark in zip(times, values, quality, strict=True):
        if mark == 0:
            expected.setdefault(at // MINUTE_US * MINUTE_US, []).append(value)
    assert {row["start_at"]: (row["n"], row["minimum"], row["maximum"], row["total"]) for row in rows} == {
        at: (len(v), min(v), max(v), sum(v)) for at, v in expected.items()
    }


def test_retention_drops_old_samples_and_keeps_rollups_and_numbers(telemetry: Telemetry, database: Database) -> None:
    store(telemetry, database, every_second(0, 60, "old"))
    now = START_US + 3 * DAY_US

    dropped = database.writer.run(lambda session: telemetry.prune(session, now=now, retention_days=2))
    number = store(telemetry, database, every_second(86_400 * 3, 5, "new"))

    with database.read() as session:
        span = (START_US, START_US + DAY_US)
        assert len(telemetry.read(session, "st-3", "chamber_temperature_c", *span)) == 0
        assert telemetry.rollups(session, "st-3", "chamber_temperature_c", span)[0].n == 60
    assert (dropped, number) == (1, 2)


def test_subscribers_get_chunks_in_order_and_again_after_they_failed(telemetry: Telemetry, database: Database) -> None:
    store(telemetry, database, every_second(0, 5, "before"))
    seen: list[int] = []
    failed = threading.Event()

    def on_chunks(chunks: object) -> None:
        assert isinstance(chunks, list)
        if not failed.is_set():
            failed.set()
            raise RuntimeError("not ready")
        seen.extend(one.sequence for one in chunks if isinstance(one, StoredChunk))

    follower = telemetry.subscribe("cycles", on_chunks, start=0)
    telemetry.wake()
    assert failed.wait(10)
    last = store(telemetry, database, every_second(10, 5, "after"))
    telemetry.wake()

    assert follower.wait_until(last, 10)
    assert seen == [1, 2]


def test_a_new_subscriber_starts_now(telemetry: Telemetry, database: Database) -> None:
    store(telemetry, database, every_second(0, 5, "before"))
    seen: list[int] = []
    follower = telemetry.subscribe("cycles", lambda chunks: seen.extend(c.sequence for c in chunks))

    last = store(telemetry, database, every_second(10, 5, "after"))
    telemetry.wake()

    assert follower.wait_until(last, 10)
    assert seen == [2]
