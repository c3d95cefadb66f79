import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest

from tests.outbound.servers import answering, open_client, response
from tocsin.compute.pool import ProcessPool
from tocsin.config import Settings
from tocsin.documents import ErrorKind
from tocsin.jobs import registry
from tocsin.jobs.base import JobContext, Outcome
from tocsin.jobs.http.input import HttpInput, prepare_http_params
from tocsin.jobs.http.job import HttpJob
from tocsin.jobs.results import encode_result
from tocsin.outbound.http_client import OwnerHttpClient
from tocsin.outbound.mail_transport import make_mail_transport
from tocsin.security.secret_box import SecretBox

BOX = SecretBox(bytes(32))
NO_MAIL = make_mail_transport(Settings(_env_file=None))
UNUSED: Any = None  # not needed by HTTP calls
COMPUTE = ProcessPool(2)
DUE = datetime(2026, 11, 22, 9, 30, 0, 250_000, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"
URL = "https://api.example/hook?x=1"


@pytest.fixture
async def context() -> AsyncIterator[JobContext]:
    async with open_client() as client:
        yield job_context(client)


def job_context(client: OwnerHttpClient, box: SecretBox = BOX) -> JobContext:
    return JobContext("alice/t1:7", "alice", DUE, 3, 5.0, box, client, COMPUTE, NO_MAIL, UNUSED, UNUSED)


async def perform(context: JobContext, **fields: Any) -> Outcome:
    stored = bson.decode(
        bson.encode(prepare_http_params(HttpInput(**fields), BOX, "alice"))
    )  # as it comes back from the database
    outcome = await registry.get_job("http").run_attempt(stored, context)
    bson.encode({"headers": outcome.response_headers, "body": outcome.response_body, "request": outcome.request})
    return outcome


def head_and_body(seen: bytes) -> tuple[list[str], bytes]:
    head, _, body = seen.partition(b"\r\n\r\n")
    return head.decode().split("\r\n"), body


# --- requests ---


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_every_method_arrives(context: JobContext, method: str) -> None:
    async with answering(response()) as server:
        outcome = await perform(context, url=f"{server.url}a%20b/%C3%A9?q=1&q=%2F", method=method.lower())
    assert outcome.error is None
    assert server.seen[0].startswith(f"{method} /a%20b/%C3%A9?q=1&q=%2F HTTP/1.1\r\n".encode())


async def test_the_answer_to_head_has_no_body(context: JobContext) -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n") as server:
        outcome = await perform(context, url=server.url, method="HEAD")
    assert (outcome.error, outcome.response_body) == (None, "")


@pytest.mark.parametrize(
    ("given_body", "content_type", "sent"),
    [
        ({"body": {"a": [1, None, "é", 2**70]}}, "application/json", '{"a":[1,null,"é",' + str(2**70) + "]}"),
        ({"body": False}, "application/json", "false"),
        ({"body_text": "héllo\r\n"}, "text/plain; charset=utf-8", "héllo\r\n"),
        ({"body_text": ""}, "text/plain; charset=utf-8", ""),
        ({"body_form": {"a": "x y&z", "b": [1, True], "é": ""}}, FORM, "a=x+y%26z&b=1&b=true&%C3%A9="),
    ],
)  # fmt: skip
async def test_every_kind_of_body_arrives(
    context: JobContext, given_body: dict[str, Any], content_type: str, sent: str
) -> None:
    async with answering(response()) as server:
        await perform(context, url=server.url, method="POST", **given_body)
    lines, body = head_and_body(server.seen[0])
    assert f"Content-Type: {content_type}" in lines
    assert f"Content-Length: {len(sent.encode())}" in lines
    assert body == sent.encode()


async def test_headers_arrive_in_their_order_and_case(context: JobContext) -> None:
    headers = {"x-LOWER-Upper": "a", "X-Number": 5, "Content-Type": "application/xml", "User-Agent": "mine/1"}
    async with answering(response()) as server:
        await perform(context, url=server.url, method="POST", body_text="<a/>", headers=headers)
    lines, _ = head_and_body(server.seen[0])
    mine = ["x-LOWER-Upper: a", "X-Number: 5", "Content-Type: application/xml"]
    assert [line for line in lines if line in mine] == mine
    assert "User-Agent: mine/1" in lines
    assert len([line for line in lines if line.lower().startswith(("content-type", "user-agent"))]) == 2


async def test_a_repeated_call_can_be_recognised(context: JobContext) -> None:
    async with answering(response()) as server:
        await perform(context, url=server.url)
    lines, _ = head_and_body(server.seen[0])
    expected = {
        "Idempotency-Key: alice/t1:7",
        "X-Tocsin-Due-At: 2026-11-22T09:30:00.250Z",
        "X-Tocsin-Attempt: 3",
    }
    assert expected < set(lines)


async def test_secrets_are_sent_but_not_recorded(context: JobContext) -> None:
    async with answering(response()) as server:
        outcome = await perform(
            context,
            url=server.url,
            token="t0ken",
            headers={"X-Hook": "s3cret", "cookie": "c00kie", "X-Open": "seen"},
            secret_headers=["x-hook"],
        )
    lines, _ = head_and_body(server.seen[0])
    assert {"X-Hook: s3cret", "cookie: c00kie", "Authorization: Bearer t0ken"} < set(lines)
    assert outcome.request is not None
    assert (outcome.request["method"], outcome.request["url"]) == ("GET", server.url)
    recorded = dict(outcome.request["headers"])
    assert recorded["X-Hook"] == recorded["cookie"] == recorded["Authorization"] == "***"
    assert recorded["X-Open"] == "seen"
    assert recorded["Idempotency-Key"] == "alice/t1:7"
    assert recorded["User-Agent"].startswith("Tocsin/")


WITHOUT_BODY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@pytest.mark.parametrize("method", WITHOUT_BODY)
async def test_a_request_without_a_body_has_no_content_type(context: JobContext, method: str) -> None:
    async with answering(response()) as server:
        await perform(context, url=server.url, method=method)
    lines, _ = head_and_body(server.seen[0])
    assert not [line for line in lines if line.lower().startswith(("content-type", "transfer-encoding"))]
    lengths = [line for line in lines if line.lower().startswith("content-length")]
    assert lengths == (["Content-Length: 0"] if method in {"POST", "PUT", "PATCH"} else [])  # RFC 9110, section 8.6


async def test_a_content_type_that_the_user_gave_is_sent_without_a_body_too(context: JobContext) -> None:
    async with answering(response()) as server:
        await perform(context, url=server.url, method="POST", headers={"Content-Type": "application/json"})
    lines, _ = head_and_body(server.seen[0])
    assert "Content-Type: application/json" in lines


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"method": "HEAD"},
        {"method": "POST"},
        {"method": "DELETE"},
        {"method": "PUT", "body": {"a": "é"}},
        {"method": "POST", "body_form": {"a": "1"}, "headers": {"user-agent": "mine/1", "ACCEPT": "text/html"}},
        {"method": "DELETE", "body_text": "gone"},
        {"headers": {"X-Latin": "café", "X-Empty": "", "x-lower": 5}},
    ],
)
async def test_the_history_shows_every_header_as_it_was_sent(context: JobContext, fields: dict[str, Any]) -> None:
    async with answering(response()) as server:
        outcome = await perform(context, url=server.url, **fields)
    lines, _ = head_and_body(server.seen[0])
    assert outcome.request is not None
    assert [f"{name}: {value}" for name, value in outcome.request["headers"]] == lines[1:]
    names = {name.lower() for name, _ in outcome.request["headers"]}
    assert {"host", "user-agent", "accept", "accept-encoding", "idempotency-key"} < names


