from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.transports.line_queue import LineQueue, Turn


async def _visit(queue: LineQueue, turn: Turn, name: int, seen: list[int]) -> None:
    await queue.enter(turn)
    try:
        seen.append(name)
        await asyncio.sleep(0)
    finally:
        queue.leave()


async def test_write_goes_before_all_reads_that_wait() -> None:
    queue, seen = LineQueue(), list[int]()
    turns = [Turn.READ, Turn.READ, Turn.READ, Turn.WRITE, Turn.WRITE]

    await asyncio.gather(*(_visit(queue, turn, name, seen) for name, turn in enumerate(turns)))

    assert seen == [0, 3, 4, 1, 2]  # who was on the line already is not disturbed


@given(st.lists(st.tuples(st.sampled_from(Turn), st.booleans()), max_size=12))
def test_everybody_who_stays_has_a_turn_alone_and_the_line_is_free_at_the_end(
    visits: list[tuple[Turn, bool]],
) -> None:
    async def scenario() -> tuple[list[int], LineQueue]:
        queue, seen = LineQueue(), list[int]()
        await queue.enter(Turn.READ)
        tasks = [asyncio.create_task(_visit(queue, turn, name, seen)) for name, (turn, _) in enumerate(visits)]
        await asyncio.sleep(0)
        queue.leave()  # the first gets the line, and may be called off in the same moment
        for task, (_, is_called_off) in zip(tasks, visits, strict=True):
            if is_called_off:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return seen, queue

    seen, queue = asyncio.run(scenario())

    assert sorted(seen) == [name for name, (_, is_called_off) in enumerate(visits) if not is_called_off]
    assert queue.waiting == 0
    assert not queue._is_taken


async def test_who_is_called_off_as_the_line_becomes_free_hears_of_that_alone() -> None:
    queue = LineQueue()
    await queue.enter(Turn.READ)
    waiting = asyncio.ensure_future(queue.enter(Turn.READ))
    await asyncio.sleep(0)
    waiting.cancel()
    queue.leave()  # before the one who waits has heard that it is called off

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert queue.waiting == 0
    await asyncio.wait_for(queue.enter(Turn.READ), 1)  # the line is free
