from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from sqlalchemy import MetaData, text
from sqlmodel import Field, Session, SQLModel, select

from twin.db.channel import Transaction
from twin.db.database import Database
from twin.db.writer import Writer
from twin.errors import DiskFull, Unavailable


class WriterProbe(SQLModel, table=True):
    """A row that says who wrote it; in a metadata of its own, so that no other test takes it for a table of ours."""

    metadata = MetaData()

    id: int | None = Field(default=None, primary_key=True)
    label: str = Field(unique=True)


@pytest.fixture(autouse=True)
def probe_table(database: Database) -> None:
    with database.write_engine.begin() as connection:
        WriterProbe.metadata.create_all(connection)


def add(label: str) -> Callable[[Session], int]:
    def use_case(session: Session) -> int:
        row = WriterProbe(label=label)
        session.add(row)
        session.flush()
        assert row.id is not None
        return row.id

    return use_case


def labels(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(row.label for row in session.exec(select(WriterProbe)).all())


def hold(database: Database) -> tuple[threading.Event, Future[object]]:
    """Occupy the writer until the event is set, so that what comes next shares one transaction."""
    go, started = threading.Event(), threading.Event()

    def wait(_transaction: Transaction) -> object:
        started.set()
        return go.wait(10)

    future = database.writer.submit_work(wait)
    assert started.wait(10)
    return go, future


def test_answer_comes_after_commit(database: Database) -> None:
    number = database.writer.run(add("first"))

    assert number >= 1
    assert labels(database) == ["first"]


def test_what_raises_undoes_only_its_own_savepoint(database: Database) -> None:
    def failing(session: Session) -> None:
        add("never")(session)
        raise ValueError("the rule forbids it")

    go, _ = hold(database)
    futures = [database.writer.submit(use_case) for use_case in (add("a"), failing, add("b"), add("a"), add("c"))]
    groups_before = database.writer.groups
    go.set()

    assert [type(f.exception(10)).__name__ for f in futures] == [
        "NoneType",
        "ValueError",
        "NoneType",
        "IntegrityError",
        "NoneType",
    ]
    assert labels(database) == ["a", "b", "c"]
    assert database.writer.groups - groups_before <= 2


def test_what_raises_alone_leaves_nothing_and_the_next_one_is_stored(database: Database) -> None:
    def failing(session: Session) -> None:
        add("never")(session)
        raise ValueError("the rule forbids it")

    with pytest.raises(ValueError, match="forbids"):
        database.writer.run(failing)  # nothing waits beside it: the transaction is its own
    database.writer.run(add("next"))

    assert labels(database) == ["next"]


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside other work"])
@pytest.mark.parametrize("refused", [None, 0, 2], ids=str)
def test_of_alike_works_only_the_refused_one_fails(database: Database, refused: int | None, beside: bool) -> None:
    tried: list[list[int]] = []

    def together(transaction: Transaction, items: list[int]) -> list[str]:
        tried.append(items)
        for item in items:
            add(f"row {item}")(transaction.session())
            if item == refused:
                raise ValueError(f"{item} is refused")
        return [f"stored {item}" for item in items]

    go, _ = hold(database)
    futures = [database.writer.submit_together(together, number) for number in range(3)]
    other = database.writer.submit(add("other")) if beside else None
    go.set()

    answers = [str(future.exception(10) or future.result(10)) for future in futures]
    assert answers == [f"{n} is refused" if n == refused else f"stored {n}" for n in range(3)]
    assert labels(database) == sorted(
        [f"row {n}" for n in range(3) if n != refused] + (["other"] if other is not None else [])
    )
    # all in one go first; each alone only when that was refused
    assert tried == [[0, 1, 2]] + ([[0], [1], [2]] if refused is not None else [])


def test_many_threads_share_transactions(database: Database) -> None:
    go, _ = hold(database)
    futures: list[Future[int]] = []
    lock = threading.Lock()

    def caller(number: int) -> None:
        for i in range(10):
            future = database.writer.submit(add(f"{number}-{i}"))
            with lock:
                futures.append(future)

    threads = [threading.Thread(target=caller, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    go.set()
    for future in futures:
        future.result(10)

    assert len(labels(database)) == 80
    assert database.writer.groups <= 3


def test_a_reader_cannot_write(database: Database) -> None:
    with database.read() as session, pytest.raises(Exception, match=r"readonly|read-only"):
        session.execute(text("INSERT INTO writerprobe (label) VALUES ('x')"))


def test_the_actor_of_the_caller_is_seen_in_the_use_case(database: Database) -> None:
    actor: contextvars.ContextVar[str] = contextvars.ContextVar("actor")
    actor.set("user:7")

    assert database.writer.run(lambda _session: actor.get()) == "user:7"


def test_full_queue_is_told_at_once(database: Database) -> None:
    small = Writer(database.writer._channel, queue_limit=1)
    go, started = threading.Event(), threading.Event()

    def wait(_transaction: Transaction) -> None:
        started.set()
        go.wait(10)

    database.writer.close()
    first = small.submit_work(wait)
    assert started.wait(10)
    small.submit_work(lambda _t: None)

    with pytest.raises(Unavailable) as caught:
        small.submit_work(lambda _t: None)
    go.set()

    assert caught.value.code == "unavailable.queue"
    assert first.exception(10) is None
    small.close()


def test_closing_stores_what_waits_and_takes_no_more(database: Database) -> None:
    go, _ = hold(database)
    futures = [database.writer.submit(add(f"w{i}")) for i in range(20)]
    closer = threading.Thread(target=database.writer.close)
    closer.start()
    go.set()
    closer.join(10)

    assert all(f.exception(0) is None for f in futures)
    assert len(labels(database)) == 20
    with pytest.raises(Unavailable):
        database.writer.submit(add("late"))


def test_waiting_for_the_writer_inside_the_writer_is_refused(database: Database) -> None:
    future = database.writer.submit(lambda _session: database.writer.run(add("inner")))

    assert isinstance(future.exception(10), RuntimeError)


def test_a_cancelled_use_case_is_not_run(database: Database) -> None:
    go, _ = hold(database)
    future = database.writer.submit(add("cancelled"))
    assert future.cancel()
    go.set()
    database.writer.run(add("after"))

    assert labels(database) == ["after"]


def test_failed_guard_fails_the_group_and_later_works_go_on(database: Database) -> None:
    full = True

    def guard() -> None:
        if full:
            raise DiskFull("12 MB are free")

    database.writer._guard = guard
    with pytest.raises(DiskFull):
        database.writer.run(add("a"))
    full = False

    assert database.writer.run(add("b")) >= 1
    assert labels(database) == ["b"]


def test_a_failing_listener_does_not_hold_up_the_answer(database: Database) -> None:
    def broken(_stored: object) -> None:
        raise RuntimeError("screen is gone")

    database.writer.on_commit(broken)

    assert database.writer.run(add("x")) >= 1
