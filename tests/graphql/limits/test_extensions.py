"""Operations that take too long."""

import asyncio
import threading
from typing import Any

import pytest

from tests.graphql.conftest import Api
from tests.graphql.limits.helpers import SLOW, change_settings, codes, post
from tests.graphql.sockets import open_socket
from tests.harness import wait_until
from tocsin.graphql import mutation_completion
from tocsin.tasks import saving


async def test_a_query_that_takes_too_long_is_given_up(api: Api, gate: threading.Event) -> None:
    change_settings(api, execution_timeout=0.1)
    answer = await post(api.alice, SLOW)
    assert codes(answer) == ["TIMEOUT"]
    assert answer["errors"][0]["message"] == (
        "The operation was aborted because it took longer than 0.1 s. Request fewer fields or smaller pages."
    )
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", SLOW)
        message = await socket.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "TIMEOUT")
        await socket.subscribe("2", "{ viewer { email } }")
        assert (await socket.receive())["payload"]["data"]["viewer"]["email"] == "alice@example.test"
    assert api.services.slots.count("operations") == 0


async def test_a_timeout_of_a_mutation_warns_that_it_may_have_been_saved(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    aborted = asyncio.Event()

    async def create(*_: Any, **__: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            aborted.set()

    monkeypatch.setattr(saving, "create_task", create)
    monkeypatch.setattr(mutation_completion, "GRACE_SECONDS", 0.1)
    change_settings(api, execution_timeout=0.1)
    given = {"name": "x", "job": {"http": {"url": "https://example.com/"}}, "schedule": {"now": True}}
    answer = await post(api.alice, "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } } }", i=given)
    assert codes(answer) == ["TIMEOUT"]
    assert "may have been saved" in answer["errors"][0]["message"]
    async with asyncio.timeout(5):
        await aborted.wait()


async def test_a_subscription_has_no_timeout(api: Api) -> None:
    change_settings(api, execution_timeout=0.05)
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1")
        assert (await socket.event())["kind"] == "SNAPSHOT"
        change_settings(api, execution_timeout=30)
        begun = asyncio.get_running_loop().time()
        await wait_until(lambda: _passed(begun + 0.2))
        await api.alice.create("later")
        assert (await socket.event())["kind"] == "TASK_CREATED"


async def _passed(moment: float) -> bool:
    return asyncio.get_running_loop().time() > moment
