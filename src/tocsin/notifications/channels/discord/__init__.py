"""Notices in Discord."""

from tocsin.notifications.channels.discord.channel import DiscordChannel, DiscordSettings

__all__ = ["DiscordChannel", "DiscordSettings"]
