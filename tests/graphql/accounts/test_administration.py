"""Administration of users over the API."""

from tests.graphql.accounts.calls import create_program, do, error_code, listening, with_token
from tests.graphql.conftest import PASSWORD, Api
from tests.graphql.sockets import open_socket
from tocsin.graphql import ids


async def test_an_administrator_invites_and_the_guest_accepts(api: Api) -> None:
    fields = "invitation { email isAdmin expiresAt } userErrors { code field }"
    invited = await do(api.carol, "inviteUser", {"email": "dave@example.test"}, fields)
    assert (invited["invitation"]["email"], invited["invitation"]["isAdmin"]) == ("dave@example.test", False)
    delivery = await api.database.deliveries.find_one({"to": "dave@example.test"})
    assert delivery is not None
    token = api.services.secrets.unseal_without_reload(delivery["sealed"] or "", delivery["_id"]).partition("=")[2]
    accepted = await do(api.nobody, "acceptInvitation", {"token": token, "password": "seven green bottles"})
    assert await error_code(with_token(api, accepted["session"]["accessToken"])) is None
    taken = await do(api.carol, "inviteUser", {"email": "dave@example.test"}, fields)
    assert taken["userErrors"] == [{"code": "EMAIL_TAKEN", "field": ["email"]}]


async def test_administrators_cannot_lock_themselves_out(api: Api) -> None:
    assert api.carol.user is not None
    carol = ids.encode_id("User", api.carol.user.id)
    fields = "user { isAdmin } userErrors { code }"
    for mutation, given in (("deactivateUser", {"id": carol}), ("updateUser", {"id": carol, "isAdmin": False})):
        assert (await do(api.carol, mutation, given, fields))["userErrors"] == [{"code": "CONFLICT"}], mutation
    unknown = ids.encode_id("User", "none")
    assert (await do(api.carol, "activateUser", {"id": unknown}, fields))["userErrors"] == [{"code": "NOT_FOUND"}]


async def test_sockets_end_when_an_administrator_deactivates_their_user(api: Api) -> None:
    assert api.alice.user is not None
    async with open_socket(api) as socket:
        await listening(socket, api.alice.token or "")
        given = {"id": ids.encode_id("User", api.alice.user.id)}
        payload = await do(api.carol, "deactivateUser", given, "user { isActive } userErrors { code }")
        assert payload["user"] == {"isActive": False}
        assert await socket.close_code() == 4403
    log_in = await do(api.nobody, "logIn", {"email": "alice@example.test", "password": PASSWORD})
    assert log_in["userErrors"][0]["code"] == "INVALID_CREDENTIALS"


async def test_no_program_makes_an_administrator(api: Api) -> None:
    assert api.alice.user is not None
    program = await create_program(api, api.carol, "READ", "WRITE", "ADMIN")
    alice, bob = (ids.encode_id("User", caller.user.id) for caller in (api.alice, api.bob) if caller.user)
    await api.database.users.update_one({"_id": api.alice.user.id}, {"$set": {"is_admin": True}})
    await api.carol.ask("mutation($id: ID!) { deactivateUser(input: {id: $id}) { user { id } } }", id=alice)
    before = await api.database.users.find({}).to_list()
    for mutation in (
        'inviteUser(input: {email: "x@example.com", isAdmin: true})',
        f'updateUser(input: {{id: "{bob}", isAdmin: true}})',
        f'activateUser(input: {{id: "{alice}"}})',
    ):
        answer = await program.post(f"mutation {{ {mutation} {{ userErrors {{ code }} }} }}")
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN", mutation
        assert await api.database.users.find({}).to_list() == before
        assert await api.database.links.count_documents({}) == 0
        done = await api.carol.ask(f"mutation {{ {mutation} {{ userErrors {{ code }} }} }}")
        assert next(iter(done.values())) == {"userErrors": []}
        await api.database.users.delete_many({})
        await api.database.users.insert_many(before)
        await api.database.links.delete_many({})


async def test_a_program_still_administers_other_users(api: Api) -> None:
    assert api.bob.user is not None
    program = await create_program(api, api.carol, "WRITE", "ADMIN")
    bob = ids.encode_id("User", api.bob.user.id)
    for mutation in (
        'inviteUser(input: {email: "y@example.com"})',
        f'updateUser(input: {{id: "{bob}", isAdmin: false}})',
        f'deactivateUser(input: {{id: "{bob}"}})',
        f'activateUser(input: {{id: "{bob}"}})',
    ):
        done = await program.ask(f"mutation {{ {mutation} {{ userErrors {{ code }} }} }}")
        assert next(iter(done.values())) == {"userErrors": []}, mutation


async def test_an_administrator_ends_all_sessions_of_a_user(api: Api) -> None:
    assert api.alice.user is not None
    async with open_socket(api) as socket:
        await listening(socket, api.alice.token or "")
        given = {"id": ids.encode_id("User", api.alice.user.id)}
        payload = await do(api.carol, "logOutUser", given, "endedSessionCount userErrors { code }")
        assert payload == {"endedSessionCount": 1, "userErrors": []}
        assert await socket.close_code() == 4403
    log_in = await do(api.nobody, "logIn", {"email": "alice@example.test", "password": PASSWORD})
    assert log_in["session"], "the account stays active"
