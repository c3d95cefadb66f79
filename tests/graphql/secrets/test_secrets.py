"""Named secrets over the API: set, listed and deleted by their owner only, and never read."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.graphql.accounts.calls import create_program
from tests.graphql.conftest import T0, Api, Caller
from tests.keys.test_reencryption import NEW, OLD, box
from tocsin import clock
from tocsin.documents import Database
from tocsin.keys.reencryption import ReencryptionCounts, count_secrets_by_key, reencrypt_secrets
from tocsin.named_secrets import changes
from tocsin.named_secrets.changes import MAX_SECRETS, SecretChange, delete_secret, set_secret
from tocsin.named_secrets.store import NamedSecrets
from tocsin.security.secret_box import SecretUnreadable

SHOWN = "id name allowedHosts createdAt updatedAt valueSetAt"
SET = f"mutation($i: SetSecretInput!) {{ setSecret(input: $i) {{ secret {{ {SHOWN} }} userErrors {{ field code message }} }} }}"  # noqa: E501
DELETE = "mutation($i: DeleteSecretInput!) { deleteSecret(input: $i) { deletedSecretId userErrors { field code } } }"
VALUE = "https://hooks.slack.com/services/T0/B0/XXXX"


async def put(caller: Caller, name: str = "slack", **given: Any) -> Any:
    """Set a secret, and return the payload."""
    return (await caller.ask(SET, i={"name": name, **given}))["setSecret"]


async def create(caller: Caller, name: str = "slack", value: str = VALUE, *hosts: str) -> Any:
    payload = await put(caller, name, value=value, allowedHosts=list(hosts) or ["hooks.slack.com"])
    assert payload["userErrors"] == []
    return payload["secret"]


async def listed(caller: Caller) -> Any:
    return (await caller.ask(f"{{ secrets {{ {SHOWN} }} }}"))["secrets"]


async def opened(api: Api, name: str = "slack") -> str:
    assert api.alice.user is not None
    found = await NamedSecrets(api.database, api.services.secrets).open(api.alice.user.id, [name])
    return found[name.lower()].value


async def test_a_secret_is_stored_sealed_and_listed_without_its_value(api: Api) -> None:
    made = await create(api.alice, "Slack", VALUE, "Hooks.Slack.com.", "*.example.com", "hooks.slack.com")
    assert made["name"] == "Slack"
    assert made["allowedHosts"] == ["hooks.slack.com", "*.example.com"]
    assert await listed(api.alice) == [made]
    assert await api.alice.ask(f'{{ node(id: "{made["id"]}") {{ ... on Secret {{ {SHOWN} }} }} }}') == {"node": made}
    (stored,) = await api.database.named_secrets.find({}).to_list()
    assert "T0/B0" not in str(stored)
    assert await opened(api, "SLACK") == VALUE


async def test_what_is_absent_is_kept(api: Api) -> None:
    first = await create(api.alice, "slack", VALUE, "hooks.slack.com", "*.example.com")
    narrowed = (await put(api.alice, "SLACK", allowedHosts=["a.example.com"]))["secret"]
    assert (narrowed["id"], narrowed["name"], narrowed["allowedHosts"]) == (first["id"], "slack", ["a.example.com"])
    assert (narrowed["valueSetAt"], await opened(api)) == (first["valueSetAt"], VALUE)
    replaced = (await put(api.alice, value="another value", allowedHosts=["a.example.com"]))["secret"]
    assert (replaced["allowedHosts"], await opened(api)) == (["a.example.com"], "another value")
    assert replaced["valueSetAt"] > first["valueSetAt"]
    assert replaced["createdAt"] == first["createdAt"]


NEW_HOSTS = [["evil.com"], ["hooks.slack.com", "*.slack.com"], ["example.com"], ["*.example.com.evil.com"]]


@pytest.mark.parametrize("hosts", NEW_HOSTS, ids=range(4))
async def test_a_new_host_needs_the_value_again(api: Api, hosts: list[str]) -> None:
    """Otherwise, a thief of a session could have all secrets sent to a server of theirs."""
    first = await create(api.alice, "slack", VALUE, "hooks.slack.com", "*.example.com")
    payload = await put(api.alice, allowedHosts=hosts)
    assert payload["secret"] is None
    assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [(["value"], "INVALID")]
    assert await listed(api.alice) == [first]
    assert (await put(api.alice, allowedHosts=hosts, value=VALUE))["userErrors"] == []


async def test_a_new_value_needs_its_hosts(api: Api) -> None:
    """Otherwise, a thief of a session could set hosts with a value of theirs, and wait for the owner's next one."""
    await create(api.alice, "slack", "a value of the thief", "hooks.slack.com", "evil.com")
    payload = await put(api.alice, value=VALUE)
    assert [error["field"] for error in payload["userErrors"]] == [["allowedHosts"]]
    assert await opened(api) == "a value of the thief"


