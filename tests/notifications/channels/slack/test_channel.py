"""What arrives in Slack."""

import html
import re
from typing import Any

import pytest

from tests.notifications.channels.helpers import FAMILY, HOSTILE, NOTICE, json_of, notice, received, request_line, utf16
from tests.notifications.channels.samples import SAMPLES
from tocsin.notifications.channels.notice import Notice
from tocsin.notifications.channels.slack import SlackChannel

SAMPLE = SAMPLES["slack"]


async def message_of(told: Notice) -> Any:
    return json_of(await received(SlackChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success, told))


async def test_a_message_has_a_header_the_text_and_a_link() -> None:
    seen = await received(SlackChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success)
    assert request_line(seen) == "POST /services/T0AAAAAAA/B0BBBBBBB/c0ffeec0ffee HTTP/1.1"
    assert json_of(seen) == {
        "text": '❌ Task "Nightly backup" has failed',
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": '❌ Task "Nightly backup" has failed'}},
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": NOTICE.text, "verbatim": True},
            },
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": "<https://tocsin.example/runs?id=1&amp;tab=log|Open in Tocsin>"},
            },
        ],
        "unfurl_links": False,
        "unfurl_media": False,
    }


async def test_a_notice_without_text_and_page_is_a_header() -> None:
    assert [block["type"] for block in (await message_of(notice(text="", page=None)))["blocks"]] == ["header"]


async def test_no_text_is_read_as_a_mention_or_a_link() -> None:
    message = await message_of(notice(subject=HOSTILE, text=f"{HOSTILE}\n{HOSTILE}"))
    header, section, _ = message["blocks"]
    for text in (message["text"], header["text"]["text"], section["text"]["text"]):
        assert not re.search("[<>]", text)
        assert re.sub("&(amp|lt|gt);", "", text).count("&") == 0
    assert html.unescape(section["text"]["text"]) == f"{HOSTILE}\n{HOSTILE}"


async def test_a_link_ends_where_the_page_ends() -> None:
    message = await message_of(notice(page="https://tocsin.example/?q=a|b>c"))
    link = message["blocks"][-1]["text"]["text"]
    assert link == "<https://tocsin.example/?q=a%7Cb&gt;c|Open in Tocsin>"


@pytest.mark.parametrize("unit", ["x", "&", "<", FAMILY, "😀", "e\u0301"])
async def test_long_texts_are_cut_to_the_limits(unit: str) -> None:
    message = await message_of(notice(subject=unit * 20_000, text=unit * 20_000))
    header, section = (block["text"]["text"] for block in message["blocks"][:2])
    for text, limit in ((header, 150), (section, 3_000), (message["text"], 3_000)):
        assert limit - 20 < utf16(text) <= limit
        body = html.unescape(text).removeprefix("❌ ").removesuffix("…")
        assert body == unit * (len(body) // len(unit))
