"""Notifications by mail: their texts, their recipients, and the channel that sends them."""

from tocsin.notifications.channels.mail.channel import MailChannel
from tocsin.notifications.channels.mail.render import render

__all__ = ["MailChannel", "render"]
