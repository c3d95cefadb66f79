"""What all channels that speak HTTP have in common: the request, and each way in which it can fail."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests.notifications.channels.helpers import NOTICE, RULES, PortResolver, body_of, headers_of, request_line, service
from tests.notifications.channels.samples import SAMPLES, Sample
from tests.outbound.servers import (
    FixedResolver,
    Reader,
    Writer,
    answering,
    get,
    open_shared_client,
    read_request,
    response,
    talking,
)
from tocsin import clock
from tocsin.notifications.channels import CONFIGURABLE_CHANNELS
from tocsin.notifications.channels.base import DeliveryRefused, DeliveryUnavailable, EndpointGone
from tocsin.notifications.channels.configurable import ConfigurableChannel
from tocsin.notifications.channels.http_channel import Post
from tocsin.outbound.host_rates import HostRates
from tocsin.outbound.http_client import HttpClient

KINDS = [(CONFIGURABLE_CHANNELS[kind], sample) for kind, sample in SAMPLES.items()]
each_kind = pytest.mark.parametrize(("channel", "sample"), KINDS, ids=list(SAMPLES))
Failure = DeliveryRefused | DeliveryUnavailable


async def failure_of(channel: ConfigurableChannel[Any], given: dict[str, Any], http: HttpClient) -> Failure:
    with pytest.raises((DeliveryRefused, DeliveryUnavailable)) as caught:
        await channel.deliver(NOTICE, channel.parse_settings(given, RULES), http)
    assert isinstance(caught.value, DeliveryRefused | DeliveryUnavailable)
    return caught.value


async def answered(kind: str, answer: bytes) -> Failure:
    """Deliver to a service that gives this answer, and return the failure."""
    sample = SAMPLES[kind]
    async with service(sample.host, answer) as (_, http):
        failure = await failure_of(CONFIGURABLE_CHANNELS[kind], sample.given, http)
    assert not any(secret in str(failure) for secret in sample.secrets)
    return failure


@each_kind
async def test_a_notice_is_one_post_of_json(channel: ConfigurableChannel[Any], sample: Sample) -> None:
    async with service(sample.host, sample.success) as (server, http):
        await channel.deliver(NOTICE, channel.parse_settings(sample.given, RULES), http)
    (seen,) = server.seen
    assert request_line(seen).startswith("POST /")
    headers = headers_of(seen)
    assert headers["host"] == sample.host
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("Tocsin/")
    assert NOTICE.subject.encode().replace(b'"', b'\\"') in body_of(seen).replace(b"\\\\", b"")


@each_kind
async def test_a_notice_is_sent_as_its_owner(channel: ConfigurableChannel[Any], sample: Sample) -> None:
    async with service(sample.host, sample.success) as (server, http):
        settings = channel.parse_settings(sample.given, RULES)
        for _ in range(2):
            await channel.deliver(NOTICE, settings, http)
        assert server.connections == 1
        await http.request(get(f"https://{sample.host}/"), NOTICE.owner)
        assert server.connections == 1
        await http.request(get(f"https://{sample.host}/"), "another")
        assert server.connections == 2


@each_kind
@pytest.mark.parametrize("status", ["429 Too Many", "503 Away", "408 Timeout"])
async def test_a_busy_service_says_how_long_to_wait(
    channel: ConfigurableChannel[Any], sample: Sample, status: str
) -> None:
    async with service(sample.host, response(status, b"", "Retry-After: 120")) as (_, http):
        failure = await failure_of(channel, sample.given, http)
    assert isinstance(failure, DeliveryUnavailable)
    assert failure.wait == timedelta(seconds=120)


async def test_a_wait_can_be_a_date_and_is_at_most_a_day() -> None:
    moment = format_datetime(clock.now() + timedelta(days=400), usegmt=True)
    failure = await answered("webhook", response("503 Away", b"", f"Retry-After: {moment}"))
    assert isinstance(failure, DeliveryUnavailable)
    assert failure.wait == timedelta(days=1)


@each_kind
async def test_a_broken_service_may_work_later(channel: ConfigurableChannel[Any], sample: Sample) -> None:
    async with service(sample.host, response("502 Bad Gateway", b"<html>nginx</html>")) as (_, http):
        failure = await failure_of(channel, sample.given, http)
    assert isinstance(failure, DeliveryUnavailable)
    assert failure.wait is None
    assert "answered 502 Bad Gateway" in str(failure)


GONE = [
    ("webhook", response("410 Gone")),
    ("slack", response("404 Not Found", b"no_service")),
    ("slack", response("410 Gone", b"channel_is_archived")),
    ("slack", response("403 Forbidden", b"invalid_token")),
    ("slack", response("200 OK", b"no_team")),
    ("discord", response("404 Not Found", b'{"message":"Unknown Webhook","code":10015}')),
    ("discord", response("401 Unauthorized", b'{"message":"Invalid Webhook Token","code":50027}')),
    ("teams", response("404 Not Found", b'{"error":{"code":"WorkflowNotFound","message":"not found"}}')),
    ("teams", response("400 Bad Request", b'{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"disabled"}}')),
    ("telegram", response("403 Forbidden", b'{"ok":false,"description":"Forbidden: bot was blocked by the user"}')),
    ("telegram", response("401 Unauthorized", b'{"ok":false,"error_code":401,"description":"Unauthorized"}')),
    ("telegram", response("400 Bad Request", b'{"ok":false,"description":"Bad Request: chat not found"}')),
    ("ntfy", response("410 Gone")),
    ("pagerduty", response("400 Bad Request", b'{"status":"invalid event","errors":["Invalid routing key"]}')),
    ("pagerduty", response("404 Not Found")),
]


@pytest.mark.parametrize(("kind", "answer"), GONE)
async def test_an_endpoint_that_is_gone_is_told_apart(kind: str, answer: bytes) -> None:
    assert type(await answered(kind, answer)) is EndpointGone


REFUSED = [
    ("slack", response("400 Bad Request", b"invalid_blocks"), "Slack answered 400 Bad Request: invalid_blocks"),
    ("slack", response("200 OK", b"invalid_payload"), "Slack answered 200 OK: invalid_payload"),
    ("slack", response("403 Forbidden", b"<p>No.</p>"), "Slack answered 403 Forbidden."),
    ("discord", response("400 Bad Request", b'{"message":"Invalid Form Body"}'), "400 Bad Request: Invalid Form Body"),
    ("teams", response("401 Unauthorized", b'{"error":{"code":"X","message":"No."}}'), "401 Unauthorized: No."),
    ("telegram", response("400 Bad", b'{"ok":false,"description":"Bad Request: can\'t parse"}'), "can't parse"),
    ("telegram", response("200 OK", b'{"ok":false,"description":"No."}'), "Telegram answered 200 OK: No."),
    ("ntfy", response("401 Unauthorized", b'{"code":40101,"error":"unauthorized"}'), "401 Unauthorized: unauthorized"),
    ("ntfy", response("404 Not Found", b'{"code":40401,"error":"page not found"}'), "ntfy.example.org answered 404"),
    ("pagerduty", response("400 Bad Request", b'{"message":"Event object is invalid"}'), "Event object is invalid"),
]


@pytest.mark.parametrize(("kind", "answer", "message"), REFUSED)
async def test_a_refusal_is_told_in_the_words_of_the_service(kind: str, answer: bytes, message: str) -> None:
    failure = await answered(kind, answer)
    assert type(failure) is DeliveryRefused
    assert message in str(failure)


TEMPORARY = [
    ("webhook", response("404 Not Found", b"deploying"), "hooks.example.org answered 404 Not Found: deploying", None),
    ("webhook", response("400 Bad Request"), "hooks.example.org answered 400 Bad Request.", None),
    ("slack", response("200 OK", b"<html>log in</html>"), "Slack answered 200 OK.", None),
    ("telegram", response("200 OK", b"<html>log in</html>"), "Telegram answered 200 OK.", None),
    ("discord", response("429 Too Many", b'{"message":"Slow down.","retry_after":64.57}'), "Slow down.", 64.57),
    ("discord", response("429 Too Many", b'{"retry_after":1e300}'), "Discord answered 429 Too Many Requests.", 86400),
    (
        "telegram",
        response("429 Too Many", b'{"ok":false,"description":"Too Many Requests","parameters":{"retry_after":35}}'),
        "Telegram answered 429 Too Many Requests: Too Many Requests",
        35,
    ),
    ("pagerduty", response("429 Too Many"), "PagerDuty answered 429 Too Many Requests.", None),
    ("ntfy", response("507 Full", b'{"error":"no storage"}'), "507 Insufficient Storage: no storage", None),
]


@pytest.mark.parametrize(("kind", "answer", "message", "wait"), TEMPORARY)
async def test_a_temporary_failure_says_what_and_how_long(
    kind: str, answer: bytes, message: str, wait: float | None
) -> None:
    failure = await answered(kind, answer)
    assert isinstance(failure, DeliveryUnavailable)
    assert message in str(failure)
    assert failure.wait == (None if wait is None else timedelta(seconds=wait))


async def test_the_new_number_of_a_chat_is_told() -> None:
    answer = b'{"ok":false,"description":"Upgraded.","parameters":{"migrate_to_chat_id":-1009}}'
    failure = await answered("telegram", response("400 Bad Request", answer))
    assert isinstance(failure, EndpointGone)
    assert str(failure) == "Telegram answered 400 Bad Request: Upgraded. Its chatId is -1009 now."


@each_kind
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(channel: ConfigurableChannel[Any], sample: Sample, status: int) -> None:
    async with answering(response()) as elsewhere:
        redirect = response(f"{status} Moved", b"", f"Location: {elsewhere.url}")
        async with service(sample.host, redirect) as (server, http):
            failure = await failure_of(channel, sample.given, http)
    assert (len(server.seen), elsewhere.seen) == (1, [])
    assert "Redirects are not followed: use the URL that it leads to." in str(failure)
    is_webhook = channel is CONFIGURABLE_CHANNELS["webhook"]
    assert type(failure) is (DeliveryUnavailable if is_webhook else DeliveryRefused)


@each_kind
async def test_a_name_that_leads_into_a_denied_network_is_refused(
    channel: ConfigurableChannel[Any], sample: Sample
) -> None:
    async with open_shared_client(resolver=FixedResolver("10.0.0.7")) as http:
        failure = await failure_of(channel, sample.given, http)
    assert type(failure) is DeliveryRefused
    assert str(failure) == (
        f"10.0.0.7, the address of {sample.host}, may not be called: it is not a public address. "
        "Use a public address. The operator can allow a network with TOCSIN_ALLOWED_NETWORKS."
    )


@each_kind
async def test_a_service_that_cannot_be_reached_may_be_later(channel: ConfigurableChannel[Any], sample: Sample) -> None:
    async with answering(response()) as closed:
        port = closed.port
    async with open_shared_client(resolver=PortResolver(port)) as http:
        failure = await failure_of(channel, sample.given, http)
    assert isinstance(failure, DeliveryUnavailable)
    assert str(failure) == f"The connection to {sample.host}:443 was refused."


async def test_a_certificate_of_another_name_is_not_trusted() -> None:
    channel, sample = CONFIGURABLE_CHANNELS["slack"], SAMPLES["slack"]
    async with service("evil.example", sample.success) as (server, http):
        failure = await failure_of(channel, sample.given, http)
    assert isinstance(failure, DeliveryUnavailable)
    assert "another host name" in str(failure)
    assert server.seen == []


async def test_a_service_that_never_answers_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.notifications.channels.http_channel.TIMEOUT", 0.2)
    came = asyncio.Event()

    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        came.set()
        await reader.read()

    channel = CONFIGURABLE_CHANNELS["webhook"]
    async with talking(talk) as server, open_shared_client() as http:
        settings = channel.settings_model.load({}, {"url": f"{server.url}in/c0ffee"})
        with pytest.raises(DeliveryUnavailable, match=r"took longer than 0\.2 s") as caught:
            await channel.deliver(NOTICE, settings, http)
    assert came.is_set()
    assert "c0ffee" not in str(caught.value)


async def test_the_rate_of_owner_and_host_applies() -> None:
    channel, sample = CONFIGURABLE_CHANNELS["slack"], SAMPLES["slack"]
    async with service(sample.host, sample.success) as (_, http):
        http.rates = HostRates(1)
        await channel.deliver(NOTICE, channel.parse_settings(sample.given, RULES), http)
        failure = await failure_of(channel, sample.given, http)
    assert isinstance(failure, DeliveryUnavailable)
    assert "hooks.slack.com:443" in str(failure)


async def test_an_answer_that_echoes_the_request_is_not_quoted() -> None:
    sample = SAMPLES["webhook"]
    echo = f"No route for {sample.given['url']}".encode()
    failure = await answered("webhook", response("404 Not Found", echo))
    assert str(failure) == "hooks.example.org answered 404 Not Found."


def test_a_request_does_not_show_its_secrets() -> None:
    assert "s3cret" not in repr(Post("https://s3cret.example/", '"s3cret"', [("X", "s3cret")]))
