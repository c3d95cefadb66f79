"""Accounts over the API: sessions, API tokens, and what ends with them."""

import json
from typing import Any

import pytest

from tests.graphql.conftest import PASSWORD, Api, Caller, served_api
from tests.graphql.test_subscriptions import Socket, _socket
from tests.harness import wait_until
from tocsin import clock
from tocsin.config import Settings
from tocsin.documents import Database, DeliveryDocument
from tocsin.graphql import ids

SESSION = (
    "session { accessToken accessTokenExpiresAt refreshToken user { email isAdmin isActive } } "
    "userErrors { field code message }"
)
ALICE = {"email": "New@Example.test", "password": "correct horse battery"}


async def _do(caller: Caller, mutation: str, input: Any, fields: str = SESSION) -> Any:
    kind = {"deactivateUser": "UserIdInput", "activateUser": "UserIdInput"}.get(
        mutation, f"{mutation[0].upper()}{mutation[1:]}Input"
    )
    query = f"mutation($i: {kind}!) {{ {mutation}(input: $i) {{ {fields} }} }}"
    return (await caller.ask(query, i=input))[mutation]


async def _code(caller: Caller) -> str | None:
    """Return the error code of a query; None if it succeeds."""
    answer = await caller.post("{ viewer { id } }")
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


def _with(api: Api, token: str) -> Caller:
    return Caller(api.alice.http, None, token)


async def _api_token(caller: Caller, *scopes: str) -> tuple[str, str]:
    fields = "token apiToken { id } userErrors { code }"
    made = await _do(caller, "createApiToken", {"name": "program", "scopes": scopes}, fields)
    return made["token"], made["apiToken"]["id"]


async def test_sign_up_log_in_and_use_the_token(api: Api) -> None:
    signed_up = await _do(api.nobody, "signUp", ALICE)
    assert signed_up["session"]["user"] == {"email": "new@example.test", "isAdmin": False, "isActive": True}
    session = (await _do(api.nobody, "logIn", ALICE))["session"]
    assert session["accessTokenExpiresAt"].endswith("Z")
    found = await _with(api, session["accessToken"]).ask("{ viewer { email createdAt } }")
    assert found["viewer"]["email"] == "new@example.test"


async def test_faults_of_accounts_are_user_errors(api: Api) -> None:
    taken = await _do(api.nobody, "signUp", ALICE | {"email": "ALICE@example.test"})
    assert [(error["code"], error["field"]) for error in taken["userErrors"]] == [("EMAIL_TAKEN", ["email"])]
    weak = await _do(api.nobody, "signUp", ALICE | {"password": "short"})
    assert [(error["code"], error["field"]) for error in weak["userErrors"]] == [("INVALID", ["password"])]
    wrong = await _do(api.nobody, "logIn", ALICE)
    message = "The email address or the password is wrong."
    assert wrong == {
        "session": None,
        "userErrors": [{"field": None, "code": "INVALID_CREDENTIALS", "message": message}],
    }


async def test_a_session_is_renewed_and_ended(api: Api) -> None:
    first = (await _do(api.nobody, "signUp", ALICE))["session"]
    second = (await _do(api.nobody, "refreshSession", {"refreshToken": first["refreshToken"]}))["session"]
    assert second["refreshToken"] != first["refreshToken"]
    for token in (first["accessToken"], second["accessToken"]):
        assert await _code(_with(api, token)) is None
    for _ in range(2):  # again is no error
        ended = await _do(api.nobody, "logOut", {"refreshToken": second["refreshToken"]}, "userErrors { code }")
        assert ended == {"userErrors": []}
    for token in (first["accessToken"], second["accessToken"]):
        assert await _code(_with(api, token)) == "TOKEN_INVALID"
    refused = await _do(api.nobody, "refreshSession", {"refreshToken": second["refreshToken"]})
    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [("SESSION_ENDED", ["refreshToken"])]


