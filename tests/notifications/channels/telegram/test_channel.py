"""What arrives in Telegram."""

import html
import re
from typing import Any

import pytest

from tests.notifications.channels.helpers import FAMILY, HOSTILE, RULES, json_of, notice, received, request_line
from tests.notifications.channels.samples import SAMPLES
from tocsin.notifications.channels.notice import Notice
from tocsin.notifications.channels.telegram import TelegramChannel

SAMPLE = SAMPLES["telegram"]
MARKUP = re.compile('</?b>|<a href="[^"<>]*">|</a>')


async def message_of(told: Notice) -> Any:
    return json_of(await received(TelegramChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success, told))


async def test_a_message_has_the_subject_in_bold_the_text_and_a_link() -> None:
    seen = await received(TelegramChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success)
    assert request_line(seen) == f"POST /bot{SAMPLE.given['token']}/sendMessage HTTP/1.1"
    assert json_of(seen) == {
        "chat_id": "-1001234567890",
        "text": '❌ <b>Task "Nightly backup" has failed</b>\n\nThe server answered 503.\nAttempts: 3\n\n'
        '<a href="https://tocsin.example/runs?id=1&amp;tab=log">Open in Tocsin</a>',
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }


async def test_a_notice_without_text_and_page_is_one_line() -> None:
    message = await message_of(notice(text="", page=None))
    assert message["text"] == '❌ <b>Task "Nightly backup" has failed</b>'


async def test_markup_is_shown_as_it_is_and_nobody_is_mentioned() -> None:
    told = notice(subject=HOSTILE, text=f"{HOSTILE}\nalice@example.org", page='https://tocsin.example/?"><b>')
    text = (await message_of(told))["text"]
    plain = MARKUP.sub("", text)
    assert not re.search("[<>]", plain)
    assert re.sub("&(amp|lt|gt|quot);", "", plain).count("&") == 0
    shown = html.unescape(plain)
    assert shown.replace("\u2060", "") == f"❌ {HOSTILE}\n\n{HOSTILE}\nalice@example.org\n\nOpen in Tocsin"
    assert not re.search(r"(?<!\w)@\w", shown)
    assert "alice@example.org" in shown


@pytest.mark.parametrize("unit", ["x", "&", "<", " @a", FAMILY, "😀"])
async def test_long_texts_are_cut_to_the_limit_after_parsing(unit: str) -> None:
    text = (await message_of(notice(subject=unit * 20_000, text=unit * 20_000)))["text"]
    shown = html.unescape(MARKUP.sub("", text)).replace("\u2060", "")
    assert 3_700 < len(shown.encode("utf-16-le")) // 2 <= 4_096
    subject, body, _ = shown.split("\n\n")
    for part in (subject.removeprefix("❌ "), body):
        kept = part.strip().removesuffix("…")
        assert (unit * 5_000).strip().startswith(kept)
        assert unit.strip() in ("x", "&", "<", "@a") or len(kept) % len(unit) == 0


@pytest.mark.parametrize("chat", ["123456789", "-1001234567890", "@backups"])
def test_chats_have_numbers_or_names(chat: str) -> None:
    assert TelegramChannel().parse_settings({**SAMPLE.given, "chatId": chat}, RULES).chat_id == chat
