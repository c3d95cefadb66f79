"""Status pages and badges: for anyone who has the link, while it is in force."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.commands import CommandLog, logged
from tests.graphql.conftest import Api, Caller, served_api, stored_task
from tests.graphql.public_links import create_link, create_workflow
from tests.harness import wait_until
from tocsin import clock
from tocsin.config import Settings
from tocsin.documents import Database
from tocsin.public_links.cache import CACHE_SECONDS
from tocsin.statistics.tally import RunEnd

SVG = "{http://www.w3.org/2000/svg}"
ENDINGS = ("", "/badge.svg", "/shields.json", "/status.json")


async def path_of(caller: Caller, subject: str, **more: Any) -> str:
    """Create a link to a status, and return its path."""
    link = await create_link(caller, subject, "STATUS", **more)
    return str(httpx.URL(link["url"]).path)


async def add_outcomes(api: Api, *statuses: str, minutes: int = 10) -> None:
    """Count runs of the only task that ended with these statuses, the last of them just now."""
    task, now = await stored_task(api), clock.now()
    for number, status in enumerate(reversed(statuses)):
        at = clock.epoch_milliseconds(now - timedelta(minutes=minutes * number))
        scope = "t:" + task["_id"].partition("/")[2]
        end = RunEnd(f"{task['_id']}:{at}", task["owner"], "default", scope, status, at, at + 100, 100, 0)
        api.services.statistics.meter.pending.add(end)


async def test_a_badge_shows_the_title_and_the_state(api: Api) -> None:
    path = await path_of(api.alice, await api.alice.create("nightly <backup> & co"))
    await add_outcomes(api, "FAILED", "COMPLETED")
    answer = await api.nobody.http.get(path + "/badge.svg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    drawn = ET.fromstring(answer.text)
    assert [each.text for each in drawn.iter(f"{SVG}text")] == ["nightly <backup> & co", "passing"]
    assert drawn.get("aria-label") == "nightly <backup> & co: passing"
    assert "style" not in answer.text
    assert "<script" not in answer.text


async def test_a_title_takes_the_place_of_the_name(api: Api) -> None:
    path = await path_of(api.alice, await api.alice.create("secret project"), title="  Backups  ")
    for ending in ENDINGS:
        answer = await api.nobody.http.get(path + ending)
        assert "Backups" in answer.text
        assert "secret" not in answer.text
        assert "example.com" not in answer.text, "no target is shown"


async def test_shields_draws_the_badge_too(api: Api) -> None:
    path = await path_of(api.alice, await api.alice.create(), title="Backups")
    await add_outcomes(api, "COMPLETED", "FAILED")
    answer = await api.nobody.http.get(path + "/shields.json")
    expected = {"schemaVersion": 1, "label": "Backups", "message": "failing", "color": "red", "isError": True}
    assert answer.json() == expected


async def test_the_json_has_rates_and_outcomes(api: Api) -> None:
    path = await path_of(api.alice, await api.alice.create(), title="Backups")
    await add_outcomes(api, *["COMPLETED"] * 2, "FAILED", "SKIPPED", "COMPLETED")
    shown = (await api.nobody.http.get(path + "/status.json")).json()
    assert (shown["title"], shown["state"], shown["failingSince"]) == ("Backups", "PASSING", None)
    rate = {"completed": 3, "failed": 1, "percent": 75.0, "isExact": True}
    assert shown["successRates"] == [{"period": period, **rate} for period in ("P1D", "P7D", "P30D")]
    statuses = ["COMPLETED", "COMPLETED", "FAILED", "SKIPPED", "COMPLETED"]
    assert [each["status"] for each in shown["outcomes"]] == statuses
    assert shown["lastRunAt"].endswith("Z")


async def test_the_page_is_html_without_scripts(api: Api) -> None:
    path = await path_of(api.alice, await api.alice.create("a<b"))
    await add_outcomes(api, "COMPLETED", "FAILED")
    answer = await api.nobody.http.get(path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<h1>a&lt;b</h1>" in answer.text
    assert "1 succeeded, 1 failed" in answer.text
    assert "<script" not in answer.text
    assert "set-cookie" not in answer.headers


async def test_pictures_may_be_embedded_and_pages_may_not(api: Api) -> None:
    path = await path_of(api.alice, await api.alice.create())
    for ending in ENDINGS[1:]:
        headers = (await api.nobody.http.get(path + ending)).headers
        assert headers["cross-origin-resource-policy"] == "cross-origin"
        assert headers["access-control-allow-origin"] == "*"
        assert headers["cache-control"] == "public, max-age=60"
    page = (await api.nobody.http.get(path)).headers
    assert page["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in page
    assert page["x-frame-options"] == "DENY"


async def test_what_has_not_changed_is_not_sent_again(api: Api) -> None:
    path = await path_of(api.alice, await api.alice.create())
    first = await api.nobody.http.get(path + "/badge.svg")
    for tag in (first.headers["etag"], f'"other", W/{first.headers["etag"]}'):
        again = await api.nobody.http.get(path + "/badge.svg", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    head = await api.nobody.http.head(path + "/badge.svg")
    assert (head.status_code, head.content) == (200, b"")


async def test_only_get_and_head_are_served(api: Api) -> None:
    path = await path_of(api.alice, await api.alice.create())
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = await api.nobody.http.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_links_that_are_not_in_force_look_the_same(api: Api) -> None:
    """Viewed before and after: another process may show a status for a few seconds longer."""
    task, workflow = await api.alice.create(), await create_workflow(api.alice)
    revoked, kept = await create_link(api.alice, task, "STATUS"), await create_link(api.alice, task, "STATUS")
    trigger = await create_link(api.alice, task, "TRIGGER")
    bobs = await path_of(api.bob, await api.bob.create("of bob"))
    of_workflow = await path_of(api.alice, workflow)
    paths = [httpx.URL(link["url"]).path for link in (revoked, kept)] + [bobs, of_workflow]
    for path in paths:
        assert (await api.nobody.http.get(path)).status_code == 200
    await api.alice.ask(
        "mutation($id: ID!) { revokePublicLink(input: {id: $id}) { userErrors { code } } }", id=revoked["id"]
    )
    assert (await api.nobody.http.get(paths[0])).status_code == 404, "at once, where it was revoked"
    assert (await api.nobody.http.get(paths[1])).status_code == 200
    await api.alice.do("deleteTask", {"id": task})
    await api.alice.ask('mutation { deleteWorkflow(input: {name: "alices"}) { userErrors { code } } }')
    assert api.bob.user is not None
    await api.database.users.update_one({"_id": api.bob.user.id}, {"$set": {"is_active": False}})
    token = httpx.URL(trigger["url"]).path.rpartition("/")[2]
    forged = paths[1][:-1] + ("A" if paths[1][-1] != "A" else "B")
    wrong = [forged, f"/status/{token}", "/status/x", "/status/%00", "/status/" + "ä" * 44, "/status/" + "A" * 5_000]

    async def bodies() -> set[tuple[int, str]]:
        answers = [await api.nobody.http.get(path) for path in [*paths, *wrong]]
        return {(each.status_code, each.text) for each in answers}

    async def are_gone() -> bool:
        return {status for status, _ in await bodies()} == {404}

    await wait_until(are_gone, CACHE_SECONDS + 5)
    ((_, body),) = await bodies()
    assert json.loads(body)["errors"][0]["message"] == "There is no such link. It may be incomplete, or was revoked."


async def test_a_new_url_ends_the_former_one(api: Api) -> None:
    link = await create_link(api.alice, await api.alice.create(), "STATUS")
    rotate = "mutation($id: ID!) { rotatePublicLink(input: {id: $id}) { url publicLink { id } userErrors { code } } }"
    before = httpx.URL(link["url"]).path
    assert (await api.nobody.http.get(before)).status_code == 200
    after = (await api.alice.ask(rotate, id=link["id"]))["rotatePublicLink"]
    assert after["publicLink"]["id"] == link["id"]
    assert (await api.nobody.http.get(before)).status_code == 404
    assert (await api.nobody.http.get(httpx.URL(after["url"]).path)).status_code == 200


async def test_one_address_cannot_keep_the_database_busy(database: Database, settings: Settings) -> None:
    """The runs of a workflow take it 20 milliseconds, so a thousand readings a minute are a third of its time."""
    async with served_api(database, settings.model_copy(update={"cost_limit": 2_500})) as api:
        task = await api.alice.create()
        paths = [await path_of(api.alice, task) for _ in range(6)]
        answers = [await api.nobody.http.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 200, 429]


@pytest.mark.parametrize("kind", ["task", "workflow"])
async def test_a_crowd_costs_the_database_one_reading(database: Database, settings: Settings, kind: str) -> None:
    log = CommandLog()
    async with logged(database, log) as connection, served_api(connection, settings) as api:
        subject = await (api.alice.create() if kind == "task" else create_workflow(api.alice))
        path = await path_of(api.alice, subject)
        log.commands.clear()
        answers = await asyncio.gather(*(api.nobody.http.get(path + ending) for ending in ENDINGS * 10))
        assert {each.status_code for each in answers} == {200}
        counts = log.count("public_links", "users", "tasks", "workflows", "alerts", "run_statistics", "workflow_runs")
        assert set(counts.values()) <= {1, 2}, counts
        assert counts["find public_links"] == counts["find users"] == 1


async def test_an_address_is_limited(database: Database, settings: Settings) -> None:
    strict = settings.model_copy(update={"cost_limit": 5_000, "max_cost": 1_000})
    async with served_api(database, strict) as api:
        answers = [await api.nobody.http.get("/status/guess") for _ in range(15)]
        assert [each.status_code for each in answers[:10]] == [404] * 10
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1


@pytest.fixture
async def without(database: Database, settings: Settings) -> AsyncIterator[Api]:
    async with served_api(database, settings.model_copy(update={"public_links": False})) as running:
        yield running


async def test_the_operator_can_switch_links_off(without: Api) -> None:
    task = await without.alice.create()
    create = """mutation($task: ID!) { createPublicLink(input: {subjectId: $task, kind: STATUS}) {
      url userErrors { code message } } }"""
    refused = (await without.alice.ask(create, task=task))["createPublicLink"]
    assert (refused["url"], refused["userErrors"][0]["code"]) == (None, "CONFLICT")
    assert (await without.alice.ask("{ installation { hasPublicLinks } }"))["installation"]["hasPublicLinks"] is False
    serial = "A" * 22
    now = clock.now()
    stored = await stored_task(without)
    link: Any = {
        "_id": f"{stored['owner']}/x", "owner": stored["owner"], "kind": "STATUS", "subject": stored["_id"],
        "subject_type": "Task", "serial": serial, "hint": "abcd", "created_at": now, "issued_at": now,
    }  # fmt: skip
    await without.database.public_links.insert_one(link)
    for kind, path in (("STATUS", "/status/"), ("TRIGGER", "/triggers/")):
        method = "GET" if kind == "STATUS" else "POST"
        token = without.services.public_links.sign(kind, serial)
        assert (await without.nobody.http.request(method, path + token)).status_code == 404
