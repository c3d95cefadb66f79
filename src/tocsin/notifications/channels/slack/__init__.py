"""Notices in Slack."""

from tocsin.notifications.channels.slack.channel import SlackChannel, SlackSettings

__all__ = ["SlackChannel", "SlackSettings"]
