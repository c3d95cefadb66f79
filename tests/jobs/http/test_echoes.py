"""Targets that echo the request: no secret is recorded."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.jobs.http.test_job import BOX, job_context, perform
from tests.outbound.servers import Reader, Writer, answering, open_client, read_request, response, talking
from tocsin.documents import ErrorKind
from tocsin.jobs.base import JobContext
from tocsin.jobs.http.input import HttpInput, prepare_http_params
from tocsin.jobs.http.job import HttpJob

TOKEN = "t0k/en+with=signs"
HOOK = 's3cret "quoted"'
SECRETS: dict[str, Any] = {"token": TOKEN, "headers": {"X-Hook": HOOK}, "secret_headers": ["X-Hook"]}


@pytest.fixture
async def context() -> AsyncIterator[JobContext]:
    async with open_client() as client:
        yield job_context(client)


async def echo(reader: Reader, writer: Writer) -> None:
    """Echo the request in the body and in headers, in several encodings."""
    head = (await read_request(reader)).decode()
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    texts = [head, json.dumps({"headers": headers}), quote(head), base64.b64encode(head.encode()).decode()]
    echoed = [f"X-Got: {headers['Authorization']}", f"X-Json: {json.dumps(headers['X-Hook'])}", "X-Other: as it is"]
    writer.write(response("418 Teapot", "\n".join(texts).encode(), *echoed))
    await writer.drain()


async def test_secrets_that_a_target_echoes_are_not_recorded(context: JobContext) -> None:
    async with talking(echo) as server:
        outcome = await perform(context, url=server.url, **SECRETS)
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.HTTP_STATUS
    body = outcome.response_body or ""
    head, as_json, percent, in_base64 = body.rsplit("\n", 3)
    assert "Authorization: Bearer ***" in head
    assert json.loads(as_json)["headers"]["X-Hook"] == "***"
    assert "X-Hook%3A%20***" in percent
    assert in_base64.count("***") == 2
    assert dict(outcome.response_headers)["X-Got"] == "Bearer ***"
    assert dict(outcome.response_headers)["X-Json"] == '"***"'
    assert dict(outcome.response_headers)["X-Other"] == "as it is"
    assert not any(part in repr(outcome) for part in (TOKEN, HOOK, "t0k", "quoted", quote(TOKEN)))


@pytest.mark.parametrize("filler", [10, 50_000])
async def test_a_secret_that_the_response_limit_cuts_is_not_recorded(filler: int) -> None:
    body = b"." * filler + TOKEN.encode()
    async with answering(response(body=body)) as server, open_client(response_limit=filler + 8) as client:
        outcome = await perform(job_context(client), url=server.url, **SECRETS)
    assert outcome.response_truncated
    assert outcome.response_body == "." * filler + "***"


async def test_a_secret_in_a_body_that_breaks_off_is_not_recorded(context: JobContext) -> None:
    async def break_off(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nyou sent " + TOKEN[:7].encode())
        await writer.drain()

    async with talking(break_off) as server:
        outcome = await perform(context, url=server.url, **SECRETS)
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.PROTOCOL
    assert TOKEN[:4] not in repr(outcome)


@pytest.mark.parametrize(
    "location",
    [
        f"ftp://files.example/{TOKEN}",
        f"http://a b/{TOKEN}",
        f"ftp://files.example/?t={quote(TOKEN, safe='')}",
        f"ftp://files.example/{'x' * 170}{TOKEN}",
        f"ftp://files.example/{'x' * 190}{TOKEN}",
        f"http://{TOKEN.replace('/', '')}:1/",
    ],
)
async def test_a_secret_in_a_redirect_is_not_recorded(context: JobContext, location: str) -> None:
    async with answering(response("302 Found", b"", f"Location: {location}")) as server:
        outcome = await perform(context, url=server.url, token=TOKEN)
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.BAD_URL
    assert "t0k/en" not in repr(outcome)
    assert "t0k%2Fen" not in repr(outcome)


async def test_a_secret_as_a_host_name_is_not_recorded(context: JobContext) -> None:
    target = "http://t0ken-as-a-name.invalid/"
    async with answering(response("302 Found", b"", f"Location: {target}")) as server:
        outcome = await perform(context, url=server.url, token="t0ken-as-a-name")
    assert outcome.error is not None
    assert outcome.error.message == "The host name ***.invalid does not exist."


@pytest.mark.parametrize(
    "answer",
    [
        f"HTTP/1.1 {TOKEN}\r\n\r\n",
        f"{TOKEN}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\n{TOKEN}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nX: {TOKEN}{'x' * 20_000}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\n{'x' * 190}{TOKEN}\x01: y\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Length: {TOKEN}\r\n\r\n",
    ],
)
async def test_a_secret_in_what_is_not_http_is_not_recorded(context: JobContext, answer: str) -> None:
    async with answering(answer.encode()) as server:
        outcome = await perform(context, url=server.url, **SECRETS)
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.PROTOCOL
    assert TOKEN[:4] not in repr(outcome)


async def test_without_secrets_an_answer_is_recorded_as_it_came(context: JobContext) -> None:
    async with talking(echo) as server:
        outcome = await perform(context, url=server.url, headers={"X-Hook": HOOK, "Authorization": "abc"})
    assert HOOK in (outcome.response_body or "")


async def test_a_mask_is_not_made_of_a_plain_header(context: JobContext) -> None:
    """A value that is visible in the task is not a secret."""
    job = prepare_http_params(HttpInput(url="http://127.0.0.1/", headers={"X-Open": "public"}), BOX, "alice")
    async with answering(response(body=b"public")) as server:
        outcome = await HttpJob().run_attempt(job | {"url": server.url}, context)
    assert outcome.response_body == "public"
