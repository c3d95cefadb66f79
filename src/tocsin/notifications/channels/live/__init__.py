"""Notifications in open streams and long polls."""

from tocsin.notifications.channels.live.channel import LiveChannel, LiveSettings

__all__ = ["LiveChannel", "LiveSettings"]
