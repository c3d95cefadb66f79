"""Notices in Microsoft Teams."""

from tocsin.notifications.channels.teams.channel import TeamsChannel, TeamsSettings

__all__ = ["TeamsChannel", "TeamsSettings"]
