"""Accounts over the API: sessions, API tokens, and what ends with them."""

from typing import Any

import pytest

from tests.graphql.accounts.calls import do, error_code, with_token
from tests.graphql.conftest import PASSWORD, Api, Caller, served_api
from tests.harness import wait_until
from tocsin import clock
from tocsin.config import Settings
from tocsin.documents import Database, DeliveryDocument

ALICE = {"email": "New@Example.test", "password": "correct horse battery"}


async def test_sign_up_log_in_and_use_the_token(api: Api) -> None:
    signed_up = await do(api.nobody, "signUp", ALICE)
    assert signed_up["session"]["user"] == {"email": "new@example.test", "isAdmin": False, "isActive": True}
    session = (await do(api.nobody, "logIn", ALICE))["session"]
    assert session["accessTokenExpiresAt"].endswith("Z")
    found = await with_token(api, session["accessToken"]).ask("{ viewer { email createdAt } }")
    assert found["viewer"]["email"] == "new@example.test"


async def test_errors_of_accounts_are_user_errors(api: Api) -> None:
    taken = await do(api.nobody, "signUp", ALICE | {"email": "ALICE@example.test"})
    assert [(error["code"], error["field"]) for error in taken["userErrors"]] == [("EMAIL_TAKEN", ["email"])]
    weak = await do(api.nobody, "signUp", ALICE | {"password": "short"})
    assert [(error["code"], error["field"]) for error in weak["userErrors"]] == [("INVALID", ["password"])]
    wrong = await do(api.nobody, "logIn", ALICE)
    message = "The email address or the password is wrong."
    assert wrong == {
        "session": None,
        "userErrors": [{"field": None, "code": "INVALID_CREDENTIALS", "message": message}],
    }


async def test_a_session_is_renewed_and_ended(api: Api) -> None:
    first = (await do(api.nobody, "signUp", ALICE))["session"]
    second = (await do(api.nobody, "refreshSession", {"refreshToken": first["refreshToken"]}))["session"]
    assert second["refreshToken"] != first["refreshToken"]
    for token in (first["accessToken"], second["accessToken"]):
        assert await error_code(with_token(api, token)) is None
    for _ in range(2):  # again is no error
        ended = await do(api.nobody, "logOut", {"refreshToken": second["refreshToken"]}, "userErrors { code }")
        assert ended == {"userErrors": []}
    for token in (first["accessToken"], second["accessToken"]):
        assert await error_code(with_token(api, token)) == "TOKEN_INVALID"
    refused = await do(api.nobody, "refreshSession", {"refreshToken": second["refreshToken"]})
    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [("SESSION_ENDED", ["refreshToken"])]


async def test_log_out_without_a_refresh_token_ends_the_session_that_asks(api: Api) -> None:
    assert await do(api.alice, "logOut", {}, "userErrors { code }") == {"userErrors": []}
    assert await error_code(api.alice) == "TOKEN_INVALID"
    answer = await api.nobody.post("mutation { logOut(input: {}) { userErrors { code } } }")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_password_is_changed(api: Api) -> None:
    given = {"currentPassword": PASSWORD, "newPassword": "seven green bottles"}
    fields = "user { email } userErrors { field code }"
    wrong = await do(api.alice, "changePassword", given | {"currentPassword": "x"}, fields)
    assert wrong["userErrors"] == [{"field": ["currentPassword"], "code": "INVALID_CREDENTIALS"}]
    assert (await do(api.alice, "changePassword", given, fields))["user"] == {"email": "alice@example.test"}
    again = await do(api.nobody, "logIn", {"email": "alice@example.test", "password": "seven green bottles"})
    assert again["session"] is not None


async def test_a_mailed_link_gives_a_new_password(api: Api) -> None:
    for email in ("alice@example.test", "nobody@example.test"):
        asked = await do(api.nobody, "requestPasswordReset", {"email": email}, "userErrors { code }")
        assert asked == {"userErrors": []}

    async def mailed() -> DeliveryDocument | None:
        return await api.database.deliveries.find_one({"kind": "PASSWORD_RESET"})

    delivery = await wait_until(mailed)
    token = api.services.secrets.unseal_without_reload(delivery["sealed"] or "", delivery["_id"]).partition("=")[2]
    payload = await do(api.nobody, "resetPassword", {"token": token, "password": "seven green bottles"})
    assert payload["session"]["user"]["email"] == "alice@example.test"
    assert await error_code(api.alice) == "TOKEN_INVALID"
    again = await do(api.nobody, "resetPassword", {"token": token, "password": "seven green bottles"})
    assert [(error["code"], error["field"]) for error in again["userErrors"]] == [("LINK_INVALID", ["token"])]


# --- open connections -------------------------------------------------------------------------------------------------


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


async def test_without_a_mail_server_no_address_needs_confirmation(api: Api) -> None:
    session = (await do(api.nobody, "signUp", ALICE))["session"]
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


async def test_a_step_shows_that_no_user_was_asked(api: Api) -> None:
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


async def test_a_task_that_mails_a_forbidden_recipient_is_refused_at_its_path(api: Api) -> None:
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
        session = (await do(api.nobody, "signUp", ALICE))["session"]
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
        wrong = await do(api.nobody, "confirmEmail", confirm | {"password": "no"})
        assert [fault["field"] for fault in wrong["userErrors"]] == [["password"]]
        begun = (await do(api.nobody, "confirmEmail", confirm))["session"]
        confirmed = Caller(api.nobody.http, None, begun["accessToken"])
        assert await confirmed.ask(CONFIRMED) == viewed(True, True)
        assert (await caller.post("{ viewer { id } }"))["errors"][0]["extensions"]["code"] == "TOKEN_INVALID"
