"""Statuses that the database derived, while subscribers come and go."""

from collections.abc import Iterable

from tests.harness import save_task
from tests.tasks.helpers import save_hourly_task
from tocsin import clock
from tocsin.documents import Change, ChangeKind, Database
from tocsin.events.task_statuses import TaskStatuses


class Coming(TaskStatuses):
    """Reads statuses while another owner subscribes."""

    def __init__(self, database: Database, subscribed: set[str], newcomer: str) -> None:
        super().__init__(database)
        self._subscribed, self._newcomer = subscribed, newcomer

    async def read_latest(self, changes: Iterable[Change]) -> dict[int, Change]:
        found = await super().read_latest(changes)
        self._subscribed.add(self._newcomer)
        return found


async def test_a_change_is_kept_for_who_subscribes_while_the_statuses_of_others_are_read(database: Database) -> None:
    tasks = [
        (await save_hourly_task(database)).id,
        (await save_task(database, "http://127.0.0.1:9/", owner="bob")).id,
    ]
    subscribed = {"alice"}
    statuses = Coming(database, subscribed, "bob")
    changes = [Change(ChangeKind.TASK_UPDATED, clock.now(), task, is_derived=True) for task in tasks]
    told = await statuses.complete(changes, subscribed.__contains__)
    assert [change.task_id for change in told] == tasks
    assert all(change.task_status is not None for change in told)
