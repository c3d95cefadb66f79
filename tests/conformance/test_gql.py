"""`gql`, the common Python client, over each of its transports."""

from collections.abc import Callable

import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport import AsyncTransport
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.websockets import WebsocketsTransport
from graphql import GraphQLError
from websockets.exceptions import ConnectionClosedError

from tests.graphql.conftest import HTTP_JOB, Api

Make = Callable[[Api, str | None], AsyncTransport]
CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { name } userErrors { code } } }"
VIEWER = gql("{ viewer { email } }")


def over_http(api: Api, token: str | None) -> AsyncTransport:
    return AIOHTTPTransport(f"{api.url}/graphql", headers={"Authorization": f"Bearer {token}"}, ssl=True)


def over_socket(api: Api, token: str | None) -> WebsocketsTransport:
    return WebsocketsTransport(api.ws_url, init_payload={"Authorization": f"Bearer {token}"})


FAULTS = {
    "{ nothing }": "GRAPHQL_VALIDATION_FAILED",
    "{ tasks(first: 0) { totalCount } }": "BAD_USER_INPUT",
}
TRANSPORTS = pytest.mark.parametrize("make", [over_http, over_socket], ids=["http", "socket"])


@TRANSPORTS
async def test_operations_are_valid_in_the_introspected_schema(api: Api, make: Make) -> None:
    """The client reads the schema by introspection and validates documents before it sends them."""
    async with Client(transport=make(api, api.alice.token), fetch_schema_from_transport=True) as session:
        assert await session.execute(VIEWER) == {"viewer": {"email": "alice@example.test"}}
        given = {"name": "by gql", "job": HTTP_JOB, "schedule": {"every": {"interval": "PT1H"}}}
        created = await session.execute(GraphQLRequest(CREATE, variable_values={"i": given}))
        assert created == {"createTask": {"task": {"name": "by gql"}, "userErrors": []}}
        with pytest.raises(GraphQLError, match="nothing"):
            await session.execute(gql("{ nothing }"))


@TRANSPORTS
async def test_errors_arrive_with_their_codes(api: Api, make: Make) -> None:
    async with Client(transport=make(api, api.alice.token)) as session:
        for document, code in FAULTS.items():
            with pytest.raises(TransportQueryError) as caught:
                await session.execute(gql(document))
            assert caught.value.errors is not None
            assert [error["extensions"]["code"] for error in caught.value.errors] == [code]


async def test_a_subscription(api: Api) -> None:
    kinds = []
    async with Client(transport=over_socket(api, api.alice.token)) as session:
        async for event in session.subscribe(gql("subscription { taskEvents { kind } }")):
            kinds.append(event["taskEvents"]["kind"])
            if len(kinds) == 2:
                break
            await api.alice.create()
    assert kinds == ["SNAPSHOT", "TASK_CREATED"]


async def test_a_wrong_token(api: Api) -> None:
    with pytest.raises(TransportConnectionFailed) as caught:
        await over_socket(api, "nonsense").connect()
    closed = caught.value.__cause__
    assert isinstance(closed, ConnectionClosedError)
    assert closed.rcvd is not None
    assert closed.rcvd.code == 4403