async def test_log_out_without_a_refresh_token_ends_the_session_that_asks(api: Api) -> None:
    assert await _do(api.alice, "logOut", {}, "userErrors { code }") == {"userErrors": []}
    assert await _code(api.alice) == "TOKEN_INVALID"
    answer = await api.nobody.post("mutation { logOut(input: {}) { userErrors { code } } }")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_another_session_is_seen_and_revoked(api: Api) -> None:
    other = (await _do(api.nobody, "logIn", {"email": "alice@example.test", "password": PASSWORD}))["session"]
    fields = "id isCurrent address userAgent createdAt lastRefreshedAt expiresAt"
    found = (await api.alice.ask(f"{{ sessions {{ {fields} }} }}"))["sessions"]
    assert [session["isCurrent"] for session in found] == [False, True]
    assert found[0]["address"] == "127.0.0.1"
    assert found[0]["userAgent"].startswith("python-httpx")
    payload = await _do(api.alice, "revokeSession", {"id": found[0]["id"]}, "revokedSessionId userErrors { code }")
    assert payload == {"revokedSessionId": found[0]["id"], "userErrors": []}
    assert await _code(_with(api, other["accessToken"])) == "TOKEN_INVALID"
    assert await _code(api.alice) is None


async def test_an_api_token_does_what_its_scopes_say(api: Api) -> None:
    text, token_id = await _api_token(api.alice, "READ", "WRITE")
    program = _with(api, text)
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
    revoked = await _do(api.alice, "revokeApiToken", {"id": token_id}, "revokedApiTokenId userErrors { code }")
    assert revoked == {"revokedApiTokenId": token_id, "userErrors": []}
    assert await _code(program) == "TOKEN_INVALID"


async def test_the_password_is_changed(api: Api) -> None:
    given = {"currentPassword": PASSWORD, "newPassword": "seven green bottles"}
    fields = "user { email } userErrors { field code }"
    wrong = await _do(api.alice, "changePassword", given | {"currentPassword": "x"}, fields)
    assert wrong["userErrors"] == [{"field": ["currentPassword"], "code": "INVALID_CREDENTIALS"}]
    assert (await _do(api.alice, "changePassword", given, fields))["user"] == {"email": "alice@example.test"}
    again = await _do(api.nobody, "logIn", {"email": "alice@example.test", "password": "seven green bottles"})
    assert again["session"] is not None


async def test_a_mailed_link_gives_a_new_password(api: Api) -> None:
    for email in ("alice@example.test", "nobody@example.test"):
        asked = await _do(api.nobody, "requestPasswordReset", {"email": email}, "userErrors { code }")
        assert asked == {"userErrors": []}

    async def mailed() -> DeliveryDocument | None:
        return await api.database.deliveries.find_one({"kind": "PASSWORD_RESET"})

    delivery = await wait_until(mailed)
    token = api.services.secrets.unseal_without_reload(delivery["sealed"] or "", delivery["_id"]).partition("=")[2]
    payload = await _do(api.nobody, "resetPassword", {"token": token, "password": "seven green bottles"})
    assert payload["session"]["user"]["email"] == "alice@example.test"
    assert await _code(api.alice) == "TOKEN_INVALID"
    again = await _do(api.nobody, "resetPassword", {"token": token, "password": "seven green bottles"})
    assert [(error["code"], error["field"]) for error in again["userErrors"]] == [("LINK_INVALID", ["token"])]


async def test_an_administrator_invites_and_the_guest_accepts(api: Api) -> None:
    fields = "invitation { email isAdmin expiresAt } userErrors { code field }"
    invited = await _do(api.carol, "inviteUser", {"email": "dave@example.test"}, fields)
    assert (invited["invitation"]["email"], invited["invitation"]["isAdmin"]) == ("dave@example.test", False)
    delivery = await api.database.deliveries.find_one({"to": "dave@example.test"})
    assert delivery is not None
    token = api.services.secrets.unseal_without_reload(delivery["sealed"] or "", delivery["_id"]).partition("=")[2]
    accepted = await _do(api.nobody, "acceptInvitation", {"token": token, "password": "seven green bottles"})
    assert await _code(_with(api, accepted["session"]["accessToken"])) is None
    taken = await _do(api.carol, "inviteUser", {"email": "dave@example.test"}, fields)
    assert taken["userErrors"] == [{"code": "EMAIL_TAKEN", "field": ["email"]}]


async def test_an_administrator_does_not_lock_himself_out(api: Api) -> None:
    assert api.carol.user is not None
    carol = ids.encode_id("User", api.carol.user.id)
    fields = "user { isAdmin } userErrors { code }"
    for mutation, given in (("deactivateUser", {"id": carol}), ("updateUser", {"id": carol, "isAdmin": False})):
        assert (await _do(api.carol, mutation, given, fields))["userErrors"] == [{"code": "CONFLICT"}], mutation
    unknown = ids.encode_id("User", "none")
    assert (await _do(api.carol, "activateUser", {"id": unknown}, fields))["userErrors"] == [{"code": "NOT_FOUND"}]


# --- open connections -------------------------------------------------------------------------------------------------