async def test_a_secret_that_was_created_again_is_not_changed_as_the_former_one(api: Api) -> None:
    box, change = api.services.secrets, SecretChange("slack", VALUE, ["hooks.slack.com"])
    former = await set_secret(api.database, box, "alice", change, T0 - timedelta(days=1))
    await delete_secret(api.database, "alice", "slack")
    await set_secret(api.database, box, "alice", change, T0)
    late = SecretChange("slack", None, ["evil.com"])
    assert not await changes._change(api.database, box, former, late, ["evil.com"], T0)


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"name": "1a"}, [["name"]]),
        ({"name": "a-b"}, [["name"]]),
        ({"name": ""}, [["name"]]),
        ({"name": "a" * 65}, [["name"]]),
        ({"name": "a/../b"}, [["name"]]),
        ({"value": None}, [["value"]]),
        ({"value": "abc"}, [["value"]]),
        ({"value": "   a   "}, [["value"]]),
        ({"value": "x" * 8193}, [["value"]]),
        ({"allowedHosts": None}, [["allowedHosts"]]),
        ({"allowedHosts": []}, [["allowedHosts"]]),
        ({"allowedHosts": ["a.example"] * 21}, [["allowedHosts"]]),
        ({"allowedHosts": ["a.example", "https://b.example/"]}, [["allowedHosts", "1"]]),
        ({"allowedHosts": ["*"]}, [["allowedHosts", "0"]]),
        ({"name": "é", "value": "", "allowedHosts": ["*.com"]}, [["name"], ["value"], ["allowedHosts", "0"]]),
    ],
)
async def test_faults_are_told_at_their_field(api: Api, given: Any, fields: Any) -> None:
    payload = await put(api.alice, **{"value": VALUE, "allowedHosts": ["hooks.slack.com"], **given})
    assert [error["field"] for error in payload["userErrors"]] == fields
    assert {error["code"] for error in payload["userErrors"]} == {"INVALID"}
    assert VALUE not in str(payload)
    assert await listed(api.alice) == []


async def test_nothing_to_change_is_a_fault(api: Api) -> None:
    await create(api.alice)
    assert [error["field"] for error in (await put(api.alice))["userErrors"]] == [["value"]]


async def test_a_deleted_secret_is_gone(api: Api) -> None:
    made = await create(api.alice)
    answer = (await api.alice.ask(DELETE, i={"name": "SLACK"}))["deleteSecret"]
    assert answer == {"deletedSecretId": made["id"], "userErrors": []}
    again = (await api.alice.ask(DELETE, i={"name": "slack"}))["deleteSecret"]
    assert again == {"deletedSecretId": None, "userErrors": [{"field": ["name"], "code": "NOT_FOUND"}]}
    assert await listed(api.alice) == []


async def test_equal_names_of_others_are_other_secrets(api: Api) -> None:
    await create(api.alice)
    await create(api.bob, "slack", "bobs own value", "bob.example")
    assert (await api.bob.ask(DELETE, i={"name": "slack"}))["deleteSecret"]["userErrors"] == []
    assert await opened(api) == VALUE


