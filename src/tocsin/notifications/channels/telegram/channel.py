"""Notices in Telegram, by a user's own bot (https://core.telegram.org/bots/api#sendmessage)."""

import re
from html import escape

from pydantic import SecretStr, field_validator

from tocsin.notifications.channels.answers import Answer
from tocsin.notifications.channels.configurable import ChannelSettings
from tocsin.notifications.channels.cutting import cut
from tocsin.notifications.channels.http_channel import HttpChannel, Post
from tocsin.notifications.channels.notice import PAGE_LABEL, SYMBOLS, Notice

_TOKEN = re.compile(r"[0-9]{3,20}:[\w-]{30,80}", re.ASCII)
_CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z]\w{3,31}", re.ASCII)
_MAX_SUBJECT, _MAX_TEXT = 256, 3_500
"""Characters; a message has at most 4,096 of them, with symbol and link, without the markup."""
_MENTION = re.compile(r"(?<!\w)@(?=\w)")
_WORD_JOINER = "\u2060"


class TelegramSettings(ChannelSettings):
    """The bot's token, and the chat: its number, or the @name of a public channel."""

    token: SecretStr
    chat_id: str

    @field_validator("token")
    @classmethod
    def _is_token(cls, value: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("The token must be that of a bot, as @BotFather shows it: 123456789:AAxxxx, 35 letters.")
        return value

    @field_validator("chat_id")
    @classmethod
    def _is_chat(cls, value: str) -> str:
        if not _CHAT.fullmatch(value):
            raise ValueError("The chatId must be a number, such as 123456789 or -1001234567890, or a channel's @name.")
        return value


class TelegramChannel(HttpChannel[TelegramSettings]):
    """Messages of Telegram, without previews of links, which would call them."""

    settings_model = TelegramSettings
    service = "Telegram"
    gone_statuses = (401, 403, 404)
    reason_path = ("description",)
    wait_path = ("parameters", "retry_after")

    def compose(self, notice: Notice, settings: TelegramSettings) -> Post:
        """Return the request that sends a message."""
        parts = [f"{SYMBOLS[notice.severity]} <b>{_escape(cut(notice.subject, _MAX_SUBJECT))}</b>"]
        if notice.text:
            parts.append(_escape(cut(notice.text, _MAX_TEXT)))
        if notice.page:
            parts.append(f'<a href="{escape(notice.page)}">{PAGE_LABEL}</a>')
        message = {
            "chat_id": settings.chat_id,
            "text": "\n\n".join(parts),
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
        }
        return Post.from_value(f"https://api.telegram.org/bot{settings.token.get_secret_value()}/sendMessage", message)

    def is_delivered(self, answer: Answer) -> bool:
        """Tell whether the message was sent."""
        return answer.is_success and answer.find("ok") is True

    def is_gone(self, answer: Answer) -> bool:
        """Tell whether the bot was blocked, removed or deleted, or the chat is unknown or has another number now."""
        has_moved = answer.find("parameters", "migrate_to_chat_id") is not None
        return super().is_gone(answer) or has_moved or "chat not found" in self.find_reason(answer)

    def is_temporary(self, answer: Answer) -> bool:
        """Tell whether Telegram is busy, or something else answered in its place."""
        return super().is_temporary(answer) or (answer.is_success and answer.find("ok") is None)

    def find_reason(self, answer: Answer) -> str:
        """Return Telegram's description, with the new number of a chat that became a supergroup."""
        moved_to = answer.find("parameters", "migrate_to_chat_id")
        return super().find_reason(answer) + (f" Its chatId is {moved_to} now." if isinstance(moved_to, int) else "")


def _escape(text: str) -> str:
    """Escape the markup, and join words to their @, so that nobody in a group is mentioned."""
    return escape(_MENTION.sub(f"@{_WORD_JOINER}", text), quote=False)