async def test_of_redirects_the_first_request_is_shown_and_its_secrets_masked(context: JobContext) -> None:
    async with answering(response("303 See Other", b"", "Location: /b"), response()) as server:
        outcome = await perform(context, url=server.url, method="POST", body=1, token="t0ken")
    first, _ = head_and_body(server.seen[0])
    second, _ = head_and_body(server.seen[1])
    assert outcome.request is not None
    shown = [f"{name}: {value}" for name, value in outcome.request["headers"]]
    assert shown == [line.replace("Bearer t0ken", "***") for line in first[1:]]
    assert "Content-Length: 1" in shown
    assert not [line for line in second if line.lower().startswith(("content-type", "content-length"))]


async def test_the_headers_of_a_request_that_reached_nobody_are_shown(context: JobContext) -> None:
    outcome = await perform(context, url="http://no-such-host.invalid:81/a", method="POST", body_text="é")
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.DNS
    assert outcome.request is not None
    headers = dict(outcome.request["headers"])
    assert (headers["Host"], headers["Content-Length"]) == ("no-such-host.invalid:81", "2")


async def test_a_secret_of_another_key_is_an_outcome() -> None:
    async with open_client() as client:
        outcome = await HttpJob().run_attempt(
            prepare_http_params(HttpInput(url=URL, token="t"), BOX, "alice"), job_context(client, SecretBox(b"k" * 32))
        )
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.SECRET_UNREADABLE


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("", "/"),
        ("?a=1", "/?a=1"),
        ("/a%2Fb%7E/../c/?q=%2F+%20&r=a'b;c=[1]{}#top", "/c/?q=%2F+%20&r=a%27b;c=[1]{}"),
        ("/{a}?", "/%7Ba%7D?"),
        ("/ü?q=ä", "/%C3%BC?q=%C3%A4"),
    ],
)
async def test_the_url_is_called_and_recorded_as_the_url_standard_serialises_it(
    context: JobContext, url: str, target: str
) -> None:
    async with answering(response()) as server:
        outcome = await perform(context, url=f"HTTP://127.0.0.1:{server.port}{url}")
    lines, _ = head_and_body(server.seen[0])
    assert lines[:2] == [f"GET {target} HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]
    assert outcome.request is not None
    assert outcome.request["url"] == f"http://127.0.0.1:{server.port}{target}"


async def test_a_host_that_looks_like_another_is_recorded_as_what_is_called(context: JobContext) -> None:
    outcome = await perform(context, url="http://g\u043e\u043ed.invalid/ü")  # Cyrillic letters
    assert outcome.request is not None
    assert outcome.request["url"] == "http://xn--gd-fmca.invalid/%C3%BC"
    assert outcome.error is not None
    assert outcome.error.message == "The host name xn--gd-fmca.invalid does not exist."


# --- outcomes ---


async def test_a_2xx_answer_is_success(context: JobContext) -> None:
    async with answering(response("204 No Content", b"", "X-A: 1")) as server:
        outcome = await perform(context, url=server.url)
    assert (outcome.error, outcome.status_code, outcome.redirects) == (None, 204, 0)
    assert ("X-A", "1") in outcome.response_headers
    assert outcome.timings["total"] > 0


@pytest.mark.parametrize("status", ["404 Not Found", "500 Internal Server Error", "300 Multiple Choices", "999 Odd"])
async def test_any_other_answer_is_a_failure_that_is_kept(context: JobContext, status: str) -> None:
    async with answering(response(status, b"because", "Retry-After: 60")) as server:
        outcome = await perform(context, url=server.url)
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.HTTP_STATUS
    assert outcome.error.message.startswith(f"The server answered {status[:3]}")
    assert outcome.error.hint
    assert outcome.error.retryable
    assert outcome.status_code == int(status[:3])
    assert outcome.response_body == "because"
    assert (outcome.retry_after is not None) == status.startswith("3")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (response("304 Not Modified", b"", "ETag: a"), "conditional headers"),
        (response("302 Found"), "has no Location header"),
        (response("300 Multiple Choices", b"", "Location: /a"), "offers several URLs"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n\x00", "another protocol"),
    ],
)
async def test_an_answer_that_is_no_redirect_is_not_called_one(context: JobContext, answer: bytes, hint: str) -> None:
    async with answering(answer) as server:
        outcome = await perform(context, url=server.url)
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.HTTP_STATUS
    assert hint in str(outcome.error.hint)


