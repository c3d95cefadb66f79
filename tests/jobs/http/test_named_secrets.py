"""HTTP calls with named secrets: what is sent, where it may go, and that nothing of it is recorded."""

import base64
import json
import time
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from tests.jobs.http.test_job import BOX, head_and_body, job_context
from tests.outbound.servers import (
    FixedResolver,
    Reader,
    Writer,
    answering,
    open_client,
    read_request,
    response,
    talking,
)
from tocsin.documents import ErrorKind
from tocsin.jobs.base import JobContext, Outcome
from tocsin.jobs.http.input import HttpInput, prepare_http_params
from tocsin.jobs.http.job import HttpJob
from tocsin.jobs.http.masking import SecretMasker
from tocsin.jobs.http.named_secrets import insert_secrets
from tocsin.jobs.http.params import HttpParams, NamedSecretUse
from tocsin.jobs.http.secret_references import ReferenceRules
from tocsin.named_secrets.references import MAX_REFERENCES, make_secret_marker, mark_references
from tocsin.named_secrets.store import NamedSecret
from tocsin.outbound.host_patterns import SecretHosts
from tocsin.outbound.http_client import OwnerHttpClient
from tocsin.security.secret_box import SecretUnreadable

TOKEN = 'tok/en+"quoted" & more'
IN_BODY_AND_HEADER: Any = {
    "method": "POST",
    "body_text": "${{ secrets.tok }}",
    "headers": {"X-Key": "${{ secrets.tok }}"},
}
LOCAL = ("127.0.0.1", "hooks.example.com")


class Named(dict[str, tuple[str, Collection[str]]]):
    """Secrets by name: their values, and the hosts that they may be sent to."""

    async def open(self, owner: str, names: Collection[str]) -> Mapping[str, NamedSecret]:
        assert owner == "alice"
        wanted = {name.lower() for name in names}
        set_at = datetime(2026, 1, 1, tzinfo=UTC)
        found = {name: one for name, one in self.items() if name in wanted}
        return {
            name: NamedSecret(SecretHosts(name, list(hosts)), value, set_at) for name, (value, hosts) in found.items()
        }


@pytest.fixture
async def client() -> AsyncIterator[OwnerHttpClient]:
    async with open_client(resolver=FixedResolver("127.0.0.1")) as opened:
        yield opened


async def perform(client: OwnerHttpClient, secrets: Named, marked: str | None = None, **fields: Any) -> Outcome:
    """Make a call as one of a task, or of a step whose references became markers that begin with `marked`."""
    given = mark_references(fields, marked) if marked else fields
    rules = ReferenceRules(marker=marked)
    stored: Any = prepare_http_params(HttpInput(**given), BOX, "alice", references=rules)
    assert TOKEN not in str(stored)
    context: JobContext = replace(job_context(client), open_secrets=secrets.open)
    outcome = await HttpJob().run_attempt(stored, context)
    for value, _ in secrets.values():
        for form in (value, quote(value), json.dumps(value)[1:-1], base64.b64encode(value.encode()).decode()[:-4]):
            assert form not in repr(outcome), form
    assert marked is None or marked not in repr(outcome)
    return outcome


def named(**values: str) -> Named:
    return Named({name: (value, LOCAL) for name, value in values.items()})


@pytest.mark.parametrize("marked", [None, make_secret_marker()], ids=["task", "step"])
async def test_secrets_are_sent_and_references_are_recorded(client: OwnerHttpClient, marked: str | None) -> None:
    async with answering(response()) as server:
        outcome = await perform(
            client,
            named(tok=TOKEN, path="a/b:c d"),
            marked,
            url=f"{server.url}x/${{{{ secrets.path }}}}?key=${{{{ secrets.TOK }}}}",
            method="POST",
            headers={"X-Key": "v ${{ secrets.tok }}", "Authorization": "Basic ${{secrets.tok}}", "X-Open": "open"},
            body={"a": "${{ secrets.tok }}!", "b": 1},
        )
    assert outcome.error is None
    lines, body = head_and_body(server.seen[0])
    assert lines[0] == f"POST /x/a/b:c%20d?key={quote(TOKEN, safe='')} HTTP/1.1"
    assert f"X-Key: v {TOKEN}" in lines
    assert f"Authorization: Basic {TOKEN}" in lines
    assert json.loads(body) == {"a": f"{TOKEN}!", "b": 1}
    assert outcome.request is not None
    assert outcome.request["url"] == f"{server.url}x/${{{{secrets.path}}}}?key=${{{{secrets.TOK}}}}"
    headers = dict(outcome.request["headers"])
    assert headers["X-Key"] == "v ${{ secrets.tok }}"
    assert headers["Authorization"].replace(" ", "") == "Basic${{secrets.tok}}"
    assert headers["X-Open"] == "open"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"body_text": "<a>${{ secrets.tok }}</a> $${{ secrets.tok }}"}, f"<a>{TOKEN}</a> ${{{{ secrets.tok }}}}"),
        ({"body_form": {"a": "${{ secrets.tok }}", "b": ["x", "${{secrets.tok}}"]}}, None),
    ],
)
async def test_secrets_are_part_of_texts_and_forms(client: OwnerHttpClient, given: Any, sent: str | None) -> None:
    async with answering(response()) as server:
        outcome = await perform(client, named(tok=TOKEN), url=server.url, method="POST", **given)
    assert outcome.error is None
    body = head_and_body(server.seen[0])[1].decode()
    assert body == (sent or "a=tok%2Fen%2B%22quoted%22+%26+more&b=x&b=tok%2Fen%2B%22quoted%22+%26+more")


