from tests.graphql.conftest import Api, Caller

SESSION = "session { accessToken accessTokenExpiresAt user { email isAdmin } } userErrors { field code message }"
ALICE = {"email": "New@Example.test", "password": "correct horse battery"}


async def test_sign_up_log_in_and_use_the_token(api: Api) -> None:
    signed_up = await api.nobody.do("signUp", ALICE, SESSION)
    assert signed_up["session"]["user"] == {"email": "new@example.test", "isAdmin": False}
    session = (await api.nobody.do("logIn", ALICE, SESSION))["session"]
    assert session["accessTokenExpiresAt"].endswith("Z")
    found = await Caller(api.alice.http, None, session["accessToken"]).ask("{ viewer { email createdAt } }")
    assert found["viewer"]["email"] == "new@example.test"


async def test_faults_of_accounts_are_user_errors(api: Api) -> None:
    taken = await api.nobody.do("signUp", ALICE | {"email": "ALICE@example.test"}, SESSION)
    assert [(error["code"], error["field"]) for error in taken["userErrors"]] == [("EMAIL_TAKEN", ["email"])]
    weak = await api.nobody.do("signUp", ALICE | {"password": "short"}, SESSION)
    assert [(error["code"], error["field"]) for error in weak["userErrors"]] == [("INVALID", ["password"])]
    wrong = await api.nobody.do("logIn", ALICE, SESSION)
    assert wrong == {
        "session": None,
        "userErrors": [
            {"field": None, "code": "INVALID_CREDENTIALS", "message": "The email address or the password is wrong."}
        ],
    }
