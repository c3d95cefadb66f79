"""What arrives at a server of ntfy."""

from typing import Any

import pytest

from tests.notifications.channels.helpers import (
    FAMILY,
    HOSTILE,
    NOTICE,
    PAGE,
    RULES,
    body_of,
    headers_of,
    json_of,
    notice,
    received,
    request_line,
)
from tests.notifications.channels.samples import SAMPLES
from tocsin.notifications.channels.notice import Notice, Severity
from tocsin.notifications.channels.ntfy import NtfyChannel

SAMPLE = SAMPLES["ntfy"]


async def message_of(told: Notice) -> Any:
    return json_of(await received(NtfyChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success, told))


async def test_a_message_is_published_as_json_with_the_token() -> None:
    seen = await received(NtfyChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success)
    assert request_line(seen) == "POST / HTTP/1.1"
    assert headers_of(seen)["authorization"] == "Bearer tk_c0ffeec0ffee"
    assert json_of(seen) == {
        "topic": "backups-c0ffee",
        "title": 'Task "Nightly backup" has failed',
        "message": NOTICE.text,
        "priority": 4,
        "tags": ["x"],
        "click": PAGE,
    }


async def test_the_public_server_needs_no_token() -> None:
    seen = await received(NtfyChannel(), {"topic": "backups"}, "ntfy.sh", SAMPLE.success)
    assert headers_of(seen)["host"] == "ntfy.sh"
    assert "authorization" not in headers_of(seen)


@pytest.mark.parametrize(
    "server", ["https://ntfy.example.org", "https://NTFY.example.org/", "https://ntfy.example.org:443"]
)
def test_the_server_is_stored_in_one_spelling(server: str) -> None:
    settings = NtfyChannel().parse_settings({"server": server, "topic": "a"}, RULES)
    assert settings.server == "https://ntfy.example.org"


@pytest.mark.parametrize(("severity", "priority"), [(Severity.SUCCESS, 3), (Severity.ERROR, 4), (Severity.CRITICAL, 5)])
async def test_bad_news_has_priority(severity: Severity, priority: int) -> None:
    assert (await message_of(notice(severity=severity)))["priority"] == priority


async def test_a_message_without_text_repeats_the_subject() -> None:
    message = await message_of(notice(text="", page=None))
    assert (message["message"], "click" in message) == (NOTICE.subject, False)


async def test_texts_arrive_as_they_are() -> None:
    message = await message_of(notice(subject=HOSTILE, text=f"{HOSTILE}\n{HOSTILE}"))
    assert (message["title"], message["message"]) == (HOSTILE, f"{HOSTILE}\n{HOSTILE}")


@pytest.mark.parametrize("unit", ["x", '"', "\\", "x\n", FAMILY, "😀", "é"])
async def test_a_long_text_stays_a_message(unit: str) -> None:
    """A message of more than 4,096 bytes becomes an attachment; a body of more than twice as many is refused."""
    told = notice(subject=unit * 20_000, text=unit * 20_000)
    seen = await received(NtfyChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success, told)
    message = json_of(seen)["message"]
    assert 2_400 < len(message.encode()) <= 4_096
    assert len(body_of(seen)) <= 8_192
    assert message.endswith("…")
    assert (unit * 5_000).startswith(message.removesuffix("…"))