async def test_the_number_of_secrets_is_limited_also_at_the_same_time(api: Api) -> None:
    assert api.alice.user is not None
    owner, now = api.alice.user.id, clock.now()
    for number in range(MAX_SECRETS - 2):
        change = SecretChange(f"s{number}", "value", ["a.example"])
        await set_secret(api.database, api.services.secrets, owner, change, now)
    given = {"value": VALUE, "allowedHosts": ["a.example"]}
    answers = await asyncio.gather(*(put(api.alice, f"more{number}", **given) for number in range(4)))
    codes = [error["code"] for answer in answers for error in answer["userErrors"]]
    assert set(codes) == {"CONFLICT"}
    assert len(await listed(api.alice)) == MAX_SECRETS - 2 + 4 - len(codes) <= MAX_SECRETS
    while len(await listed(api.alice)) < MAX_SECRETS:
        await create(api.alice, f"fill{len(await listed(api.alice))}")
    refused = (await put(api.alice, "one_more", **given))["userErrors"]
    assert [(error["field"], error["code"]) for error in refused] == [(["name"], "CONFLICT")]
    assert (await put(api.alice, "s1", **given))["userErrors"] == []


async def test_changes_at_the_same_time_are_all_made(api: Api) -> None:
    await create(api.alice)
    answers = await asyncio.gather(
        *(put(api.alice, value=f"value {number}", allowedHosts=["a.example"]) for number in range(3))
    )
    assert [answer["userErrors"] for answer in answers] == [[]] * 3
    (stored,) = await api.database.named_secrets.find({}).to_list()
    assert stored["revision"] == 4


async def test_the_audit_log_has_what_was_done_but_no_value(api: Api) -> None:
    await create(api.alice)
    await put(api.alice, allowedHosts=["hooks.slack.com"])
    await put(api.alice, value="another value", allowedHosts=["hooks.slack.com"])
    await api.alice.ask(DELETE, i={"name": "slack"})
    entries = await api.database.audit_entries.find({"action": {"$regex": "^SECRET_"}}).to_list()
    assert [(entry["action"], entry["detail"]) for entry in sorted(entries, key=lambda entry: entry["at"])] == [
        ("SECRET_SET", "slack, value and hosts: hooks.slack.com"),
        ("SECRET_SET", "slack, hosts: hooks.slack.com"),
        ("SECRET_SET", "slack, value and hosts: hooks.slack.com"),
        ("SECRET_DELETED", "slack"),
    ]


async def test_a_token_sets_secrets_with_write_and_lists_them_with_read(api: Api) -> None:
    writer, reader = await create_program(api, api.alice, "WRITE"), await create_program(api, api.alice, "READ")
    made = await create(writer)
    assert await listed(reader) == [made]
    for caller, document in ((reader, SET), (reader, DELETE)):
        answer = await caller.post(document, {"i": {"name": "slack"}})
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    answer = await writer.post("{ secrets { name } }")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


async def test_a_secret_of_another_id_cannot_be_opened(api: Api) -> None:
    """A thief with access to the database could copy the sealed value into an account of theirs."""
    await create(api.alice)
    await create(api.bob, "slack", "bobs own value", "evil.example")
    alices = await api.database.named_secrets.find_one({"allowed_hosts": "hooks.slack.com"})
    assert alices is not None
    await api.database.named_secrets.update_one(
        {"allowed_hosts": "evil.example"}, {"$set": {"sealed": alices["sealed"]}}
    )
    assert api.bob.user is not None
    with pytest.raises(SecretUnreadable):
        await NamedSecrets(api.database, api.services.secrets).open(api.bob.user.id, ["slack"])


async def test_secrets_are_sealed_anew_when_keys_are_rotated(database: Database) -> None:
    now = clock.now() - timedelta(days=1)
    change = SecretChange("slack", VALUE, ["hooks.slack.com"])
    before = await set_secret(database, box(OLD), "alice", change, now)
    assert await count_secrets_by_key(database) == {OLD: 1}
    assert await reencrypt_secrets(database, box(NEW)) == ReencryptionCounts(secrets=1, documents=1)
    assert await count_secrets_by_key(database) == {NEW: 1}
    found = await NamedSecrets(database, box(NEW)).open("alice", ["slack"])
    assert (found["slack"].value, found["slack"].value_set_at) == (VALUE, before["value_set_at"])
