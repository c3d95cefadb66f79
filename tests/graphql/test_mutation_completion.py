"""What becomes of a mutation whose caller leaves between its write and the record of it."""

import asyncio

import pytest

from tests.graphql.conftest import HTTP_JOB, Api
from tests.graphql.limits.helpers import change_settings, post
from tests.graphql.sockets import open_socket
from tocsin.documents import Task
from tocsin.graphql import mutation_completion
from tocsin.graphql.mutation_completion import AbandonedMutations

CREATE = """mutation($job: JobInput!) {
  createTask(input: {name: "left alone", job: $job, schedule: {every: {interval: "PT1H"}}}) { task { id } }
}"""


class SlowInsert:
    """Inserts tasks, and has their callers wait after that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.has_inserted, self.goes_on = asyncio.Event(), asyncio.Event()
        insert = Task.insert

        async def insert_and_wait(task: Task) -> Task:
            inserted = await insert(task)
            self.has_inserted.set()
            await self.goes_on.wait()
            return inserted

        monkeypatch.setattr(Task, "insert", insert_and_wait)


async def test_subscribers_are_told_what_a_client_wrote_that_no_longer_waits_for_the_answer(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowInsert(monkeypatch)
    async with open_socket(api, api.alice) as watching, open_socket(api, api.alice) as leaving:
        await watching.subscribe("1")
        assert (await watching.event())["kind"] == "SNAPSHOT"
        await leaving.subscribe("1", CREATE, job=HTTP_JOB)
        await slow.has_inserted.wait()
        await leaving.send(type="complete", id="1")
        await leaving.send(type="ping")
        assert await leaving.receive() == {"type": "pong"}
        slow.goes_on.set()
        created = await watching.event()
        assert (created["kind"], created["task"]["name"]) == ("TASK_CREATED", "left alone")


async def test_subscribers_are_told_what_was_written_by_an_operation_that_took_too_long(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowInsert(monkeypatch)
    async with open_socket(api, api.alice) as watching:
        await watching.subscribe("1")
        assert (await watching.event())["kind"] == "SNAPSHOT"
        change_settings(api, execution_timeout=0.3)
        answer = await post(api.alice, CREATE, job=HTTP_JOB)
        assert answer["errors"][0]["extensions"]["code"] == "TIMEOUT"
        slow.goes_on.set()
        assert (await watching.event())["task"]["name"] == "left alone"


async def test_a_mutation_that_does_not_end_is_aborted_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation_completion, "GRACE_SECONDS", 0.05)
    aborted = asyncio.Event()

    async def never_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            aborted.set()

    mutations = AbandonedMutations()
    caller = asyncio.create_task(mutations.complete(never_end()))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    assert not aborted.is_set()
    async with asyncio.timeout(5):
        await mutations.wait()
    assert aborted.is_set()


async def test_only_so_many_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation_completion, "MAX_ABANDONED", 2)
    mutations, goes_on, completed = AbandonedMutations(), asyncio.Event(), list[int]()

    async def change(number: int) -> None:
        await goes_on.wait()
        completed.append(number)

    callers = [asyncio.create_task(mutations.complete(change(number))) for number in range(3)]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    goes_on.set()
    await mutations.wait()
    assert completed == [0, 1]
