"""Notices by ntfy."""

from tocsin.notifications.channels.ntfy.channel import NtfyChannel, NtfySettings

__all__ = ["NtfyChannel", "NtfySettings"]