async def _listening(socket: Socket, token: str) -> None:
    await socket.begin(token)
    await socket.subscribe("1")
    assert (await socket.event())["kind"] == "SNAPSHOT"


async def test_a_socket_ends_with_its_session_and_no_other(api: Api) -> None:
    other = (await _do(api.nobody, "logIn", {"email": "alice@example.test", "password": PASSWORD}))["session"]
    async with _socket(api) as mine, _socket(api) as others:
        await _listening(mine, api.alice.token or "")
        await _listening(others, other["accessToken"])
        await _do(api.nobody, "logOut", {"refreshToken": other["refreshToken"]}, "userErrors { code }")
        assert await others.close_code() == 4403
        await api.alice.create()
        assert (await mine.event())["kind"] == "TASK_CREATED"


async def test_a_socket_ends_with_its_api_token(api: Api) -> None:
    text, token_id = await _api_token(api.alice, "READ")
    async with _socket(api) as socket:
        await _listening(socket, text)
        await _do(api.alice, "revokeApiToken", {"id": token_id}, "userErrors { code }")
        assert await socket.close_code() == 4403


async def test_sockets_end_when_an_administrator_deactivates_their_user(api: Api) -> None:
    assert api.alice.user is not None
    async with _socket(api) as socket:
        await _listening(socket, api.alice.token or "")
        given = {"id": ids.encode_id("User", api.alice.user.id)}
        payload = await _do(api.carol, "deactivateUser", given, "user { isActive } userErrors { code }")
        assert payload["user"] == {"isActive": False}
        assert await socket.close_code() == 4403
    log_in = await _do(api.nobody, "logIn", {"email": "alice@example.test", "password": PASSWORD})
    assert log_in["userErrors"][0]["code"] == "INVALID_CREDENTIALS"


async def test_a_stream_ends_with_its_session(api: Api) -> None:
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {api.alice.token}"}
    body = {"query": "subscription { taskEvents { kind } }"}
    async with api.alice.http.stream("POST", "/graphql", json=body, headers=headers) as answer:
        lines = answer.aiter_lines()
        async for line in lines:
            if "SNAPSHOT" in line:
                break
        await _do(api.alice, "logOut", {}, "userErrors { code }")
        rest = [line async for line in lines]
    (error,) = [json.loads(line.removeprefix("data: ")) for line in rest if "TOKEN_INVALID" in line]
    assert "session" in error["errors"][0]["message"]


async def test_a_socket_by_a_token_without_read_hears_nothing(api: Api) -> None:
    text, _ = await _api_token(api.alice, "WRITE")
    async with _socket(api) as socket:
        await socket.begin(text)
        await socket.subscribe("1")
        answer = await socket.receive()
        assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")


# --- addresses that are confirmed, requests that are accepted ------------------------------------------------------


CONFIRMED = "{ viewer { emailConfirmed emailConfirmationRequired acceptsRequestsFrom } }"


def viewed(confirmed: bool, required: bool, *accepted: str) -> Any:
    return {
        "viewer": {
            "emailConfirmed": confirmed,
            "emailConfirmationRequired": required,
            "acceptsRequestsFrom": list(accepted),
        }
    }


async def test_whoever_signs_up_sees_that_nothing_needs_to_be_confirmed_without_a_mail_server(api: Api) -> None:
    session = (await _do(api.nobody, "signUp", ALICE))["session"]
    caller = Caller(api.nobody.http, None, session["accessToken"])
    assert await caller.ask(CONFIRMED) == viewed(False, False)
    assert await api.database.deliveries.count_documents({}) == 0
    assert await api.alice.ask(CONFIRMED) == viewed(True, False)


async def test_a_user_accepts_requests_and_nobody_else_sees_from_whom(api: Api) -> None:
    accept = "mutation($e: String!) { acceptRequestsFrom(input: {email: $e}) { email userErrors { field code } } }"
    answer = await api.bob.ask(accept, e="ALICE@example.test")
    assert answer["acceptRequestsFrom"] == {"email": "alice@example.test", "userErrors": []}
    assert await api.bob.ask(CONFIRMED) == viewed(True, False, "alice@example.test")
    wrong = (await api.bob.ask(accept, e="nobody"))["acceptRequestsFrom"]
    assert wrong == {"email": None, "userErrors": [{"field": ["email"], "code": "INVALID"}]}
    seen = await api.carol.ask('{ users(filter: {email: "bob"}) { nodes { email acceptsRequestsFrom } } }')
    assert seen["users"]["nodes"] == [{"email": "bob@example.test", "acceptsRequestsFrom": None}]
    refuse = 'mutation { refuseRequestsFrom(input: {email: "alice@example.test"}) { email } }'
    await api.bob.ask(refuse)
    assert await api.bob.ask(CONFIRMED) == viewed(True, False)


