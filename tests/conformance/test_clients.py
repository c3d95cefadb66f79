"""The reference clients of both subscription protocols against the API."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.server import run_server
from tests.conformance.node import needs_node, run_script
from tests.graphql.conftest import Api
from tests.harness import wait_until, without_extensions

pytestmark = needs_node
CLIENTS = ["ws", "sse"]
EMAIL = {"data": {"viewer": {"email": "alice@example.test"}}}
SNAPSHOT = {"kind": "SNAPSHOT", "task": None}


def arguments(api: Api, client: str, scenario: str) -> list[str]:
    url = api.ws_url if client == "ws" else f"{api.url}/graphql"
    return [f"{client}.mjs", scenario, url, api.alice.token or ""]


def _created(name: str) -> dict[str, object]:
    return {"data": {"createTask": {"task": {"name": name}, "userErrors": []}}}


async def test_operations_over_a_socket(api: Api) -> None:
    async with run_script(*arguments(api, "ws", "operations")) as script:
        query, mutation, syntax, validation, variable, partial = await script.lines()
    assert [without_extensions(result) for result in query["query"]] == [EMAIL]
    assert [without_extensions(result) for result in mutation["mutation"]] == [_created("by ws")]
    assert [syntax, validation] == [{"errors": ["GRAPHQL_PARSE_FAILED"]}, {"errors": ["GRAPHQL_VALIDATION_FAILED"]}]
    ((error,),) = [result.pop("errors") for result in variable]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert [without_extensions(result) for result in variable] == [{}]  # without `data`: nothing was executed
    (result,) = partial["partial"]
    assert result["data"]["viewer"] == EMAIL["data"]["viewer"]


async def test_operations_over_server_sent_events(api: Api) -> None:
    async with run_script(*arguments(api, "sse", "operations")) as script:
        query, mutation, *faults, missing = await script.lines()
    assert [without_extensions(result) for result in query["query"]] == [EMAIL]
    assert [without_extensions(result) for result in mutation["mutation"]] == [_created("by sse")]
    codes = ["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"]
    assert [fault["errors"] for fault in faults] == [[code] for code in codes]
    assert all(fault["more"] == 0 and "data" not in fault["rest"] for fault in faults)
    assert missing["status"] == 400


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_subscription(api: Api, client: str) -> None:
    async with run_script(*arguments(api, client, "subscription")) as script:
        assert await script.line() == SNAPSHOT
        await api.alice.create("live")
        assert await script.lines() == [{"kind": "TASK_CREATED", "task": {"name": "live"}}]
    await check_no_subscriptions_left(api)


@pytest.mark.parametrize(("client", "number"), [("ws", 50), ("sse", 20)])
async def test_many_at_once(api: Api, client: str, number: int) -> None:
    async with run_script(*arguments(api, client, "many")) as script:
        assert await script.line() == {"begun": number}
        await api.alice.create("for all")
        assert await script.line() == {"names": ["for all"] * number}
        await script.send_line("go")
        assert await script.lines() == []
    await check_no_subscriptions_left(api)


async def test_a_wrong_token(api: Api) -> None:
    async with run_script(*arguments(api, "ws", "refused")) as script:
        (closed,) = await script.lines()
        assert closed == {"closed": 4403, "reason": closed["reason"]}
        assert closed["reason"].startswith("TOKEN_INVALID: The access token is not valid. ")
    async with run_script(*arguments(api, "sse", "refused")) as script:
        assert await script.lines() == [{"errors": ["TOKEN_INVALID"]}]


async def test_pings_are_answered(api: Api) -> None:
    async with run_script(*arguments(api, "ws", "alive")) as script:
        assert await script.lines() == [{"pongs": 3}]


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_comes_back_after_the_server_died(tmp_path: Path, client: str) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        url = server.url.replace("http", "ws", 1) if client == "ws" else server.url
        async with run_script(f"{client}.mjs", "reconnect", url, server.token or "") as script:
            assert await script.line() == SNAPSHOT
            await server.kill()
            await server.start()
            lines: list[Any] = await script.lines()
            assert SNAPSHOT in lines
            assert client == "sse" or {"closed": 1006} in lines


async def check_no_subscriptions_left(api: Api) -> None:
    """Check that no events are collected for disconnected clients."""

    async def gone() -> bool:
        return not api.services.fanout._subscriptions

    await wait_until(gone)
