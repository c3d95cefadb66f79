"""Settings of each kind of channel that users configure, the host that it calls, and an answer of success."""

from dataclasses import dataclass
from typing import Any

from tests.outbound.servers import response


@dataclass(frozen=True)
class Sample:
    """Settings as a user gives them, with the secrets in them."""

    given: dict[str, Any]
    host: str
    success: bytes
    secrets: tuple[str, ...]


SAMPLES = {
    "webhook": Sample(
        {"url": "https://hooks.example.org/in/c0ffee?key=s3cr3tkey"},
        "hooks.example.org",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        ("c0ffee", "s3cr3tkey"),
    ),
    "slack": Sample(
        {"url": "https://hooks.slack.com/services/T0AAAAAAA/B0BBBBBBB/c0ffeec0ffee"},
        "hooks.slack.com",
        response("200 OK", b"ok"),
        ("T0AAAAAAA", "c0ffeec0ffee"),
    ),
    "discord": Sample(
        {"url": "https://discord.com/api/webhooks/123456789012345678/c0ffee-c0ffee_C0"},
        "discord.com",
        response("200 OK", b'{"id":"1"}'),
        ("c0ffee-c0ffee_C0",),
    ),
    "teams": Sample(
        {"url": "https://prod-1.westeurope.logic.azure.com/workflows/0123abcd/triggers/manual?sv=1&sig=c0ffeeC0ffee"},
        "prod-1.westeurope.logic.azure.com",
        response("202 Accepted"),
        ("0123abcd", "c0ffeeC0ffee"),
    ),
    "telegram": Sample(
        {"token": "123456789:AAc0ffeec0ffeec0ffeec0ffeec0ffee-_x", "chatId": "-1001234567890"},
        "api.telegram.org",
        response("200 OK", b'{"ok":true,"result":{"message_id":1}}'),
        ("AAc0ffeec0ffeec0ffeec0ffeec0ffee-_x",),
    ),
    "ntfy": Sample(
        {"server": "https://ntfy.example.org", "topic": "backups-c0ffee", "token": "tk_c0ffeec0ffee"},
        "ntfy.example.org",
        response("200 OK", b'{"id":"x"}'),
        ("backups-c0ffee", "tk_c0ffeec0ffee"),
    ),
    "pagerduty": Sample(
        {"routingKey": "c0ffee0123456789c0ffee0123456789"},
        "events.pagerduty.com",
        response("202 Accepted", b'{"status":"success","message":"Event processed","dedup_key":"x"}'),
        ("c0ffee0123456789c0ffee0123456789",),
    ),
}
