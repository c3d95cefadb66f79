"""Trials of jobs that are not saved: what they show, what limits them, and that nothing is left of them."""

import asyncio
from typing import Any

import pytest

from tests.graphql.accounts.calls import create_program
from tests.graphql.conftest import Api, Caller, served_api
from tests.outbound.servers import LOOPBACK, Reader, Writer, answering, response, talking
from tocsin import clock
from tocsin.accounts.rate_limiter import TRIAL_BUCKET
from tocsin.config import Settings
from tocsin.documents import Database
from tocsin.jobs.http.trials import name_target
from tocsin.quotas import Quota

QUERY = (
    "mutation($i: TryJobInput!) { tryJob(input: $i) { trial { statusCode durationMs timeout responseBody "
    "responseTruncated redirects request { method url headers { name value } } responseHeaders { name value } "
    "timings { total } error { kind message } } userErrors { field code message } } }"
)
KEPT = ("tasks", "runs", "step_runs", "notifications", "deliveries")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"allowed_networks": LOOPBACK})


async def attempt(caller: Caller, http: Any, **more: Any) -> Any:
    """Try an http job, and return the payload."""
    return (await caller.ask(QUERY, i={"job": {"http": http}, **more}))["tryJob"]


def sent_headers(raw: bytes) -> dict[str, str]:
    lines = raw.decode().partition("\r\n\r\n")[0].split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


async def test_the_answer_is_shown_and_nothing_is_left_but_an_entry_of_the_audit_log(api: Api) -> None:
    async with answering(response("418 I'm a teapot", b"short and stout", "Set-Cookie: a=b")) as target:
        url = f"{target.url}pot?token=secret"
        payload = await attempt(api.alice, {"url": url, "method": "POST", "body": {"a": 1}})
    assert payload["userErrors"] == []
    trial = payload["trial"]
    assert (trial["statusCode"], trial["responseBody"]) == (418, "short and stout")
    assert trial["error"]["kind"] == "HTTP_STATUS"
    assert {"name": "Set-Cookie", "value": "***"} in trial["responseHeaders"]
    assert trial["request"]["method"] == "POST"
    assert trial["timings"]["total"] > 0
    assert target.seen[0].endswith(b'{"a":1}')
    for name in KEPT:
        assert await api.database.db[name].count_documents({}) == 0, name
    (entry,) = await api.database.audit_entries.find({"action": "JOB_TRIED"}).to_list()
    assert entry["detail"] == f"POST {target.url.rstrip('/')}"
    assert entry["actor"] == (api.alice.user and api.alice.user.id)


async def test_secrets_are_masked_also_where_the_target_echoes_them(api: Api) -> None:
    async with answering(response("200 OK", b"you said tip-top-secret")) as target:
        http = {"url": target.url, "token": "tip-top-secret", "headers": {"X-Key": "hush"}, "secretHeaders": ["X-Key"]}
        payload = await attempt(api.alice, http)
    assert sent_headers(target.seen[0])["authorization"] == "Bearer tip-top-secret"
    assert "tip-top-secret" not in str(payload)
    assert "hush" not in str(payload)
    assert payload["trial"]["responseBody"] == "you said ***"


async def test_stored_secrets_go_only_to_the_server_that_they_were_for(api: Api) -> None:
    async with answering(response()) as target, answering(response()) as other:
        task = await api.alice.create(job={"http": {"url": target.url, "token": "stored-token"}})
        assert (await attempt(api.alice, {"url": f"{target.url}new"}, taskId=task))["userErrors"] == []
        assert sent_headers(target.seen[0])["authorization"] == "Bearer stored-token"
        stolen = await attempt(api.alice, {"url": other.url}, taskId=task)
        assert [error["field"] for error in stolen["userErrors"]] == [["job", "http", "token"]]
        assert other.seen == []
        assert (await attempt(api.alice, {"url": target.url}))["userErrors"] == []
        assert "authorization" not in sent_headers(target.seen[1])


async def test_a_stranger_gets_no_secrets_of_a_task(api: Api) -> None:
    async with answering(response()) as target:
        task = await api.alice.create(job={"http": {"url": target.url, "token": "stored-token"}})
        for caller in (api.bob, api.carol):
            payload = await attempt(caller, {"url": target.url}, taskId=task)
            assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [(["taskId"], "NOT_FOUND")]
    assert target.seen == []


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "http://10.0.0.1/", "http://[::ffff:10.0.0.1]/"])
async def test_an_address_that_may_not_be_called_is_refused_at_its_field(api: Api, url: str) -> None:
    payload = await attempt(api.alice, {"url": url})
    assert payload["trial"] is None
    assert [error["field"] for error in payload["userErrors"]] == [["job", "http", "url"]]


