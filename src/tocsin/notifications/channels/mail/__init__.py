"""Notifications by mail."""

from tocsin.notifications.channels.mail.channel import MailChannel

__all__ = ["MailChannel"]