async def test_a_step_says_that_nobody_was_asked(api: Api) -> None:
    yaml = "name: w\nsteps:\n  - {key: ask, approval: {by: bob@example.test}}\n"
    save = "mutation($y: String!) { saveWorkflow(input: {yaml: $y}) { userErrors { message } } }"
    await api.alice.ask(save, y=yaml)
    run = (await api.alice.ask('mutation { executeWorkflow(input: {name: "w"}) { workflowRun { id } } }'))[
        "executeWorkflow"
    ]["workflowRun"]["id"]
    asked = {"steps.ask": {"status": "WAITING", "asks": "bob@example.test", "started_at": clock.now()}}
    await api.database.workflow_runs.update_one({}, {"$set": asked | {"status": "RUNNING"}})
    shown = 'query($r: ID!) { workflowRun(id: $r) { step(key: "ask") { waitingFor approval { notAskedBecause } } } }'
    step = (await api.alice.ask(shown, r=run))["workflowRun"]["step"]
    assert step["waitingFor"] == "ACCEPTANCE"
    assert 'acceptRequestsFrom(input: {email: "alice@example.test"})' in step["approval"]["notAskedBecause"]
    await api.bob.ask('mutation { acceptRequestsFrom(input: {email: "alice@example.test"}) { email } }')
    (mail,) = await api.database.deliveries.find({"kind": "APPROVAL"}).to_list()
    assert mail["owner"] == (api.bob.user and api.bob.user.id)

    async def asked_now() -> bool:
        found = (await api.alice.ask(shown, r=run))["workflowRun"]["step"]
        return bool(found == {"waitingFor": "APPROVAL", "approval": {"notAskedBecause": None}})

    await wait_until(asked_now)


async def test_a_task_that_mails_a_stranger_is_refused_at_its_place(api: Api) -> None:
    job = {"email": {"to": ["alice@example.test", "eve@example.test"], "subject": "s", "body": "b"}}
    given = {"name": "x", "job": job, "schedule": {"now": True}}
    payload = await api.alice.do("createTask", given)
    assert [(fault["field"], fault["code"]) for fault in payload["userErrors"]] == [
        (["job", "email", "to", "1"], "INVALID")
    ]
    task = await api.alice.create("mine", job={"email": {**job["email"], "to": ["alice@example.test"]}})
    changed = await api.alice.do("updateTask", {"id": task, "job": job})
    assert [fault["field"] for fault in changed["userErrors"]] == [["job", "email", "to", "1"]]


@pytest.fixture
def smtp_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"smtp_host": "mail.example"})


async def test_with_a_mail_server_a_link_is_mailed_and_confirms(database: Database, smtp_settings: Settings) -> None:
    async with served_api(database, smtp_settings) as api:
        session = (await _do(api.nobody, "signUp", ALICE))["session"]
        caller = Caller(api.nobody.http, None, session["accessToken"])
        assert await caller.ask(CONFIRMED) == viewed(False, True)
        for _ in range(2):
            again = await caller.ask("mutation { requestEmailConfirmation { email userErrors { code } } }")
            assert again["requestEmailConfirmation"] == {"email": ALICE["email"].lower(), "userErrors": []}
        refused = await caller.post("mutation { requestEmailConfirmation { email } }")
        assert refused["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert 0 < refused["errors"][0]["extensions"]["retryAfter"] <= 3600
        (delivery,) = await database.deliveries.find({}).sort("queued_at", -1).limit(1).to_list()
        link = api.services.secrets.unseal_without_reload(delivery["sealed"] or "", delivery["_id"])
        confirm = {"token": link.partition("#confirmation=")[2], "password": ALICE["password"]}
        wrong = await _do(api.nobody, "confirmEmail", confirm | {"password": "no"})
        assert [fault["field"] for fault in wrong["userErrors"]] == [["password"]]
        begun = (await _do(api.nobody, "confirmEmail", confirm))["session"]
        confirmed = Caller(api.nobody.http, None, begun["accessToken"])
        assert await confirmed.ask(CONFIRMED) == viewed(True, True)
        assert (await caller.post("{ viewer { id } }"))["errors"][0]["extensions"]["code"] == "TOKEN_INVALID"
