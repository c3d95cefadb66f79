"""Notices by a webhook."""

from tocsin.notifications.channels.webhook.channel import WebhookChannel, WebhookSettings

__all__ = ["WebhookChannel", "WebhookSettings"]
