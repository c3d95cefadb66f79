"""What arrives in Discord."""

import re
from typing import Any

import pytest

from tests.notifications.channels.helpers import (
    FAMILY,
    HOSTILE,
    PAGE,
    RULES,
    json_of,
    notice,
    received,
    request_line,
)
from tests.notifications.channels.samples import SAMPLES
from tocsin.notifications.channels.discord import DiscordChannel
from tocsin.notifications.channels.notice import Notice, Severity

SAMPLE = SAMPLES["discord"]


async def message_of(told: Notice) -> Any:
    return json_of(await received(DiscordChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success, told))


async def test_a_message_is_one_embed_that_mentions_nobody() -> None:
    seen = await received(DiscordChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success)
    assert request_line(seen) == "POST /api/webhooks/123456789012345678/c0ffee-c0ffee_C0?wait=true HTTP/1.1"
    assert json_of(seen) == {
        "embeds": [
            {
                "title": 'Task "Nightly backup" has failed',
                "description": "The server answered 503.\nAttempts: 3",
                "color": 0xD64545,
                "timestamp": "2026-11-22T09:00:11+00:00",
                "url": PAGE,
            }
        ],
        "allowed_mentions": {"parse": []},
    }


async def test_a_thread_can_be_selected() -> None:
    given = {"url": SAMPLE.given["url"] + "?thread_id=7&wait=false"}
    seen = await received(DiscordChannel(), given, SAMPLE.host, SAMPLE.success)
    assert request_line(seen).endswith("?thread_id=7&wait=true HTTP/1.1")


@pytest.mark.parametrize("path", ["/api/v10/webhooks/1/x", "/api/webhooks/1/x"])
@pytest.mark.parametrize("host", ["discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"])
def test_all_addresses_of_discord_are_known(host: str, path: str) -> None:
    url = f"https://{host}{path}"
    assert DiscordChannel().parse_settings({"url": url}, RULES).called_url == url


async def test_markup_is_shown_as_it_is() -> None:
    (embed,) = (await message_of(notice(subject=HOSTILE, text=HOSTILE)))["embeds"]
    for text in (embed["title"], embed["description"]):
        assert re.sub(r"\\(.)", r"\1", text) == HOSTILE
        assert not re.search(r"(?<!\\)[*_~`|<>\[\]()#@]", text)


async def test_a_notice_without_text_or_page_has_none() -> None:
    (embed,) = (await message_of(notice(text="", page=None, severity=Severity.SUCCESS)))["embeds"]
    assert (embed["color"], set(embed)) == (0x2E9E5B, {"title", "color", "timestamp"})


@pytest.mark.parametrize("unit", ["x", "*", "\\", FAMILY, "😀"])
async def test_long_texts_are_cut_to_the_limits(unit: str) -> None:
    (embed,) = (await message_of(notice(subject=unit * 20_000, text=unit * 20_000)))["embeds"]
    for text, limit in ((embed["title"], 256), (embed["description"], 4_096)):
        assert limit - 20 < len(text.encode("utf-16-le")) // 2 <= limit
        body = re.sub(r"\\(.)", r"\1", text).removesuffix("…")
        assert body == unit * (len(body) // len(unit))
