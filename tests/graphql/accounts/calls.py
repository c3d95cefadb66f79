"""Mutations of accounts, callers by token, and connections that end with them."""

from typing import Any

from tests.graphql.conftest import Api, Caller
from tests.graphql.sockets import Socket

SESSION = (
    "session { accessToken accessTokenExpiresAt refreshToken user { email isAdmin isActive } } "
    "userErrors { field code message }"
)


async def do(caller: Caller, mutation: str, input: Any, fields: str = SESSION) -> Any:
    kind = {"deactivateUser": "UserIdInput", "activateUser": "UserIdInput", "logOutUser": "UserIdInput"}.get(
        mutation, f"{mutation[0].upper()}{mutation[1:]}Input"
    )
    query = f"mutation($i: {kind}!) {{ {mutation}(input: $i) {{ {fields} }} }}"
    return (await caller.ask(query, i=input))[mutation]


async def error_code(caller: Caller) -> str | None:
    """Return the error code of a query; None if it succeeds."""
    answer = await caller.post("{ viewer { id } }")
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


def with_token(api: Api, token: str) -> Caller:
    return Caller(api.alice.http, None, token)


async def listening(socket: Socket, token: str) -> None:
    await socket.begin(token)
    await socket.subscribe("1")
    assert (await socket.event())["kind"] == "SNAPSHOT"


async def create_program(api: Api, owner: Caller, *scopes: str) -> Caller:
    create = 'mutation($scopes: [Scope!]!) { createApiToken(input: {name: "x", scopes: $scopes}) { token } }'
    token = (await owner.ask(create, scopes=list(scopes)))["createApiToken"]["token"]
    return Caller(api.nobody.http, owner.user, token)
