"""Notices by Apprise."""

from tocsin.notifications.channels.apprise.channel import AppriseChannel, AppriseSettings

__all__ = ["AppriseChannel", "AppriseSettings"]