async def test_a_token_and_a_header_named_as_secret_are_filled_and_masked(client: OwnerHttpClient) -> None:
    headers, names = {"X-Key": "a ${{ secrets.tok }}"}, ["X-Key"]
    async with answering(response()) as server:
        secrets = named(tok="plain-token")
        outcome = await perform(
            client, secrets, url=server.url, token="${{ secrets.tok }}", headers=headers, secret_headers=names
        )
    assert {"Authorization: Bearer plain-token", "X-Key: a plain-token"} <= set(head_and_body(server.seen[0])[0])
    assert outcome.request is not None
    assert [value for name, value in outcome.request["headers"] if name in {"X-Key", "Authorization"}] == ["***"] * 2


@pytest.mark.parametrize("marked", [None, make_secret_marker()], ids=["task", "step"])
async def test_a_whole_url_can_be_a_secret(client: OwnerHttpClient, marked: str | None) -> None:
    async with talking(echo) as server:
        url = f"{server.url}services/T0/B0/XXXX"
        outcome = await perform(client, named(slack=url), marked, url="${{ secrets.slack }}", method="POST")
    assert (outcome.status_code, outcome.error) == (200, None)
    assert outcome.request is not None
    assert outcome.request["url"] == "${{secrets.slack}}"
    assert "T0/B0" not in repr(outcome)
    assert "POST *** HTTP/1.1" in (outcome.response_body or "")


async def test_a_secret_in_the_host_is_not_recorded_either(client: OwnerHttpClient) -> None:
    async with answering(response("302 Found", b"", "Location: /next"), response()) as server:
        secrets = Named(tenant=("acme-tenant", ["*.example.com"]))
        url = f"http://${{{{ secrets.tenant }}}}.example.com:{server.port}/"
        outcome = await perform(client, secrets, url=url)
    assert f"Host: acme-tenant.example.com:{server.port}" in head_and_body(server.seen[0])[0]
    assert outcome.request is not None
    assert dict(outcome.request["headers"])["Host"] == f"***:{server.port}"
    assert (outcome.error, outcome.redirects) == (None, 1)


async def test_a_host_that_only_a_pattern_names_is_masked(client: OwnerHttpClient) -> None:
    async with answering(response()) as server:
        secrets = Named(
            hook=(f"http://Enk7Q.example.com:{server.port}/", ["*.example.com"]), tenant=("ACME", ["*.com"])
        )
        whole = await perform(client, secrets, url="${{ secrets.hook }}")
        part = await perform(client, secrets, url=f"http://${{{{ secrets.tenant }}}}.x.com:{server.port}/")
    assert len(server.seen) == 2
    for outcome in (whole, part):
        assert "enk7q" not in repr(outcome).lower()
        assert "acme" not in repr(outcome).lower()


async def test_parts_of_a_secret_url_are_masked(client: OwnerHttpClient) -> None:
    body = b"wrong key k-0123456789abcdef for B0123456789abcdef in /a/B0123456789abcdef"
    async with answering(response("403 Forbidden", body)) as server:
        secrets = named(hook=f"{server.url}a/B0123456789abcdef?key=k-0123456789abcdef")
        outcome = await perform(client, secrets, url="${{ secrets.hook }}")
    assert outcome.response_body == "wrong key *** for *** in ***"


SHORT_PARTS = "/a-b-c-d/e-f-g-h-i"
LONG_PART = "/B0123456789abcdef"


