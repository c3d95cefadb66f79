"""The first steps of a new user, with third-party clients against the real process."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.websockets import WebsocketsTransport

from tests.acceptance.server import Server, run_server
from tests.harness import TargetServer, wait_until

CREATE = gql(
    """mutation ($input: CreateTaskInput!) {
      createTask(input: $input) { task { id status nextRunAt } userErrors { field code message } }
    }"""
)
HISTORY = gql(
    """query ($id: ID!) {
      task(id: $id) {
        status consecutiveFailures
        runs { totalCount nodes { status reason attempts { number outcome statusCode responseBody error { kind } } } }
      }
    }"""
)
EVENTS = gql("subscription { taskEvents { kind taskStatus runStatus task { name } run { status } } }")


def http_client(server: Server) -> Client:
    """Return a GraphQL client over HTTP."""
    headers = {"Authorization": f"Bearer {server.token}"}
    return Client(transport=AIOHTTPTransport(url=server.url, headers=headers), fetch_schema_from_transport=True)


def socket_client(server: Server) -> Client:
    """Return a GraphQL client over graphql-transport-ws."""
    url = server.url.replace("http", "ws")
    payload = {"Authorization": f"Bearer {server.token}"}
    transport = WebsocketsTransport(
        url=url, init_payload=payload, subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]
    )
    return Client(transport=transport)


async def collect(client: Client, events: list[dict[str, Any]], enough: asyncio.Event) -> None:
    """Record the events of the subscription until a run has failed."""
    async with client as session:
        async for answer in session.subscribe(EVENTS):
            events.append(answer["taskEvents"])
            if answer["taskEvents"]["runStatus"] == "FAILED":
                enough.set()
                return


async def test_a_newcomer_sees_a_task_run_fail_retry_and_gets_a_mail(tmp_path: Path, target: TargetServer) -> None:
    async with run_server(tmp_path, TOCSIN_INCIDENT_GROUP_SECONDS="10") as server:  # the default
        await server.sign_up("newcomer@example.com")
        events: list[dict[str, Any]] = []
        failed = asyncio.Event()
        listening = asyncio.create_task(collect(socket_client(server), events, failed))
        await wait_until(lambda: asyncio.sleep(0, bool(events)))
        assert events[0]["kind"] == "SNAPSHOT"

        target.script = [500, 503]
        async with http_client(server) as session:
            retry = {"maxRetries": 1, "offsets": ["PT1S"]}
            task_input = {
                "name": "nightly report",
                "job": {"http": {"url": f"{target.url}/report", "method": "POST", "token": "s3cret-token"}},
                "schedule": {"now": True},
                "retry": retry,
            }
            created = await session.execute(GraphQLRequest(CREATE, variable_values={"input": task_input}))
            assert created["createTask"]["userErrors"] == []
            task_id = created["createTask"]["task"]["id"]
            await asyncio.wait_for(failed.wait(), 20)
            await listening
            history = (await session.execute(GraphQLRequest(HISTORY, variable_values={"id": task_id})))["task"]

        assert history["status"] == "FAILED"
        assert history["consecutiveFailures"] == 1
        (run,) = history["runs"]["nodes"]
        assert run["reason"] == "RETRIES_USED_UP"
        assert [attempt["statusCode"] for attempt in run["attempts"]] == [500, 503]
        assert [attempt["responseBody"] for attempt in run["attempts"]] == ["answer 1", "answer 2"]
        assert target.calls[0]["headers"]["Authorization"] == "Bearer s3cret-token"
        statuses = [event["runStatus"] for event in events if event["runStatus"]]
        assert [status for status in statuses if status in ("RETRY", "FAILED")] == ["RETRY", "FAILED"]
        await check_mails(server)
        assert "s3cret-token" not in server.log.read_text()


async def check_mails(server: Server) -> None:
    """Check that the mail exists as a file and is listed by the command: one, as the run failed within the window."""

    async def delivered() -> list[dict[str, Any]] | None:
        mails = json.loads(await server.run_command("mails", "list", "--json"))
        return mails if [mail["status"] for mail in mails] == ["DELIVERED"] else None

    mails = await wait_until(delivered, 40)
    assert len(list((server.directory / "data" / "mails").glob("*.eml"))) == 1
    shown = await server.run_command("mails", "show", mails[0]["id"])
    assert "nightly report" in shown
    assert "newcomer@example.com" in shown


@pytest.mark.parametrize("rounds", [3, pytest.param(10, marks=pytest.mark.long)])
async def test_subscribers_that_leave_in_the_middle_of_an_event_harm_nobody(
    tmp_path: Path, target: TargetServer, rounds: int
) -> None:
    async def come_and_go(server: Server) -> str:
        events: list[dict[str, Any]] = []
        listening = asyncio.create_task(collect(socket_client(server), events, asyncio.Event()))
        await wait_until(lambda: asyncio.sleep(0, bool(events)))
        job = {"http": {"url": target.url}}
        task_input = {"name": "x", "job": job, "schedule": {"now": True}, "retry": {"maxRetries": 0}}
        async with http_client(server) as session:
            created = await session.execute(GraphQLRequest(CREATE, variable_values={"input": task_input}))
            await listening  # it stops at the first failed run of any task: more events follow
            task_id = {"id": created["createTask"]["task"]["id"]}
            history = await session.execute(GraphQLRequest(HISTORY, variable_values=task_id))
        return str(history["task"]["status"])

    async with run_server(tmp_path, TOCSIN_COST_LIMIT="100000000") as server:
        await server.sign_up()
        target.script = [500] * 30
        for _ in range(rounds):
            assert set(await asyncio.gather(*(come_and_go(server) for _ in range(3)))) <= {
                "PENDING",
                "RUNNING",
                "FAILED",
            }


async def test_commands_join_a_running_server(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await server.run_command("users", "create", "bob@example.com", "--password-stdin", given="a long password\n")
        users = json.loads(await server.run_command("users", "list", "--json"))
        assert [user["email"] for user in users] == ["bob@example.com"]
        answer = await server.query(
            'mutation { logIn(input: {email: "BOB@example.com", password: "a long password"}) '
            "{ session { user { email } } userErrors { code } } }"
        )
        assert answer["logIn"]["session"]["user"]["email"] == "bob@example.com"


async def test_a_stop_is_clean_and_what_was_due_meanwhile_is_caught_up(tmp_path: Path, target: TargetServer) -> None:
    server = Server(tmp_path)
    await server.start()
    await server.sign_up()
    answer = await server.query(
        "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }",
        {
            "i": {
                "name": "each second",
                "job": {"http": {"url": target.url}},
                "schedule": {"every": {"interval": "PT1S"}},
            }
        },
    )
    task_id = answer["createTask"]["task"]["id"]
    await wait_until(lambda: asyncio.sleep(0, len(target.calls) >= 2), 20)
    assert await server.stop() == 0
    calls = len(target.calls)
    await server.start()
    await wait_until(lambda: asyncio.sleep(0, len(target.calls) > calls), 20)
    query = "query($id: ID!) { task(id: $id) { runs(first: 100) { nodes { status dueAt } } } }"
    runs = (await server.query(query, {"id": task_id}))["task"]["runs"]["nodes"]
    assert len({run["dueAt"] for run in runs}) == len(runs)
    assert await server.stop() == 0
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"TOCSIN_PORT": "many"}, "TOCSIN_PORT is invalid: input should be a valid integer"),
        ({"TOCSIN_RETRY_OFFSETS": "1 hour"}, "TOCSIN_RETRY_OFFSETS is invalid: '1 hour' is not an ISO 8601 duration"),
        ({"TOCSIN_ENCRYPTION_KEY": "short"}, "TOCSIN_ENCRYPTION_KEY is invalid: must be 32 bytes in base64"),
    ],
)
async def test_a_wrong_setting_stops_the_start_with_one_sentence(
    tmp_path: Path, settings: dict[str, str], sentence: str
) -> None:
    said = await Server(tmp_path, **settings).refused()
    assert len(said) == 1
    assert sentence in said[0]


async def test_a_second_server_is_told_who_has_the_address_or_the_data(tmp_path: Path) -> None:
    async with run_server(tmp_path) as first:
        (tmp_path / "second").mkdir()
        second = Server(tmp_path / "second")
        second.port = first.port
        assert "address is in use" in (await second.refused())[-1]
        third = Server(tmp_path)
        third.log = tmp_path / "third.log"
        said = await third.refused()
        assert first.process is not None
        assert "in use" in said[0]
        assert str(first.process.pid) in said[0]
