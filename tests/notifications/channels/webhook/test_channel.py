"""What arrives at a webhook, verified with the reference library of Standard Webhooks."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.notifications.channels.helpers import HOSTILE, NOTICE, RULES, body_of, headers_of, json_of, notice, service
from tests.notifications.channels.samples import SAMPLES
from tests.outbound.servers import Server, response
from tocsin.notifications.channels.base import DeliveryUnavailable
from tocsin.notifications.channels.webhook import WebhookChannel, WebhookSettings
from tocsin.outbound.http_client import HttpClient

SAMPLE = SAMPLES["webhook"]


def settings_of() -> WebhookSettings:
    return WebhookChannel().parse_settings(SAMPLE.given, RULES)


def key_of(settings: WebhookSettings) -> str:
    return settings.signing_key.get_secret_value()


def verify(seen: bytes, key: str) -> Any:
    return Webhook(key).verify(body_of(seen), headers_of(seen))


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Server, HttpClient]]:
    async with service(SAMPLE.host, SAMPLE.success) as running:
        yield running


async def test_the_reference_library_verifies_a_webhook(receiver: tuple[Server, HttpClient]) -> None:
    server, http = receiver
    settings = settings_of()
    await WebhookChannel().deliver(NOTICE, settings, http)
    (seen,) = server.seen
    assert verify(seen, key_of(settings)) == {
        "type": "task.failed",
        "timestamp": "2026-11-22T09:00:11.000Z",
        "data": {
            "id": "u1/t1:0:failed",
            "subject": 'Task "Nightly backup" has failed',
            "text": "The server answered 503.\nAttempts: 3",
            "severity": "ERROR",
            "page": "https://tocsin.example/runs?id=1&tab=log",
            "incident": "u1/t1:0",
            "isOver": False,
            "details": NOTICE.data,
        },
    }


async def test_another_key_or_a_changed_byte_is_noticed(receiver: tuple[Server, HttpClient]) -> None:
    server, http = receiver
    settings = settings_of()
    await WebhookChannel().deliver(NOTICE, settings, http)
    (seen,) = server.seen
    for changed, key in [
        (seen, key_of(settings_of())),
        (seen.replace(b"Attempts: 3", b"Attempts: 4"), key_of(settings)),
        (seen.replace(b"webhook-id: msg_", b"webhook-id: msh_"), key_of(settings)),
    ]:
        with pytest.raises(WebhookVerificationError, match="No matching signature"):
            verify(changed, key)


async def test_a_retry_has_the_same_id_and_body_and_another_time() -> None:
    now = datetime(2026, 11, 22, 9, 0, 12, 999_000, UTC)
    channel, settings = WebhookChannel(clock=lambda: now), settings_of()
    async with service(SAMPLE.host, response("500 Oops"), SAMPLE.success) as (server, http):
        with pytest.raises(DeliveryUnavailable):
            await channel.deliver(NOTICE, settings, http)
        now += timedelta(hours=5)
        await channel.deliver(NOTICE, settings, http)
    first, second = server.seen
    assert body_of(first) == body_of(second)
    assert headers_of(first)["webhook-id"] == headers_of(second)["webhook-id"]
    assert [headers_of(seen)["webhook-timestamp"] for seen in server.seen] == ["1795338012", "1795356012"]
    assert headers_of(first)["webhook-signature"] != headers_of(second)["webhook-signature"]


async def test_different_notices_have_different_ids(receiver: tuple[Server, HttpClient]) -> None:
    server, http = receiver
    for told in (NOTICE, notice(id="u1/t1:0:over")):
        await WebhookChannel().deliver(told, settings_of(), http)
    assert len({headers_of(seen)["webhook-id"] for seen in server.seen}) == 2


async def test_after_a_rotation_both_keys_verify_until_the_former_ends(receiver: tuple[Server, HttpClient]) -> None:
    server, http = receiver
    former, now = settings_of(), datetime.now(UTC)
    settings = former.rotate_key(now - timedelta(hours=1), timedelta(hours=1, seconds=60))
    await WebhookChannel().deliver(NOTICE, settings, http)
    assert headers_of(server.seen[0])["webhook-signature"].count("v1,") == 2
    assert verify(server.seen[0], key_of(former)) == verify(server.seen[0], key_of(settings))

    await WebhookChannel().deliver(NOTICE, former.rotate_key(now - timedelta(hours=1), timedelta(hours=1)), http)
    with pytest.raises(WebhookVerificationError):
        verify(server.seen[1], key_of(former))


def test_a_key_signs_for_the_whole_overlap_however_often_it_is_rotated_again() -> None:
    at, day, hour = datetime(2026, 11, 22, tzinfo=UTC), timedelta(days=1), timedelta(hours=1)
    first = settings_of()
    second = first.rotate_key(at, day)
    third = second.rotate_key(at + hour, day)
    fourth = third.rotate_key(at + 2 * hour, day)
    assert third.valid_keys(at + hour) == [key_of(third), key_of(second), key_of(first)]
    assert fourth.valid_keys(at + 2 * hour) == [key_of(fourth), key_of(third), key_of(first)]
    assert fourth.valid_keys(at + day) == [key_of(fourth), key_of(third)]
    assert second.rotate_key(at + day, day).valid_keys(at + day)[1:] == [key_of(second)]


def test_rotated_keys_are_stored_and_loaded() -> None:
    at, day = datetime(2026, 11, 22, tzinfo=UTC), timedelta(days=1)
    settings = settings_of().rotate_key(at - timedelta(hours=1), day).rotate_key(at, day)
    assert WebhookSettings.load(settings.plain_values(), settings.secret_values()) == settings
    assert set(settings.secret_values()) == WebhookSettings.secret_names() == {
        "url", "signing_key", "former_key", "oldest_key"
    }  # fmt: skip
    assert settings.show()["formerKeyUntil"] == "2026-11-23T00:00:00Z"


async def test_any_success_will_do() -> None:
    async with service(SAMPLE.host, response("299 Fine", b"x" * 100_000)) as (server, http):
        await WebhookChannel().deliver(NOTICE, settings_of(), http)
    assert len(server.seen) == 1


async def test_hostile_texts_arrive_as_they_are(receiver: tuple[Server, HttpClient]) -> None:
    server, http = receiver
    settings = settings_of()
    told = notice(subject=HOSTILE, text=f"{HOSTILE}\n😀" + "x" * 100_000, data={"name": HOSTILE, "tail": "\x00\u2028"})
    await WebhookChannel().deliver(told, settings, http)
    data = verify(server.seen[0], key_of(settings))["data"]
    assert (data["subject"], data["details"]) == (HOSTILE, {"name": HOSTILE, "tail": "\x00\u2028"})
    assert data["text"].startswith(f"{HOSTILE}\n😀xxx")
    assert len(data["text"].encode("utf-16-le")) // 2 == 10_000
    assert json.loads(json.dumps(json_of(server.seen[0]))) == verify(server.seen[0], key_of(settings))