@pytest.mark.parametrize("rest", [SHORT_PARTS, SHORT_PARTS + LONG_PART, f"{LONG_PART}?e=f-g-h&i=j-k-l"])
@pytest.mark.parametrize("host", ["127.0.0.1", "quiet-tenant.example.com"])
async def test_nothing_of_a_secret_url_is_left_where_it_is_echoed_whole(
    client: OwnerHttpClient, rest: str, host: str
) -> None:
    async with talking(echo_body) as server:
        url = f"http://{host}:{server.port}{rest}"
        secrets = Named(hook=(url, ["127.0.0.1", "*.example.com"]))
        outcome = await perform(client, secrets, url=server.url, method="POST", body_text="${{ secrets.hook }}")
    assert outcome.response_body == "***"


async def test_a_secret_that_contains_another_one_is_masked_to_its_end(client: OwnerHttpClient) -> None:
    """Otherwise whoever may set secrets could have one shown, by another one with the beginning of its value."""
    async with talking(echo_body) as server:
        texts = "${{ secrets.user }} ${{ secrets.password }}"
        secrets = named(user="admin", password="admin-Suffix")
        outcome = await perform(client, secrets, url=server.url, method="POST", body_text=texts)
    assert outcome.response_body == "*** ***"


@pytest.mark.parametrize(("value", "shown"), [("b\u00fccher-geheim", "geheim"), ("Ge_Heim", "ge_heim")])
async def test_a_host_is_masked_in_the_spelling_that_is_called(client: OwnerHttpClient, value: str, shown: str) -> None:
    async with answering(response("302 Found", b"", "Location: https://evil.test/")) as server:
        secrets = Named(tenant=(value, ["*.example.com"]))
        url = f"http://${{{{ secrets.tenant }}}}.example.com:{server.port}/"
        moved = await perform(client, secrets, url=url)
    refused = await perform(client, secrets, url=url)
    for outcome in (moved, refused):
        assert outcome.error is not None
        assert shown not in repr(outcome).lower()


async def test_a_redirect_cannot_show_a_secret_in_its_host(client: OwnerHttpClient) -> None:
    there = "Location: http://Ghp_AbCdEf.evil.test/"
    async with answering(response("302 Found", b"", there)) as server:
        outcome = await perform(client, named(tok="Ghp_AbCdEf"), url=server.url, headers={"X": "${{ secrets.tok }}"})
    assert outcome.error is not None
    assert "may not be sent to ***.evil.test:80" in outcome.error.message


def test_many_long_urls_are_masked_in_little_time() -> None:
    """Twenty secrets have ten thousand parts. Comparing each with each took 14 seconds of every attempt."""
    parts = [f"{number:016d}" for number in range(470)]
    secrets = [
        NamedSecret(SecretHosts("x", ["a.test"]), f"https://a.test/{index}/{'/'.join(parts)}", datetime.now(UTC))
        for index in range(MAX_REFERENCES)
    ]
    stored = HttpParams(url="https://a.test/", named_secrets=NamedSecretUse())
    echoes = insert_secrets(stored, [], {f"s{index}": secret for index, secret in enumerate(secrets)}).echoes
    assert len(echoes) <= MAX_REFERENCES * 13
    began = time.process_time()
    assert secrets[0].value not in SecretMasker(echoes).mask(secrets[0].value * 10)
    assert time.process_time() - began < 2


async def echo_body(reader: Reader, writer: Writer) -> None:
    writer.write(response("200 OK", head_and_body(await read_request(reader))[1]))
    await writer.drain()


async def echo(reader: Reader, writer: Writer) -> None:
    """Echo the request, in several encodings."""
    text = (await read_request(reader)).decode()
    texts = [text, json.dumps(text), quote(text), base64.b64encode(text.encode()).decode()]
    first = text.splitlines()[1]
    writer.write(response("200 OK", "\n".join(texts).encode(), f"X-Echo: {first}", f"Location: /{quote(text)}"))
    await writer.drain()


async def test_what_a_target_echoes_is_masked(client: OwnerHttpClient) -> None:
    async with talking(echo) as server:
        body = {"body_text": "${{ secrets.tok }} and ${{ secrets.pem }}", "method": "POST"}
        secrets = named(tok=TOKEN, pem="-----BEGIN-----\nabcdef/+=\n-----END-----\n")
        outcome = await perform(client, secrets, url=server.url, headers={"X-Key": "${{ secrets.tok }}"}, **body)
    assert outcome.status_code == 200
    assert (outcome.response_body or "").count("***") >= 8


# --- where secrets may go ---


