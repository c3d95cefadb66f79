"""Lists for administrators: users and the audit log."""

from tests.graphql.conftest import Api
from tocsin.documents import AuditAction, Scope


async def test_the_audit_log_and_the_users_are_listed_in_pages(api: Api) -> None:
    for number in range(3):
        await api.nobody.do("signUp", {"email": f"user{number}@example.test", "password": "correct horse battery"})
    query = """query($after: String) { users(first: 4, after: $after) {
        totalCount nodes { email } pageInfo { hasNextPage endCursor } } }"""
    first = (await api.carol.ask(query))["users"]
    second = (await api.carol.ask(query, after=first["pageInfo"]["endCursor"]))["users"]
    emails = [user["email"] for page in (first, second) for user in page["nodes"]]
    assert (first["totalCount"], len(emails), len(set(emails))) == (6, 6, 6)
    log = "query($f: AuditFilter) { auditLog(filter: $f) { totalCount nodes { action actor email address at } } }"
    entries = (await api.carol.ask(log))["auditLog"]
    assert entries["totalCount"] == 3
    assert [entry["email"] for entry in entries["nodes"]] == [f"user{n}@example.test" for n in (2, 1, 0)]
    assert {(entry["action"], entry["address"]) for entry in entries["nodes"]} == {("SIGNED_UP", "127.0.0.1")}
    for given, count in (({"email": "USER1@example.test"}, 1), ({"action": ["LOGGED_IN"]}, 0)):
        assert (await api.carol.ask(log, f=given))["auditLog"]["totalCount"] == count


async def test_every_action_and_scope_is_in_the_schema(api: Api) -> None:
    for kind, name in ((AuditAction, "AuditAction"), (Scope, "Scope")):
        found = await api.nobody.ask("query($n: String!) { __type(name: $n) { enumValues { name } } }", n=name)
        assert {value["name"] for value in found["__type"]["enumValues"]} == {value.value for value in kind}
