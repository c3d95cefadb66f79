"""Public links in the API: created, listed, given a new URL and revoked by their owner."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.graphql.accounts.calls import create_program
from tests.graphql.conftest import T0, Api, Caller
from tests.graphql.public_links import CREATE, WORKFLOW, create_link, create_workflow
from tocsin import clock
from tocsin.documents import PublicLinkKind, new_id
from tocsin.errors import Conflict
from tocsin.public_links import store
from tocsin.public_links.store import MAX_LINKS, LinkDraft, prune_links, record_use, rotate_link

LINKS = (
    "query($id: ID!) { node(id: $id) { ... on Task { publicLinks { id } } ... on Workflow { publicLinks { id } } } }"
)

ROTATE = "mutation($id: ID!) { rotatePublicLink(input: {id: $id}) { url userErrors { code } } }"


async def refusal(api: Api, **given: Any) -> tuple[list[str], str]:
    """Create a link that is refused, and return the field and code of the only error."""
    payload = (await api.alice.ask(CREATE, input={"kind": "STATUS", **given}))["createPublicLink"]
    assert payload["publicLink"] is payload["url"] is None
    (error,) = payload["userErrors"]
    return error["field"], error["code"]


async def test_a_link_to_a_status_is_shown_again_and_a_trigger_is_not(api: Api) -> None:
    task = await api.alice.create()
    status, trigger = [await create_link(api.alice, task, kind) for kind in ("STATUS", "TRIGGER")]
    assert status["url"].startswith("http://127.0.0.1:8000/status/")
    assert trigger["url"].startswith("http://127.0.0.1:8000/triggers/")
    shown = "query($id: ID!) { task(id: $id) { publicLinks { id url badgeUrl hint } } }"
    links = (await api.alice.ask(shown, id=task))["task"]["publicLinks"]
    assert links == [
        {
            "id": status["id"],
            "url": status["url"],
            "badgeUrl": f"{status['url']}/badge.svg",
            "hint": status["url"][-4:],
        },
        {"id": trigger["id"], "url": None, "badgeUrl": None, "hint": trigger["url"][-4:]},
    ]


async def test_what_cannot_be_a_link_is_refused_at_its_field(api: Api) -> None:
    task, workflow = await api.alice.create(), await create_workflow(api.alice)
    titled = (["title"], "INVALID")
    assert await refusal(api, subjectId=task, title="a" * 101) == titled
    assert await refusal(api, subjectId=task, title="  ") == titled
    assert await refusal(api, subjectId=task, title="a\u202eb") == titled
    assert await refusal(api, subjectId="x") == (["subjectId"], "INVALID")
    assert await refusal(api, subjectId=(await create_link(api.alice, task, "STATUS"))["id"]) == (
        ["subjectId"],
        "NOT_FOUND",
    )
    request = (["requestInput"], "INVALID")
    for given in (
        {"subjectId": workflow, "requestInput": "event"},
        {"subjectId": task, "kind": "TRIGGER", "requestInput": "event"},
        {"subjectId": workflow, "kind": "TRIGGER", "requestInput": "version"},
        {"subjectId": workflow, "kind": "TRIGGER", "requestInput": "none"},
    ):
        assert await refusal(api, **given) == request


async def test_there_are_ten_links_at_most(api: Api) -> None:
    task, other = await api.alice.create(), await api.alice.create("other")
    for _ in range(MAX_LINKS):
        await create_link(api.alice, task, "STATUS")
    assert await refusal(api, subjectId=task) == (["subjectId"], "CONFLICT")
    await create_link(api.alice, other, "STATUS")


async def test_links_that_are_created_at_once_are_not_more(api: Api) -> None:
    """Both found room before either was stored."""
    task = await api.alice.create()
    for _ in range(MAX_LINKS):
        await create_link(api.alice, task, "STATUS")
    (stored, *_) = await api.database.public_links.find({}).to_list()
    draft = LinkDraft(PublicLinkKind.STATUS, "Task", stored["subject"])
    with pytest.raises(Conflict):
        await store.create_link(api.database, api.services.public_links, new_id(stored["owner"]), draft, T0)
    assert await api.database.public_links.count_documents({}) == MAX_LINKS


async def test_a_repeated_call_does_not_tell_a_url_that_was_replaced(api: Api) -> None:
    given = {"subjectId": await api.alice.create(), "kind": "TRIGGER", "idempotencyKey": "1"}
    link = await create_link(api.alice, given["subjectId"], "TRIGGER", idempotencyKey="1")
    await api.alice.ask(ROTATE, id=link["id"])
    again = (await api.alice.ask(CREATE, input=given))["createPublicLink"]
    assert again["url"] is again["publicLink"] is None
    assert again["userErrors"][0]["field"] == ["idempotencyKey"]


UPDATE = """mutation($input: UpdatePublicLinkInput!) { updatePublicLink(input: $input) {
  publicLink { title requestInput hint } userErrors { field code } } }"""


async def update(caller: Caller, link: dict[str, Any], **given: Any) -> Any:
    return (await caller.ask(UPDATE, input={"id": link["id"], **given}))["updatePublicLink"]


async def test_a_link_gets_another_title_and_keeps_its_url(api: Api) -> None:
    link = await create_link(api.alice, await api.alice.create(), "STATUS", title="Before")
    badge = httpx.URL(link["badgeUrl"]).raw_path.decode()
    async with httpx.AsyncClient(base_url=api.url.removesuffix("/graphql")) as client:
        assert "Before" in (await client.get(badge)).text
        changed = await update(api.alice, link, title=" After ")
        assert changed == {
            "publicLink": {"title": "After", "requestInput": None, "hint": link["hint"]},
            "userErrors": [],
        }
        assert "After" in (await client.get(badge)).text
    assert (await update(api.alice, link))["publicLink"]["title"] == "After"
    for wrong in ("", "a" * 101):
        assert (await update(api.alice, link, title=wrong))["userErrors"] == [{"field": ["title"], "code": "INVALID"}]
    assert (await update(api.alice, link, title=None))["publicLink"]["title"] is None


async def test_a_trigger_gets_another_input_that_takes_requests(api: Api) -> None:
    link = await create_link(api.alice, await create_workflow(api.alice), "TRIGGER", title="From GitHub")
    for given, expected in (("event", "event"), (None, None), ("event", "event"), ("", None)):
        changed = (await update(api.alice, link, requestInput=given))["publicLink"]
        assert changed == {"title": "From GitHub", "requestInput": expected, "hint": link["hint"]}
    for wrong in ("version", "none"):
        refused = await update(api.alice, link, requestInput=wrong)
        assert refused["userErrors"] == [{"field": ["requestInput"], "code": "INVALID"}]
    of_task = await create_link(api.alice, await api.alice.create(), "TRIGGER")
    refused = await update(api.alice, of_task, requestInput="event")
    assert refused["userErrors"] == [{"field": ["requestInput"], "code": "INVALID"}]


async def test_an_input_takes_no_requests_if_another_one_is_required(api: Api) -> None:
    """Otherwise each call of the trigger would be refused."""
    needing = WORKFLOW.replace(', default: "1"}', "}")
    workflow = await create_workflow(api.alice, needing)
    given = {"subjectId": workflow, "kind": "TRIGGER", "requestInput": "event"}
    assert await refusal(api, **given) == (["requestInput"], "INVALID")


async def test_links_that_are_created_at_the_same_time_are_limited_too(api: Api) -> None:
    task = await api.alice.create()
    for _ in range(MAX_LINKS - 2):
        await create_link(api.alice, task, "STATUS")
    given = {"subjectId": task, "kind": "STATUS"}
    answers = await asyncio.gather(*(api.alice.ask(CREATE, input=given) for _ in range(5)))
    refused = [error["code"] for answer in answers for error in answer["createPublicLink"]["userErrors"]]
    assert set(refused) == {"CONFLICT"}
    assert await api.database.public_links.count_documents({}) == MAX_LINKS - 2 + 5 - len(refused) <= MAX_LINKS


async def test_new_urls_at_the_same_time_are_told_once(api: Api) -> None:
    """Whoever is told a URL that has been replaced already would use one that does not work."""
    link = await create_link(api.alice, await api.alice.create(), "TRIGGER")
    (stored,) = await api.database.public_links.find({}).to_list()
    made = [rotate_link(api.database, api.services.public_links, stored, clock.now()) for _ in range(3)]
    results = await asyncio.gather(*made, return_exceptions=True)
    (rotated,) = [result for result in results if not isinstance(result, BaseException)]
    assert [type(result) for result in results if isinstance(result, BaseException)] == [Conflict, Conflict]
    (kept,) = await api.database.public_links.find({}).to_list()
    assert kept == rotated
    await record_use(api.database, stored, clock.now())  # by a call that came before
    (unused,) = await api.database.public_links.find({}).to_list()
    assert unused["last_used_at"] is None
    assert link["hint"] != unused["hint"]


async def test_an_idempotency_key_creates_one_link(api: Api) -> None:
    given = {"subjectId": await api.alice.create(), "kind": "TRIGGER", "idempotencyKey": "1"}
    made = await asyncio.gather(*(api.alice.ask(CREATE, input=given) for _ in range(5)))
    assert {each["createPublicLink"]["url"] for each in made} == {made[0]["createPublicLink"]["url"]}
    assert await api.database.public_links.count_documents({}) == 1
    await api.database.public_links.delete_many({})
    again = (await api.alice.ask(CREATE, input=given))["createPublicLink"]
    assert again["userErrors"][0]["code"] == "CONFLICT"


async def test_links_end_with_their_task_or_workflow(api: Api) -> None:
    task, workflow, kept = await api.alice.create(), await create_workflow(api.alice), await api.alice.create("kept")
    for subject in (task, workflow, kept):
        await create_link(api.alice, subject, "STATUS")
    await api.alice.do("deleteTask", {"id": task})
    await api.alice.ask('mutation { deleteWorkflow(input: {name: "alices"}) { userErrors { code } } }')
    (left,) = (await api.alice.ask(LINKS, id=kept))["node"]["publicLinks"]
    assert left
    assert await api.database.public_links.count_documents({}) == 1


async def test_links_that_a_crash_left_are_pruned(api: Api) -> None:
    assert api.alice.user is not None
    for name in ("gone", "kept"):
        await create_link(api.alice, await api.alice.create(name), "STATUS")
    await api.database.tasks.update_one({"name": "gone"}, {"$set": {"hold": "DELETED"}})
    assert await prune_links(api.database, api.alice.user.id) == 1
    assert await prune_links(api.database, api.alice.user.id) == 0
    assert await api.database.public_links.count_documents({}) == 1


async def test_the_audit_log_tells_of_links_without_their_urls(api: Api) -> None:
    link = await create_link(api.alice, await api.alice.create(), "TRIGGER")
    urls = [link["url"]]
    for mutation in ("rotatePublicLink", "revokePublicLink"):
        url = "url " if mutation == "rotatePublicLink" else ""
        change = f"mutation($id: ID!) {{ {mutation}(input: {{id: $id}}) {{ {url}userErrors {{ code }} }} }}"
        urls.append((await api.alice.ask(change, id=link["id"]))[mutation].get("url", urls[0]))
    entries = [each async for each in api.database.audit_entries.find({"action": {"$regex": "^PUBLIC_LINK"}})]
    assert [each["action"] for each in entries] == [f"PUBLIC_LINK_{end}" for end in ("CREATED", "ROTATED", "REVOKED")]
    assert not [url for url in urls if httpx.URL(url).path.rpartition("/")[2] in str(entries)]
    assert len(set(urls)) == 2


@pytest.mark.parametrize(("kind", "is_allowed"), [("TRIGGER", True), ("STATUS", False)])
async def test_who_may_not_read_creates_no_link_to_read(api: Api, kind: str, is_allowed: bool) -> None:
    task, program = await api.alice.create(), await create_program(api, api.alice, "WRITE")
    link = await create_link(api.alice, task, kind)
    create = "mutation($input: CreatePublicLinkInput!) { createPublicLink(input: $input) { url userErrors { code } } }"
    answer = await program.post(create, {"input": {"subjectId": task, "kind": kind}})
    assert ("errors" not in answer) is is_allowed
    assert await api.database.public_links.count_documents({}) == 1 + int(is_allowed)
    for change in (
        "rotatePublicLink(input: {id: $id}) { url }",
        "updatePublicLink(input: {id: $id}) { publicLink { url } }",
    ):
        answer = await program.post(f"mutation($id: ID!) {{ {change} }}", {"id": link["id"]})
        assert ("errors" not in answer) is is_allowed, change


@pytest.mark.parametrize(("kind", "is_allowed"), [("TRIGGER", True), ("STATUS", False)])
async def test_who_may_not_read_is_told_no_new_url_to_read(api: Api, kind: str, is_allowed: bool) -> None:
    link, program = (
        await create_link(api.alice, await api.alice.create(), kind),
        await create_program(api, api.alice, "WRITE"),
    )
    answer = await program.post(ROTATE, {"id": link["id"]})
    assert ("errors" not in answer) is is_allowed
    stored = await api.database.public_links.find_one({})
    assert stored is not None
    assert (stored["issued_at"] != stored["created_at"]) is is_allowed