async def test_a_secret_goes_to_no_other_host_and_is_not_tried_again(client: OwnerHttpClient) -> None:
    async with answering(response()) as server:
        secrets = Named(tok=(TOKEN, ["api.example.com", "*.example.org"]))
        outcome = await perform(client, secrets, url=server.url, body_text="${{ secrets.tok }}", method="POST")
    assert server.seen == []
    assert server.connections == 0
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.SECRET_HOST, False)
    assert (
        f"The secret tok may not be sent to 127.0.0.1:{server.port}, only to api.example.com" in outcome.error.message
    )


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example.com.evil.test:{}/", "http://evil.test:{}/#.example.com", "http://hooks.example.org:{}/"],
)
async def test_hosts_that_look_alike_get_nothing(client: OwnerHttpClient, url: str) -> None:
    async with answering(response()) as server:
        secrets = named(hook=url.format(server.port))
        outcome = await perform(client, secrets, url="${{ secrets.hook }}")
    assert server.connections == 0
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.SECRET_HOST


@pytest.mark.parametrize("host", ["HOOKS.example.COM", "hooks.example.com."])
async def test_other_spellings_of_an_allowed_host_are_allowed(client: OwnerHttpClient, host: str) -> None:
    async with answering(response()) as server:
        outcome = await perform(client, named(hook=f"http://{host}:{server.port}/"), url="${{ secrets.hook }}")
    assert outcome.error is None


@pytest.mark.parametrize(
    "value",
    [
        "http://hooks.example.com@127.0.0.1:{}/",
        "http://127.1:{}/",
        "ftp://127.0.0.1:{}/",
        "http://127.0.0.1:{}/a b",
        "x",
    ],
)
async def test_a_value_that_is_no_url_is_not_called(client: OwnerHttpClient, value: str) -> None:
    async with answering(response()) as server:
        outcome = await perform(
            client, named(hook=f"{value.format(server.port)}-secret-value"), url="${{ secrets.hook }}"
        )
    assert server.connections == 0
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.BAD_URL, False)


async def test_the_guard_holds_for_a_secret_url(client: OwnerHttpClient) -> None:
    secrets = Named(hook=("http://10.1.2.3/internal-path", ["10.1.2.3"]))
    outcome = await perform(client, secrets, url="${{ secrets.hook }}")
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.BLOCKED_ADDRESS


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_a_redirect_to_another_host_is_not_followed(client: OwnerHttpClient, status: str) -> None:
    """Not even one that would carry nothing: the target may have put the secret into it."""
    async with answering(response()) as thief:
        there = f"Location: http://evil.test:{thief.port}/?stolen={quote(TOKEN)}"
        async with answering(response(status, b"", there)) as server:
            given: Any = {
                "method": "POST",
                "body_text": "${{ secrets.tok }}",
                "headers": {"X-Key": "${{ secrets.tok }}"},
            }
            outcome = await perform(client, named(tok=TOKEN), url=server.url, **given)
    assert (len(server.seen), thief.connections) == (1, 0)
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.SECRET_HOST, False)


async def test_a_redirect_to_an_allowed_host_keeps_the_body_but_no_header(client: OwnerHttpClient) -> None:
    async with answering(response()) as other:
        there = f"Location: http://hooks.example.com:{other.port}/"
        async with answering(response("307 Temporary", b"", there)) as server:
            given: Any = {
                "method": "POST",
                "body_text": "${{ secrets.tok }}",
                "headers": {"X-Key": "${{ secrets.tok }}"},
            }
            outcome = await perform(client, named(tok=TOKEN), url=server.url, **given)
    assert outcome.error is None
    lines, body = head_and_body(other.seen[0])
    assert body.decode() == TOKEN
    assert not any(line.startswith("X-Key") for line in lines)


async def test_a_secret_in_a_redirect_that_cannot_be_called_is_masked(client: OwnerHttpClient) -> None:
    there = f"Location: ftp://x/{quote(TOKEN)}"
    async with answering(response("302 Found", b"", there)) as server:
        outcome = await perform(client, named(tok=TOKEN), url=server.url, headers={"X": "${{ secrets.tok }}"})
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.BAD_URL
    assert "***" in outcome.error.message


# --- what cannot be used ---


@pytest.mark.parametrize("value", ["good\r\nX-Evil: 1", "good\n", "go\rod", "go\0od", "good\x7f"])
async def test_a_value_cannot_add_headers(client: OwnerHttpClient, value: str) -> None:
    async with answering(response()) as server:
        outcome = await perform(client, named(tok=value), url=server.url, headers={"X-Key": "${{ secrets.tok }}"})
        again = await perform(client, named(tok=value), url=server.url, token="${{ secrets.tok }}")
    assert server.connections == 0
    for one in (outcome, again):
        assert one.error is not None
        assert (one.error.kind, one.error.retryable) == (ErrorKind.BAD_PARAMS, False)
        assert "tok has a line break or control character" in one.error.message


