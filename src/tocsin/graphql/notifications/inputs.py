"""Inputs of the mutations of notification channels."""

from datetime import timedelta

import strawberry
from pydantic.alias_generators import to_camel

from tocsin.graphql.arguments import to_params
from tocsin.graphql.notifications.enums import EventKind
from tocsin.graphql.tasks.inputs import idempotency_key_field
from tocsin.notifications.channel_changes import ChannelDraft
from tocsin.notifications.events import NAMED_BY_CHANNELS

_EVENTS = "Events of which the channel is told."
_NAMED = [kind for kind in EventKind if kind in NAMED_BY_CHANNELS]
_ALL = f"Default: all but {', '.join(_NAMED[:-1])} and {_NAMED[-1]}"


@strawberry.input(description="Your open streams and long polls. You can have one such channel.")
class LiveChannelInput:
    fallback_after: timedelta | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Time after which a notification that you have not acknowledged is mailed: `PT1M` to `P1D`. Default: "
            "`PT15M`."
        ),
    )


@strawberry.input(description="A webhook for a program of yours.")
class WebhookChannelInput:
    url: str = strawberry.field(description="URL that is called. It is stored encrypted; only its host is shown.")


@strawberry.input(description="An incoming webhook of Slack.")
class SlackChannelInput:
    url: str = strawberry.field(
        description="URL of the webhook: `https://hooks.slack.com/services/…`. It is stored encrypted."
    )


@strawberry.input(description="A webhook of Discord.")
class DiscordChannelInput:
    url: str = strawberry.field(
        description="URL of the webhook: `https://discord.com/api/webhooks/…`. It is stored encrypted."
    )


@strawberry.input(description="A workflow of Microsoft Teams.")
class TeamsChannelInput:
    url: str = strawberry.field(description="Complete URL of the workflow, with its query. It is stored encrypted.")


@strawberry.input(description="A bot of Telegram.")
class TelegramChannelInput:
    token: str = strawberry.field(description="Token of the bot. It is stored encrypted and never returned.")
    chat_id: str = strawberry.field(description="Number of the chat, or the `@name` of a public channel.")


@strawberry.input(description="A topic of ntfy.")
class NtfyChannelInput:
    server: str | None = strawberry.field(
        default=strawberry.UNSET, description="URL of the server. Default: `https://ntfy.sh`."
    )
    topic: str = strawberry.field(description="Name of the topic. It is stored encrypted and never returned.")
    token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Access token, if the topic requires one. It is stored encrypted and never returned.",
    )


@strawberry.input(description="A service of PagerDuty.")
class PagerDutyChannelInput:
    routing_key: str = strawberry.field(
        description="Integration key of the service: 32 letters and digits. It is stored encrypted and never returned."
    )
    region: str | None = strawberry.field(
        default=strawberry.UNSET, description="Region of your account: `US` or `EU`. Default: `US`."
    )


@strawberry.input(description="A service of the library Apprise.")
class AppriseChannelInput:
    url: str = strawberry.field(
        description="URL of the service as Apprise writes it. It is stored encrypted; only its scheme is shown."
    )


@strawberry.input(
    one_of=True,
    description=(
        "The kind of a notification channel with all of its settings. Set exactly one field. Secrets that you have "
        "given before have to be given again, so that they are never sent to another server."
    ),
)
class NotificationChannelInput:
    live: strawberry.Maybe[LiveChannelInput] = strawberry.field(
        description="Deliver to open streams and long polls, again and again until it is acknowledged; else by mail."
    )
    webhook: strawberry.Maybe[WebhookChannelInput] = strawberry.field(description="Call a program of yours.")
    slack: strawberry.Maybe[SlackChannelInput] = strawberry.field(description="Post in Slack.")
    discord: strawberry.Maybe[DiscordChannelInput] = strawberry.field(description="Post in Discord.")
    teams: strawberry.Maybe[TeamsChannelInput] = strawberry.field(description="Post in Microsoft Teams.")
    telegram: strawberry.Maybe[TelegramChannelInput] = strawberry.field(description="Send by a bot of Telegram.")
    ntfy: strawberry.Maybe[NtfyChannelInput] = strawberry.field(description="Publish to a topic of ntfy.")
    pagerduty: strawberry.Maybe[PagerDutyChannelInput] = strawberry.field(description="Alert by PagerDuty.")
    apprise: strawberry.Maybe[AppriseChannelInput] = strawberry.field(
        description="Send by Apprise, if the operator has turned it on."
    )


@strawberry.input(description="Input of `createNotificationChannel`.")
class CreateNotificationChannelInput:
    name: str = strawberry.field(description="Name of the channel, 1 to 100 characters.")
    channel: NotificationChannelInput = strawberry.field(description="Kind and settings of the channel.")
    events: list[EventKind] | None = strawberry.field(default=strawberry.UNSET, description=f"{_EVENTS} {_ALL}.")
    is_enabled: bool = strawberry.field(default=True, description="Whether notifications are delivered to it.")
    idempotency_key: str | None = idempotency_key_field()


@strawberry.input(description="Input of `updateNotificationChannel`. Absent fields keep their value.")
class UpdateNotificationChannelInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the channel.")
    name: strawberry.Maybe[str] = strawberry.field(description="Name of the channel, 1 to 100 characters.")
    channel: strawberry.Maybe[NotificationChannelInput] = strawberry.field(
        description="All settings of the channel, of the kind that it has."
    )
    events: strawberry.Maybe[list[EventKind] | None] = strawberry.field(description=f"{_EVENTS} {_ALL}; null too.")
    is_enabled: strawberry.Maybe[bool] = strawberry.field(
        description="Whether notifications are delivered to it. True enables a channel that Tocsin has disabled."
    )


@strawberry.input(description="Input of mutations that take a notification channel.")
class NotificationChannelIdInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the channel.")


def parse_draft(input_: CreateNotificationChannelInput) -> ChannelDraft:
    """Return the channel that a user wants to create, not validated yet."""
    kind, given = parse_kind(input_.channel)
    return ChannelDraft(kind, given, input_.name, parse_events(input_.events), input_.is_enabled)


def parse_events(given: list[EventKind] | None) -> list[str] | None:
    """Return the kinds of events as they are stored; None for all, also if the field is absent."""
    return None if given is None or given is strawberry.UNSET else [event.value for event in given]


def parse_kind(input_: NotificationChannelInput) -> tuple[str, dict[str, object]]:
    """Return the kind of channel that was given, and its settings."""
    for name, maybe in vars(input_).items():
        if maybe is not None and maybe is not strawberry.UNSET:
            return to_camel(name), to_params(maybe.value)
    raise AssertionError("the schema requires one member of a @oneOf")
