"""HTTP calls that expect a callback: what is stored, what the target gets, and what is recorded."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.jobs.http.test_job import BOX, job_context, perform
from tests.outbound.servers import Reader, Writer, answering, open_client, read_request, response, talking
from tocsin.errors import InvalidInput
from tocsin.input_models import parse_params
from tocsin.jobs.base import JobContext, SaveContext
from tocsin.jobs.http.body import HttpBody
from tocsin.jobs.http.callbacks import (
    CALLBACK_PLACEHOLDER,
    expects_callback,
    insert_into_body,
    insert_into_text,
    insert_into_url,
    make_callback_marker,
)
from tocsin.jobs.http.input import HttpInput, prepare_http_params
from tocsin.jobs.http.job import HttpJob
from tocsin.outbound.urls import parse_target_key
from tocsin.security.callback_tokens import CallbackTokens

URL = "https://api.example/hook"
PLACE = "${{ callback.url }}"
EXPECTED = {"expectCallback": {"within": "PT5M"}}
CALLBACK = "https://tocsin.example/callbacks/" + CallbackTokens((bytes(32),)).sign("alice/t1:7", 3)
SIGNATURE = CALLBACK.rpartition(".")[2]


@pytest.fixture
async def context() -> AsyncIterator[JobContext]:
    async with open_client() as client:
        yield replace(job_context(client), callback_url=CALLBACK)


def store(**given: Any) -> Any:
    return prepare_http_params(parse_params(HttpInput, {"url": URL, **given}), BOX, "alice")


# --- the setting ---


def test_the_setting_is_stored_in_seconds_and_only_if_it_is_given() -> None:
    assert store(**EXPECTED)["expect_callback"] == {"within": 300.0}
    assert "expect_callback" not in store()
    assert expects_callback({"kind": "http", "params": store(**EXPECTED)})
    assert not expects_callback({"kind": "http", "params": store()})
    assert not expects_callback({"kind": "other", "params": store(**EXPECTED)})


@pytest.mark.parametrize("within", ["PT0.999S", "PT0S", "P30DT1S", "P1000D"])
def test_a_time_out_of_bounds_is_refused(within: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        store(expectCallback={"within": within})
    (error,) = refused.value.all_errors
    assert (error.path, error.message) == (("expectCallback", "within"), "within must be from PT1S to P30D.")


@pytest.mark.parametrize(
    ("given", "path"),
    [({}, ("expectCallback", "within")), ({"within": "soon"}, ("expectCallback", "within")),
     ({"within": "PT5M", "every": 1}, ("expectCallback", "every")), ("PT5M", ("expectCallback",))],
)  # fmt: skip
def test_a_malformed_setting_is_refused_at_its_place(given: Any, path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        store(expectCallback=given)
    assert refused.value.all_errors[0].path == path


def test_the_header_cannot_be_set_by_users() -> None:
    with pytest.raises(InvalidInput, match="Tocsin sets the header Tocsin-Callback-Url itself"):
        store(headers={"Tocsin-Callback-Url": "x"})


@pytest.mark.parametrize("where", ["?then=", "run/", "x?a=1&b="])
def test_a_url_with_the_placeholder_stays_one(where: str) -> None:
    stored = store(url=f"https://api.example:8443/{where}{PLACE}", **EXPECTED)["url"]
    assert stored == f"https://api.example:8443/{where}{CALLBACK_PLACEHOLDER}"
    assert parse_target_key(stored) == "api.example:8443"  # so that limits of the host apply


def test_the_placeholder_cannot_stand_for_the_host() -> None:
    for url in (PLACE, f"https://{PLACE}/", f"https://api.{PLACE}.example/"):
        with pytest.raises(InvalidInput, match="The url cannot be called"):
            store(url=url, **EXPECTED)


def test_the_url_is_not_inserted_too_often() -> None:
    with pytest.raises(InvalidInput, match="The callback URL is inserted 11 times; at most 10"):
        store(bodyText=PLACE * 10, headers={"X-Hook": PLACE}, **EXPECTED)
    store(bodyText=PLACE * 10, **EXPECTED)


def test_a_step_that_names_the_url_must_expect_a_callback() -> None:
    job = HttpJob()
    (fault,) = job.find_faults({"url": URL, "bodyText": PLACE})
    assert fault[1].startswith("callback.url needs expectCallback")
    assert job.find_faults({"url": URL, "bodyText": PLACE, **EXPECTED}) == []


def test_in_a_step_only_the_marker_stands_for_the_url() -> None:
    marker = make_callback_marker()
    step = SaveContext("alice", BOX, callback_marker=marker)
    given = {"url": f"{URL}?then={marker}&data={CALLBACK_PLACEHOLDER}", "bodyText": PLACE * 11}
    stored = HttpJob().prepare({**given, **EXPECTED}, step)
    assert stored["expect_callback"] == {"within": 300.0, "marker": marker}
    assert stored["url"] == given["url"]
    assert insert_into_text(marker + PLACE, CALLBACK, marker) == CALLBACK + PLACE
    with pytest.raises(InvalidInput, match="inserted 11 times"):
        HttpJob().prepare({"url": URL, "bodyText": marker * 11, **EXPECTED}, step)
    with pytest.raises(InvalidInput, match="needs expectCallback"):
        HttpJob().prepare({"url": URL, "bodyText": marker}, step)
    assert marker != make_callback_marker()


# --- the request ---


@pytest.mark.parametrize("place", [PLACE, CALLBACK_PLACEHOLDER])
async def test_the_target_gets_the_url_wherever_it_is_asked_for(context: JobContext, place: str) -> None:
    async with answering(response("202 Accepted")) as server:
        outcome = await perform(
            context,
            url=f"{server.url}start?then={place}&x=1",
            method="POST",
            headers={"X-Hook": f"<{place}>"},
            body={"then": place, "other": "${{ something }}"},
            expect_callback={"within": timedelta(minutes=5)},
        )
        head, _, body = server.seen[0].decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert headers["Tocsin-Callback-Url"] == CALLBACK
    assert headers["X-Hook"] == f"<{CALLBACK}>"
    assert parse_qs(urlsplit(first.split(" ")[1]).query) == {"then": [CALLBACK], "x": ["1"]}
    assert json.loads(body) == {"then": CALLBACK, "other": "${{ something }}"}
    assert outcome.error is None
    assert outcome.callback_within == timedelta(minutes=5)


async def test_without_an_expectation_nothing_is_inserted(context: JobContext) -> None:
    async with answering(response()) as server:
        outcome = await perform(context, url=server.url, method="POST", body_text=PLACE)
        seen = server.seen[0].decode()
    assert PLACE in seen
    assert "Tocsin-Callback-Url" not in seen
    assert outcome.callback_within is None


async def test_a_response_that_is_no_success_accepts_nothing(context: JobContext) -> None:
    async with answering(response("500 Broken")) as server:
        outcome = await perform(context, url=server.url, expect_callback={"within": timedelta(minutes=5)})
    assert outcome.error is not None
    assert outcome.callback_within is None


async def echo(reader: Reader, writer: Writer) -> None:
    """Echo the request in the body and in a header, in several encodings."""
    seen = (await read_request(reader)).decode()
    texts = [seen, json.dumps(seen), quote(seen, safe=""), CALLBACK.rpartition("/")[2]]
    writer.write(response("200 OK", "\n".join(texts).encode(), f"X-Got: {CALLBACK}"))
    await writer.drain()


async def test_the_url_is_recorded_nowhere(context: JobContext) -> None:
    async with talking(echo) as server:
        outcome = await perform(
            context,
            url=f"{server.url}start?then={PLACE}",
            method="POST",
            headers={"X-Hook": PLACE},
            body_form={"then": PLACE},
            expect_callback={"within": timedelta(minutes=5)},
        )
    assert outcome.request is not None
    assert dict(outcome.request["headers"])["Tocsin-Callback-Url"] == "***"
    assert dict(outcome.request["headers"])["X-Hook"].endswith(".3.***")
    assert outcome.request["url"].endswith(".3.***")
    assert (outcome.response_body or "").count("***") >= 8
    assert SIGNATURE not in repr(outcome)
    assert CALLBACK not in repr(context)


async def test_another_server_does_not_get_the_header_by_a_redirect(context: JobContext) -> None:
    async with answering(response()) as other:
        moved = response("307 Elsewhere", b"", f"Location: {other.url}")
        async with answering(moved) as server:
            await perform(context, url=server.url, expect_callback={"within": timedelta(minutes=5)})
        assert "Tocsin-Callback-Url" not in other.seen[0].decode()


TEXTS = some.lists(some.one_of(some.just(PLACE), some.just(CALLBACK_PLACEHOLDER), some.text(max_size=20)), max_size=6)


@given(TEXTS)
def test_all_but_the_placeholders_stays_as_it_is(parts: list[str]) -> None:
    places = (PLACE, CALLBACK_PLACEHOLDER)
    text, wanted = "".join(parts), "".join(CALLBACK if part in places else part for part in parts)
    assert insert_into_text(text, CALLBACK) == wanted
    as_json = insert_into_body(HttpBody(kind="json", value=json.dumps({"a": text})), CALLBACK)
    assert as_json is not None
    assert json.loads(str(as_json.value)) == {"a": wanted}
    form = insert_into_body(HttpBody(kind="form", value=[("a", text)]), CALLBACK)
    assert form == HttpBody(kind="form", value=[("a", wanted)])
    assert insert_into_url(f"?{PLACE}", CALLBACK) == f"?{quote(CALLBACK, safe='')}"