async def test_a_value_cannot_add_a_line_to_the_request(client: OwnerHttpClient) -> None:
    value = "x HTTP/1.1\r\nX-Evil: 1\r\n\r\n#&?"
    async with answering(response()) as server:
        for url in ("a/${{ secrets.tok }}", "?q=${{ secrets.tok }}"):
            outcome = await perform(client, named(tok=value), url=f"{server.url}{url}")
            assert outcome.error is None
    lines = [head_and_body(seen)[0] for seen in server.seen]
    assert [line[0].count("%0D%0A") for line in lines] == [3, 3]
    assert not any("X-Evil: 1" in line for line in lines)


async def test_a_value_that_looks_like_a_reference_is_sent_as_it_is(client: OwnerHttpClient) -> None:
    secrets = named(a="${{ secrets.b }}", b="not-inserted")
    async with answering(response()) as server:
        await perform(client, secrets, url=server.url, method="POST", body_text="${{ secrets.a }}")
    assert head_and_body(server.seen[0])[1] == b"${{ secrets.b }}"


async def test_data_that_looks_like_a_reference_is_sent_as_it_is_by_a_step(client: OwnerHttpClient) -> None:
    marker = make_secret_marker()
    rules = ReferenceRules(marker=marker)
    given = HttpInput(
        url="http://127.0.0.1/", method="POST", body={"a": "${{ secrets.tok }}", "b": "$${{ secrets.tok }}"}
    )
    stored: Any = prepare_http_params(given, BOX, "alice", references=rules)
    assert "named_secrets" not in stored
    async with answering(response()) as server:
        context = replace(job_context(client), open_secrets=named(tok=TOKEN).open)
        await HttpJob().run_attempt({**stored, "url": server.url}, context)
    assert json.loads(head_and_body(server.seen[0])[1]) == given.body


async def test_what_was_saved_before_there_were_secrets_is_sent_as_it_is(client: OwnerHttpClient) -> None:
    stored = {"url": "", "method": "POST", "body": {"kind": "text", "value": "${{ secrets.tok }}"}}
    async with answering(response()) as server:
        context = replace(job_context(client), open_secrets=named(tok=TOKEN).open)
        await HttpJob().run_attempt({**stored, "url": server.url}, context)
    assert head_and_body(server.seen[0])[1] == b"${{ secrets.tok }}"


async def test_a_deleted_secret_fails_the_attempt_for_good(client: OwnerHttpClient) -> None:
    async with answering(response()) as server:
        secrets = named(tok=TOKEN)
        rules = ReferenceRules()
        given = HttpInput(url=server.url, headers={"X": "${{ secrets.Tok }}"})
        stored: Any = prepare_http_params(given, BOX, "alice", references=rules)
        secrets.clear()
        outcome = await HttpJob().run_attempt(stored, replace(job_context(client), open_secrets=secrets.open))
    assert server.connections == 0
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.SECRET_MISSING, False)
    assert outcome.error.message == "There is no secret Tok any more."
    assert "setSecret" in (outcome.error.hint or "")


async def test_a_secret_that_cannot_be_opened_fails_the_attempt(client: OwnerHttpClient) -> None:
    async def fail(_owner: str, _names: Collection[str]) -> Mapping[str, NamedSecret]:
        raise SecretUnreadable("no")

    given = HttpInput(url="http://127.0.0.1/", headers={"X": "${{ secrets.tok }}"})
    stored: Any = prepare_http_params(given, BOX, "alice", references=ReferenceRules())
    outcome = await HttpJob().run_attempt(stored, replace(job_context(client), open_secrets=fail))
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.SECRET_UNREADABLE


@pytest.mark.parametrize(
    "given",
    [
        {"headers": {f"X-{number}": "${{ secrets.tok }}" for number in range(3)}},
        {"method": "POST", "body_text": "x" * 262_000 + "${{ secrets.tok }}"},
    ],
    ids=["headers", "body"],
)
async def test_secrets_do_not_exceed_the_limits_of_a_request(client: OwnerHttpClient, given: Any) -> None:
    async with answering(response()) as server:
        outcome = await perform(client, named(tok="v" * 8_000), url=server.url, **given)
    assert server.connections == 0
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.BAD_PARAMS
