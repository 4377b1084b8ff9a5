"""The queue: who is taken together, who alone, and who first."""

import asyncio
from collections.abc import Iterator

import pytest

from glyphlens.serving.bodies import HeldBytes, Refused
from glyphlens.serving.jobs import LARGE_BYTES, Answer, Job, QueueFull, WaitingJobs
from glyphlens.serving.limits import MIB, ServerLimits
from glyphlens.serving.messages import Unpacker, packed


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def job(loop: asyncio.AbstractEventLoop, kind: str = "predict", model: str = "a", body: bytes = b"x") -> Job:
    return Job(kind, model, {}, body, loop.create_future())


def test_the_oldest_is_taken_with_those_of_its_kind_and_model(loop) -> None:
    queue = WaitingJobs(ServerLimits(batch=3))
    jobs = [job(loop, model=model) for model in "abaaab"]
    for each in jobs:
        queue.put(each)
    assert queue.take(long=True) == [jobs[0], jobs[2], jobs[3]]
    assert queue.take(long=True) == [jobs[1], jobs[5]]
    assert queue.take(long=True) == [jobs[4]] and queue.take(long=True) == [] and len(queue) == 0


def test_large_ones_and_those_that_failed_are_read_alone_and_failed_ones_first(loop) -> None:
    queue = WaitingJobs(ServerLimits())
    small, large, failed = job(loop), job(loop, body=bytes(LARGE_BYTES + 1)), job(loop)
    failed.failures = 1
    for each in (small, large, job(loop)):
        queue.put(each)
    queue.put_back(failed)
    assert queue.take(long=True) == [failed]
    assert len(queue.take(long=True)) == 2
    assert queue.take(long=True) == [large]


def test_what_takes_long_can_be_left(loop) -> None:
    queue = WaitingJobs(ServerLimits())
    page, picture = job(loop, "read"), job(loop)
    queue.put(page)
    queue.put(picture)
    assert queue.take(long=False) == [picture] and queue.take(long=False) == [] and queue.take(long=True) == [page]


def test_a_full_queue_refuses_and_whoever_is_gone_is_not_read(loop) -> None:
    queue = WaitingJobs(ServerLimits(waiting=2))
    gone, there = job(loop), job(loop, model="b")
    queue.put(gone)
    queue.put(there)
    with pytest.raises(QueueFull):
        queue.put(job(loop))
    gone.answer.cancel()
    assert queue.take(long=True) == [there] and len(queue) == 0
    gone.give(Answer(200, b""))  # nobody is there to take it


def test_messages_arrive_whole_however_they_are_cut() -> None:
    sent = packed({"kind": "predict"}, [b"abc", b"", bytes(1000)]) + packed({"next": 1})
    for step in (1, 7, len(sent)):
        unpacker, found = Unpacker(), []
        for start in range(0, len(sent), step):
            found += unpacker.feed(sent[start : start + step])
        assert [(message.head, len(message.parts)) for message in found] == [({"kind": "predict"}, 3), ({"next": 1}, 0)]
        assert found[0].parts == [b"abc", b"", bytes(1000)]


def test_whoever_is_gone_makes_room_in_a_full_queue(loop) -> None:
    queue = WaitingJobs(ServerLimits(waiting=2))
    gone, there = job(loop, "identify"), job(loop)
    queue.put(gone)
    queue.put(there)
    assert queue.is_full
    gone.answer.cancel()
    queue.put(last := job(loop))
    assert len(queue) == 2 and queue.take(long=True) == [there, last]


def test_what_has_many_pictures_is_put_back_as_something_long(loop) -> None:
    queue = WaitingJobs(ServerLimits())
    many, other = job(loop), job(loop)
    queue.put(many)
    queue.put(other)
    assert queue.take(long=False) == [many, other]
    many.is_several = True
    queue.put_back(many)
    queue.put(third := job(loop))
    assert queue.take(long=False) == [third] and queue.take(long=False) == [] and queue.take(long=True) == [many]


def test_a_small_body_finds_room_beside_large_ones() -> None:
    held = HeldBytes(ServerLimits(body_bytes=MIB, held_bytes=MIB))
    held.add(MIB, 0)
    held.add(1000, 0)
    held.add(LARGE_BYTES - 1000, 1000)
    with pytest.raises(Refused):
        held.add(1, LARGE_BYTES)
