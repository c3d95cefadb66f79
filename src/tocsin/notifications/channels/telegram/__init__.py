"""Notices in Telegram."""

from tocsin.notifications.channels.telegram.channel import TelegramChannel, TelegramSettings

__all__ = ["TelegramChannel", "TelegramSettings"]