async def test_a_post_that_is_answered_with_too_much_has_succeeded(context: JobContext) -> None:
    async with answering(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n{}") as server:
        outcome = await perform(context, url=server.url, method="POST")
    assert (outcome.error, outcome.status_code, outcome.response_body) == (None, 204, "")
    assert len(server.seen) == 1


async def test_a_step_reads_the_json_of_a_compressed_answer() -> None:
    body = gzip.compress(b'{"a": [1]}')
    answer = response("200 OK", body, "Content-Type: application/json", "Content-Encoding: gzip")
    async with answering(answer) as server, open_client() as client:
        context = replace(job_context(client), is_step=True)
        outcome = await perform(context, url=server.url)
    assert outcome.response_body == '{"a": [1]}'
    assert outcome.result["body"] == {"a": [1]}


@pytest.mark.parametrize("count", [10, 20_000, 150_000])
async def test_a_step_reads_json_of_any_size(count: int) -> None:
    """Bodies parsed in the event loop, in a thread and in a process give the same result."""
    body = json.dumps([{"n": 1}] * (count // 4) + ["\u00e9"])
    answer = response("200 OK", body.encode(), "Content-Type: application/json")
    async with answering(answer) as server, open_client(response_limit=8 * 1024 * 1024) as client:
        context = replace(job_context(client), is_step=True)
        processes, used = ProcessPool(), list[str]()

        async def recording(*args: Any, owner: str = "", **more: Any) -> Any:
            used.append(owner)
            return await processes(*args, owner=owner, **more)

        outcome = await encode_result(await perform(replace(context, compute=recording), url=server.url))
        await processes.close()
    assert outcome.error is None
    assert json.loads(outcome.result)["body"] == json.loads(body)
    assert used == ([context.owner] if count == 150_000 else [])


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_retry_after_delays_the_next_attempt(context: JobContext, status: str) -> None:
    async with answering(response(status, b"", "Retry-After: 90")) as server:
        outcome = await perform(context, url=server.url)
    assert outcome.retry_after == timedelta(seconds=90)


async def test_a_blocked_address_and_a_bad_url_are_not_tried_again(context: JobContext) -> None:
    async with answering(response("302 Found", b"", "Location: ftp://a.example/")) as server:
        bad = await perform(context, url=server.url)
    blocked = await perform(context, url="http://10.0.0.1/")
    for outcome, kind in ((bad, ErrorKind.BAD_URL), (blocked, ErrorKind.BLOCKED_ADDRESS)):
        assert outcome.error is not None
        assert (outcome.error.kind, outcome.error.retryable) == (kind, False)
        assert outcome.request is not None


async def test_the_tasks_timeout_holds(context: JobContext) -> None:
    async with answering(b"") as server, open_client() as client:
        outcome = await HttpJob().run_attempt(
            prepare_http_params(HttpInput(url=server.url), BOX, "alice"),
            JobContext("r", "alice", DUE, 1, 0.05, BOX, client, COMPUTE, NO_MAIL, UNUSED, UNUSED),
        )
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.TIMEOUT, True)


async def test_of_several_times_to_wait_the_longest_counts(context: JobContext) -> None:
    answer = response("429 Slow", b"", "Retry-After: 20", "Retry-After: soon", "Retry-After: 120", "Retry-After: 5")
    async with answering(answer) as server:
        outcome = await perform(context, url=server.url)
    assert outcome.retry_after == timedelta(seconds=120)
