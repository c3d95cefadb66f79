"""Notices by PagerDuty."""

from tocsin.notifications.channels.pagerduty.channel import PagerDutyChannel, PagerDutySettings

__all__ = ["PagerDutyChannel", "PagerDutySettings"]
