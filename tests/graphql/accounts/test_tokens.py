"""Mutations of sessions and API tokens, and what ends with them."""

import json

from tests.graphql.accounts.calls import create_program, do, error_code, listening, with_token
from tests.graphql.conftest import PASSWORD, Api, Caller
from tests.graphql.sockets import open_socket


async def _api_token(caller: Caller, *scopes: str) -> tuple[str, str]:
    fields = "token apiToken { id } userErrors { code }"
    made = await do(caller, "createApiToken", {"name": "program", "scopes": scopes}, fields)
    return made["token"], made["apiToken"]["id"]


async def test_another_session_is_seen_and_revoked(api: Api) -> None:
    other = (await do(api.nobody, "logIn", {"email": "alice@example.test", "password": PASSWORD}))["session"]
    fields = "id isCurrent address userAgent createdAt lastRefreshedAt expiresAt"
    found = (await api.alice.ask(f"{{ sessions {{ {fields} }} }}"))["sessions"]
    assert [session["isCurrent"] for session in found] == [False, True]
    assert found[0]["address"] == "127.0.0.1"
    assert found[0]["userAgent"].startswith("python-httpx")
    payload = await do(api.alice, "revokeSession", {"id": found[0]["id"]}, "revokedSessionId userErrors { code }")
    assert payload == {"revokedSessionId": found[0]["id"], "userErrors": []}
    assert await error_code(with_token(api, other["accessToken"])) == "TOKEN_INVALID"
    assert await error_code(api.alice) is None


async def test_an_api_token_is_limited_to_its_scopes(api: Api) -> None:
    text, token_id = await _api_token(api.alice, "READ", "WRITE")
    program = with_token(api, text)
    await program.create("by a program")
    assert (await program.ask("{ tasks { nodes { name } } }"))["tasks"]["nodes"] == [{"name": "by a program"}]
    fields = "id name hint scopes createdAt expiresAt lastUsedAt"
    (shown,) = (await api.alice.ask(f"{{ apiTokens {{ {fields} }} }}"))["apiTokens"]
    assert (shown["id"], shown["hint"], shown["scopes"]) == (token_id, text[-4:], ["READ", "WRITE"])
    assert shown["lastUsedAt"] is not None
    for mutation in (
        'createApiToken(input: {name: "x", scopes: [READ]})',
        f'revokeApiToken(input: {{id: "{token_id}"}})',
        f'changePassword(input: {{currentPassword: "{PASSWORD}", newPassword: "seven green bottles"}})',
        "logOut(input: {})",
    ):
        answer = await program.post(f"mutation {{ {mutation} {{ userErrors {{ code }} }} }}")
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN", mutation
    revoked = await do(api.alice, "revokeApiToken", {"id": token_id}, "revokedApiTokenId userErrors { code }")
    assert revoked == {"revokedApiTokenId": token_id, "userErrors": []}
    assert await error_code(program) == "TOKEN_INVALID"


async def test_a_socket_ends_with_its_session_and_no_other(api: Api) -> None:
    other = (await do(api.nobody, "logIn", {"email": "alice@example.test", "password": PASSWORD}))["session"]
    async with open_socket(api) as mine, open_socket(api) as others:
        await listening(mine, api.alice.token or "")
        await listening(others, other["accessToken"])
        await do(api.nobody, "logOut", {"refreshToken": other["refreshToken"]}, "userErrors { code }")
        assert await others.close_code() == 4403
        await api.alice.create()
        assert (await mine.event())["kind"] == "TASK_CREATED"


async def test_a_socket_ends_with_its_api_token(api: Api) -> None:
    text, token_id = await _api_token(api.alice, "READ")
    async with open_socket(api) as socket:
        await listening(socket, text)
        await do(api.alice, "revokeApiToken", {"id": token_id}, "userErrors { code }")
        assert await socket.close_code() == 4403


async def test_a_stream_ends_with_its_session(api: Api) -> None:
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {api.alice.token}"}
    body = {"query": "subscription { taskEvents { kind } }"}
    async with api.alice.http.stream("POST", "/graphql", json=body, headers=headers) as answer:
        lines = answer.aiter_lines()
        async for line in lines:
            if "SNAPSHOT" in line:
                break
        await do(api.alice, "logOut", {}, "userErrors { code }")
        rest = [line async for line in lines]
    (error,) = [json.loads(line.removeprefix("data: ")) for line in rest if "TOKEN_INVALID" in line]
    assert "session" in error["errors"][0]["message"]


async def test_a_socket_by_a_token_without_read_hears_nothing(api: Api) -> None:
    text, _ = await _api_token(api.alice, "WRITE")
    async with open_socket(api) as socket:
        await socket.begin(text)
        await socket.subscribe("1")
        answer = await socket.receive()
        assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")


async def test_all_other_sessions_end_and_this_one_stays(api: Api) -> None:
    for _ in range(3):
        await do(api.nobody, "logIn", {"email": "alice@example.test", "password": PASSWORD})
    ended = "mutation { revokeOtherSessions { revokedCount userErrors { code } } }"
    for count in (3, 0):
        answer = await api.alice.ask(ended)
        assert answer["revokeOtherSessions"] == {"revokedCount": count, "userErrors": []}
    assert [each["isCurrent"] for each in (await api.alice.ask("{ sessions { isCurrent } }"))["sessions"]] == [True]
    program = await create_program(api, api.alice, "READ", "WRITE")
    assert (await program.post(ended))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
