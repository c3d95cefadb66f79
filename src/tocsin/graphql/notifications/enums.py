"""Enums of notifications, their channels and deliveries."""

from enum import Enum

from tocsin.documents import DeliveryStatus
from tocsin.graphql.enums import describe_enum
from tocsin.notifications.events import EventKind

__all__ = ["DeliveryStatus", "EventKind", "NotificationChannelKind"]


class NotificationChannelKind(Enum):
    """The kinds of channels, by their names in `notifications/channels`."""

    LIVE = "live"
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
        "LIVE": "Your open streams and long polls, until you acknowledge the notification; else a mail.",
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
        "STILL_FAILING": "A task, a scheduled workflow, or several of these still fail: a reminder.",
        "RECOVERED": "What you were told fails works again.",
        "INCIDENT_CLOSED": (
            "What you were told fails is not watched any more: it was deleted, paused or cancelled, has no further due "
            "time, or got a rule of its own."
        ),
        "ATTEMPT_FAILED": (
            "An attempt of a task has failed. Only where the preferences ask for `EVERY_ATTEMPT`, and in channels that "
            "name this event."
        ),
        "APPROVAL": "A workflow step waits for your decision, or still does.",
        "QUOTA_MET": "You have reached a quota. At most once a day.",
        "REFRESH_TOKEN_REUSED": "A session of yours was ended because its refresh token was used twice.",
        "PASSWORD_CHANGED": "The password of your account was changed.",
        "NETWORK_DOWN": "The network of the server is down: no canary answers. Only for administrators.",
        "NETWORK_UP": "The network of the server is back. Only for administrators.",
        "CHANNEL_DISABLED": "Another notification channel of yours was disabled.",
        "TASK_PAUSED": "A task has paused itself after its `pauseAfter` failures in a row, or cannot be read.",
        "RUN_MISSED": "A task with `alertOnMissed` has missed or skipped runs. Then no more until one has succeeded.",
        "WORKFLOW_FINISHED": "A workflow run was completed. Only told, and stored, where you have chosen it.",
        "WORKFLOW_FAILED": "A manual or resumed workflow run has failed. Only told where you have chosen it.",
        "REPORT_READY": "A report was written to a file. Only told where you have chosen it.",
        "REPLAY_FINISHED": "A replay of dead letters is finished, or was stopped because its canary failed.",
        "API_TOKEN_CREATED": "An API token was created for your account.",
        "MAIL_ADDRESS_CHANGED": "Another address gets some of your mails from now on, or gets them no more.",
    },
    name="NotificationKind",
)
describe_enum(
    DeliveryStatus,
    "The state of the delivery of a notification.",
    {
        "QUEUED": "It waits for its next attempt.",
        "DELIVERED": "The service has accepted it; or you have acknowledged it, if the channel is live.",
        "FAILED": "It was refused, or could not be delivered for 3 days, or you have not acknowledged it in time.",
        "SUPERSEDED": "It is not delivered any more: a later one covers it, or the channel is disabled or deleted.",
        "SUPPRESSED": "It is not delivered: your preferences exclude it, or your account is deactivated.",
    },
    name="NotificationDeliveryStatus",
)
