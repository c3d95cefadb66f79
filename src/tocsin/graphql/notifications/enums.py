"""Enums of notifications, their channels and deliveries."""

from enum import Enum

from tocsin.documents import DeliveryStatus
from tocsin.graphql.enums import describe_enum
from tocsin.notifications.events import EventKind

__all__ = ["DeliveryStatus", "EventKind", "NotificationChannelKind"]


class NotificationChannelKind(Enum):
    """The kinds of channels, by their names in `notifications/channels`."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    DISCORD = "discord"
    TEAMS = "teams"
    TELEGRAM = "telegram"
    NTFY = "ntfy"
    PAGERDUTY = "pagerduty"
    APPRISE = "apprise"


describe_enum(
    NotificationChannelKind,
    "The service or protocol of a notification channel.",
    {
        "WEBHOOK": "Signed requests to a program of yours, by the specification Standard Webhooks.",
        "SLACK": "An incoming webhook of Slack.",
        "DISCORD": "A webhook of Discord.",
        "TEAMS": "A workflow of Microsoft Teams.",
        "TELEGRAM": "A bot of Telegram.",
        "NTFY": "A topic of ntfy.",
        "PAGERDUTY": "A service of PagerDuty, by its Events API v2.",
        "APPRISE": "One of the services of the library Apprise, if the operator has turned it on.",
    },
)
describe_enum(
    EventKind,
    "What a notification is about.",
    {
        "BEGAN_FAILING": "A task or scheduled workflow that worked has failed for the first time, and is retried.",
        "FAILED_FOR_GOOD": "A run of a task or scheduled workflow has failed and is not retried.",
        "APPROVAL": "A workflow step waits for your decision, or still does.",
        "QUOTA_MET": "You have reached a quota. At most once a day.",
        "REFRESH_TOKEN_REUSED": "A session of yours was ended because its refresh token was used twice.",
        "PASSWORD_CHANGED": "The password of your account was changed.",
        "CHANNEL_DISABLED": "Another notification channel of yours was disabled.",
    },
    name="NotificationKind",
)
describe_enum(
    DeliveryStatus,
    "The state of the delivery of a notification.",
    {
        "QUEUED": "It waits for its next attempt.",
        "DELIVERED": "The service has accepted it.",
        "FAILED": "It was refused, or could not be delivered for 3 days.",
        "SUPERSEDED": "It is not delivered any more: a later one covers it, or the channel is disabled or deleted.",
        "SUPPRESSED": "It is not delivered because your account is deactivated.",
    },
    name="NotificationDeliveryStatus",
)
