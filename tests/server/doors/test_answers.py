"""Answers of another thread reach who awaits them, all of a group in one waking."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from server.doors.answers import Expected, LoopAnswers, answers_of
from server.wiring import Hospital
from twin.errors import Unavailable


async def in_thread(work: Any) -> None:
    await asyncio.to_thread(work)


async def test_answers_of_another_thread_come_to_who_waits() -> None:
    answers = LoopAnswers(asyncio.get_running_loop())
    sent: list[Expected] = []
    waiting = [asyncio.ensure_future(answers.expect(sent.append)) for _ in range(100)]
    await asyncio.sleep(0)

    await in_thread(lambda: [one.set_result(number) for number, one in enumerate(sent)])

    assert await asyncio.gather(*waiting) == list(range(100))
    assert all(one.done() for one in sent)


async def test_error_is_raised_where_it_is_awaited() -> None:
    answers = LoopAnswers(asyncio.get_running_loop())
    sent: list[Expected] = []
    waiting = asyncio.ensure_future(answers.expect(sent.append))
    await asyncio.sleep(0)

    await in_thread(lambda: sent[0].set_exception(ValueError("no")))

    with pytest.raises(ValueError, match="no"):
        await waiting


async def test_whoever_went_away_is_not_begun_and_not_told() -> None:
    answers = LoopAnswers(asyncio.get_running_loop())
    sent: list[Expected] = []
    gone = asyncio.ensure_future(answers.expect(sent.append))
    stays = asyncio.ensure_future(answers.expect(sent.append))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)

    began = [one.set_running_or_notify_cancel() for one in sent]
    await in_thread(lambda: [one.set_result("stored") for one in sent])

    assert began == [False, True]
    assert await stays == "stored"


async def test_one_waking_brings_what_came_meanwhile() -> None:
    loop = asyncio.get_running_loop()
    answers = LoopAnswers(loop)
    sent: list[Expected] = []
    waiting = [asyncio.ensure_future(answers.expect(sent.append)) for _ in range(3)]
    await asyncio.sleep(0)
    held, wakings = threading.Event(), []
    real = loop.call_soon_threadsafe
    loop.call_soon_threadsafe = lambda *call, **named: (wakings.append(1), real(*call, **named))[1]  # type: ignore[method-assign, assignment]  # counts

    def answer_all() -> None:
        for one in sent:
            one.set_result(None)
        held.set()

    threading.Thread(target=answer_all).start()
    held.wait(5)  # blocks the loop on purpose, so that all answers are there before it looks
    await asyncio.gather(*waiting)
    loop.call_soon_threadsafe = real  # type: ignore[method-assign]

    assert len(wakings) == 1


async def test_what_came_in_one_turn_leaves_together_and_in_order() -> None:
    answers = LoopAnswers(asyncio.get_running_loop())
    sent: list[tuple[int, Expected]] = []
    at_once: list[int] = []

    async def ask(number: int) -> Any:
        at_once.append(len(sent))  # nobody has left while others are still getting ready
        return await answers.expect_with_others(lambda place: sent.append((number, place)))

    waiting = [asyncio.ensure_future(ask(number)) for number in range(16)]
    while len(sent) < 16:
        await asyncio.sleep(0)
    await in_thread(lambda: [place.set_result(number) for number, place in sent])

    assert at_once == [0] * 16
    assert await asyncio.gather(*waiting) == list(range(16))


async def test_what_comes_in_the_next_turns_leaves_with_it_up_to_a_limit() -> None:
    answers = LoopAnswers(asyncio.get_running_loop())
    sent: list[Expected] = []
    waiting: list[asyncio.Future[Any]] = []
    while not sent:  # one more in each turn, without end
        waiting.append(asyncio.ensure_future(answers.expect_with_others(sent.append)))
        await asyncio.sleep(0)
    at_once = len(sent)
    while len(sent) < len(waiting):
        await asyncio.sleep(0)
    for place in sent:
        place.set_result(None)
    await asyncio.gather(*waiting)

    assert at_once == 32


async def test_one_that_cannot_be_sent_is_told_so_and_the_others_leave() -> None:
    answers = LoopAnswers(asyncio.get_running_loop())
    sent: list[Expected] = []

    def refuse(_place: Expected) -> None:
        raise Unavailable("Too much waits.")

    waiting = [asyncio.ensure_future(answers.expect_with_others(send)) for send in (sent.append, refuse, sent.append)]
    while len(sent) < 2:
        await asyncio.sleep(0)
    for place in sent:
        place.set_result("stored")

    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in told] == [str, Unavailable, str]


async def test_answer_after_the_loops_end_hurts_nobody() -> None:
    other = asyncio.new_event_loop()
    waiter = other.create_future()
    place = Expected(LoopAnswers(other), waiter)
    other.close()

    place.set_result("stored")  # the writer must go on

    assert place.done()


async def test_each_hospital_has_one_place_for_its_loop(hospital: Hospital) -> None:
    assert answers_of(hospital) is answers_of(hospital)
    assert answers_of(hospital).loop is asyncio.get_running_loop()