async def test_a_redirect_to_a_forbidden_address_is_not_followed(api: Api) -> None:
    async with answering(response("302 Found", b"", "Location: http://169.254.169.254/")) as target:
        trial = (await attempt(api.alice, {"url": target.url}))["trial"]
    assert trial["error"]["kind"] == "BLOCKED_ADDRESS"


@pytest.mark.parametrize(
    ("job", "field"),
    [
        ({"email": {"to": ["alice@example.test"], "subject": "s", "body": "b"}}, ["job"]),
        ({"http": {"url": "ftp://example.com/"}}, ["job", "http", "url"]),
        ({"http": {"url": "https://example.com/", "headers": {"A B": "1"}}}, ["job", "http", "headers", "A B"]),
    ],
)
async def test_what_cannot_be_tried_is_refused_at_its_field(api: Api, job: Any, field: list[str]) -> None:
    payload = (await api.alice.ask(QUERY, i={"job": job}))["tryJob"]
    assert payload["trial"] is None
    assert payload["userErrors"][0]["field"] == field
    assert await api.database.audit_entries.count_documents({"action": "JOB_TRIED"}) == 0


async def test_a_timeout_ends_a_trial_and_a_long_one_is_cut(api: Api) -> None:
    async def hang(reader: Reader, _: Writer) -> None:
        await reader.read()

    async with talking(hang) as target:
        trial = (await attempt(api.alice, {"url": target.url}, timeout="PT0.2S"))["trial"]
    assert (trial["error"]["kind"], trial["statusCode"]) == ("TIMEOUT", None)
    async with answering(response()) as target:
        assert (await attempt(api.alice, {"url": target.url}, timeout="PT1H"))["trial"]["timeout"] == "PT20S"
        wrong = await attempt(api.alice, {"url": target.url}, timeout="PT2H")
    assert [error["field"] for error in wrong["userErrors"]] == [["timeout"]]


async def test_a_call_that_expects_a_callback_gets_a_url_for_which_nothing_waits(api: Api) -> None:
    async with answering(response("202 Accepted")) as target:
        http = {"url": f"{target.url}?to=${{{{ callback.url }}}}", "expectCallback": {"within": "PT1H"}}
        payload = await attempt(api.alice, http)
    assert payload["trial"]["error"] is None
    path = "/callbacks/" + sent_headers(target.seen[0])["tocsin-callback-url"].rpartition("/callbacks/")[2]
    assert path not in str(payload)
    assert (await api.nobody.http.post(path)).status_code == 410


async def test_trials_count_as_runs_in_the_quotas(database: Database, settings: Settings) -> None:
    limited = settings.model_copy(update={"quota_runs_per_day": 1})
    async with served_api(database, limited) as api, answering(response()) as target:
        assert (await attempt(api.alice, {"url": target.url}))["userErrors"] == []
        refused = await attempt(api.alice, {"url": target.url})
        assert [error["code"] for error in refused["userErrors"]] == ["QUOTA_EXCEEDED"]
        assert (await attempt(api.bob, {"url": target.url}))["userErrors"] == []
    assert len(target.seen) == 2


async def test_only_so_many_trials_of_a_user_are_made_in_a_minute(api: Api) -> None:
    async with answering(response()) as target:
        for _ in range(round(TRIAL_BUCKET.capacity)):
            await attempt(api.alice, {"url": target.url})
        answer = await api.alice.post(QUERY, {"i": {"job": {"http": {"url": target.url}}}})
        assert answer["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        await attempt(api.bob, {"url": target.url})
    assert len(target.seen) == TRIAL_BUCKET.capacity + 1


async def test_only_two_trials_of_a_user_are_in_progress(api: Api) -> None:
    arrived, may_end = asyncio.Semaphore(0), asyncio.Event()

    async def hold(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.release()
        await may_end.wait()
        writer.write(response())
        await writer.drain()

    async with talking(hold) as target, asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(attempt(api.alice, {"url": target.url}))
            await arrived.acquire()
        answer = await api.alice.post(QUERY, {"i": {"job": {"http": {"url": target.url}}}})
        assert answer["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert "2 trials in progress" in answer["errors"][0]["message"]
        assert api.alice.user is not None
        assert api.services.quotas.meter.get_usage(api.alice.user.id, Quota.RUNS_PER_DAY, clock.now()) == 2
        may_end.set()
    assert api.services.slots.count("trials") == 0


@pytest.mark.parametrize("scope", ["READ", "WRITE"])
async def test_a_program_needs_both_scopes(api: Api, scope: str) -> None:
    program = await create_program(api, api.alice, scope)
    answer = await program.post(QUERY, {"i": {"job": {"http": {"url": "https://example.com/"}}}})
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}


def test_the_audit_log_names_only_the_server() -> None:
    stored = {"method": "GET", "url": "https://user:pass@example.com:8443/a?token=b#c"}
    assert name_target(stored) == "GET https://example.com:8443"
