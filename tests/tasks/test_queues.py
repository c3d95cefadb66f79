"""The settings of queues, and the priority that a task has in one."""

from typing import Any

import pytest

from tocsin import clock
from tocsin.documents import Database
from tocsin.errors import InvalidInput
from tocsin.tasks import queues


async def test_the_default_queue_exists_before_anyone_creates_it(database: Database) -> None:
    assert [queue["_id"] for queue in await queues.list_queues(database)] == ["default"]
    await queues.update_queue(database, "fast", {"priority": 2}, clock.now())
    assert await queues.default_priorities(database) == {"default": 0, "fast": 2}


async def test_an_update_keeps_the_other_settings_and_null_resets_one(database: Database) -> None:
    await queues.update_queue(database, "fast", {"concurrency": 3, "rate": 60}, clock.now())
    changed = await queues.update_queue(database, "fast", {"rate": None, "paused": True}, clock.now())
    assert (changed["concurrency"], changed["rate"], changed["paused"]) == (3, None, True)
    assert await queues.find_queue(database, "fast") == changed


@pytest.mark.parametrize("name", ["", "Fast", "1st", "a b", "x" * 51])
async def test_an_invalid_name_is_refused(database: Database, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await queues.update_queue(database, name, {}, clock.now())
    assert refused.value.path == ("name",)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"concurrency": 0}, "concurrency"), ({"rate": 0}, "ratePerMinute"), ({"priority": 11}, "priority"),
     ({"description": "x" * 501}, "description")],
)  # fmt: skip
async def test_a_setting_out_of_range_is_refused(database: Database, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await queues.update_queue(database, "fast", changes, clock.now())
    assert refused.value.path == (field,)
    assert await database.queues.count_documents({}) == 0


async def test_only_so_many_queues_can_be_created(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "MAX_QUEUES", 2)
    for name in ("a", "b"):
        await queues.update_queue(database, name, {}, clock.now())
    with pytest.raises(InvalidInput, match="2 queues"):
        await queues.update_queue(database, "c", {}, clock.now())
    await queues.update_queue(database, "b", {"paused": True}, clock.now())


def test_a_tasks_priority_is_its_own_or_its_queues() -> None:
    defaults = {"default": 0, "fast": 3}
    assert [queues.resolve_priority(defaults, "fast", given) for given in (None, 0, -2)] == [3, 0, -2]
    with pytest.raises(InvalidInput, match="default, fast"):
        queues.resolve_priority(defaults, "slow", None)
    with pytest.raises(InvalidInput, match="priority must be"):
        queues.resolve_priority(defaults, "fast", 11)
