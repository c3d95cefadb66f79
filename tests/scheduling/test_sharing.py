"""Two schedulers over one database: each due task is fired by the one that serves its owner."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from tests.harness import save_task
from tocsin import clock, schedules
from tocsin.dispatch.partitions import Partitions, Share
from tocsin.documents import Database, connect_sync
from tocsin.scheduling.due_queue import DueQueue

OWNERS = [f"owner{number}" for number in range(12)]
ONE, OTHER = Share("one", {"other"}), Share("other", {"one"})


class Moving:
    """Partitions that change."""

    def __init__(self, share: Share) -> None:
        self.share = share

    @property
    def is_alone(self) -> bool:
        return self.share.is_alone

    def serves(self, key: str) -> bool:
        return self.share.serves(key)


@contextmanager
def due_queue(database: Database, partitions: Partitions) -> Iterator[DueQueue]:
    opened = connect_sync(database.uri, database.name)
    try:
        yield DueQueue(opened["tasks"], opened["runs"], partitions)
    finally:
        opened.client.close()


async def test_each_scheduler_takes_the_due_tasks_of_its_owners(database: Database) -> None:
    for owner in OWNERS:
        await save_task(database, "http://a.test/", owner=owner)
    taken = []
    for share in (ONE, OTHER):
        with due_queue(database, share) as queue:
            now = clock.now()
            queue.refresh(now)
            tasks, _ = queue.take_slice(now)
            taken.append({task["owner"] for task in tasks})
    assert taken == [{owner for owner in OWNERS if share.serves(owner)} for share in (ONE, OTHER)]
    assert taken[0] | taken[1] == set(OWNERS)


async def test_what_another_has_not_fired_yet_is_no_reason_to_look_again(database: Database) -> None:
    foreign = next(owner for owner in OWNERS if not ONE.serves(owner))
    await save_task(database, "http://a.test/", owner=foreign)
    with due_queue(database, ONE) as queue:
        now = clock.now()
        queue.refresh(now)
        assert len(queue) == 0
        assert queue.find_next_due(now) > now + timedelta(seconds=20)
        at = now + timedelta(seconds=5)
        await save_task(database, "http://a.test/", schedules.Once(at), owner=foreign)
        assert queue.find_next_due(now) <= at  # it may be this one's by then


async def test_after_a_change_of_partitions_the_next_look_finds_what_is_due(database: Database) -> None:
    foreign = next(owner for owner in OWNERS if not ONE.serves(owner))
    await save_task(database, "http://a.test/", owner=foreign)
    moving = Moving(ONE)
    with due_queue(database, moving) as queue:
        queue.refresh(clock.now())
        assert len(queue) == 0
        moving.share = Share("one")
        queue.invalidate()
        queue.refresh(clock.now())
        assert len(queue) == 1
