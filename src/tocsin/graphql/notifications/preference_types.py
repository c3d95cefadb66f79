"""Output types and enums of notification preferences and rules."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import strawberry

from tocsin.documents import NotificationPreferencesDocument
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.loaders import DocumentLoaders
from tocsin.graphql.node import TASK, WORKFLOW, load_node
from tocsin.graphql.notifications.enums import EventKind
from tocsin.graphql.notifications.preference_enums import DigestFrequency, FailureDetail, Weekday
from tocsin.notifications.preferences.changes import CHOSEN_KINDS
from tocsin.notifications.preferences.choices import NotificationRule, Preferences
from tocsin.notifications.preferences.digest_times import DigestPlan
from tocsin.notifications.preferences.quiet_hours import WEEKDAYS, QuietHours

if TYPE_CHECKING:
    from tocsin.graphql.tasks.types import Task
    from tocsin.graphql.workflows.types import Workflow


@strawberry.type(name="QuietHours", description="Hours in which nothing is mailed or sent to channels.")
class QuietHoursType:
    from_: str = strawberry.field(name="from", description="Time of day at which they begin, as `HH:MM`.")
    to: str = strawberry.field(
        description="Time of day at which they end, as `HH:MM`; on the next day if it is not later than `from`."
    )
    days: list[Weekday] = strawberry.field(description="Days on which they begin.")
    except_kinds: list[EventKind] = strawberry.field(description="Kinds of notifications to which they do not apply.")
    except_channel_ids: list[strawberry.ID] = strawberry.field(
        description="Global IDs of the notification channels to which they do not apply."
    )


@strawberry.type(description="How notifications are collected in one mail.")
class NotificationDigest:
    frequency: DigestFrequency = strawberry.field(description="How often it is sent.")
    hour: int = strawberry.field(description="Time at which a daily one is sent, in full hours of the day, 0 to 23.")
    except_kinds: list[EventKind] = strawberry.field(description="Kinds of notifications that are mailed at once.")


@strawberry.type(description="What you are told, and when.")
class NotificationPreferences:
    mail_kinds: list[EventKind] = strawberry.field(
        description="Kinds of notifications that are mailed. Those about the security of your account always are."
    )
    failures: FailureDetail = strawberry.field(description="Which failures of your tasks are mailed.")
    time_zone: str = strawberry.field(description="IANA name of the time zone of your quiet hours and digests.")
    quiet_hours: QuietHoursType | None = strawberry.field(
        description="Hours in which nothing is mailed or sent to channels; null for none."
    )
    digest: NotificationDigest = strawberry.field(description="How notifications are collected in one mail.")
    reminder_every: timedelta | None = strawberry.field(
        description="Time between reminders of an incident that lasts; null for no reminders."
    )


@strawberry.type(
    name="NotificationRule",
    description="What you are told about one task or workflow, where that differs from your preferences.",
)
class NotificationRuleType:
    document: strawberry.Private[NotificationPreferencesDocument]
    subject_id: strawberry.ID = strawberry.field(
        description="Global ID of the task or workflow, for `updateNotificationRule` and `deleteNotificationRule`."
    )
    is_muted: bool = strawberry.field(
        description="Whether you are told nothing about it, by mail or channels. The notifications are still listed."
    )
    is_mailed: bool = strawberry.field(description="Whether it is mailed.")
    kinds: list[EventKind] | None = strawberry.field(
        description="The only kinds of notifications that you are told; null for all."
    )
    failures: FailureDetail | None = strawberry.field(
        description="Which failures of the task are mailed; null for those of your preferences."
    )

    @strawberry.field(
        description=(
            "Global IDs of the only notification channels that are told; null for all, as after these were deleted."
        )
    )
    async def channel_ids(self, info: Info) -> list[strawberry.ID] | None:
        chosen = NotificationRule.from_document(self.document).channels
        if chosen is None:
            return None
        existing = await _find_existing(info.context.services.loaders, self.document["owner"], chosen)
        return None if chosen and not existing else _channel_ids(existing)

    @strawberry.field(description="The task; null for a workflow, and if the task was deleted.")
    async def task(self, info: Info) -> Annotated["Task", strawberry.lazy("..tasks.types")] | None:
        subject = self._subject_of("Task")
        return None if subject is None else await load_node(info, TASK, self.document["owner"], subject)

    @strawberry.field(description="The workflow; null for a task, and if the workflow was deleted.")
    async def workflow(self, info: Info) -> Annotated["Workflow", strawberry.lazy("..workflows.types")] | None:
        subject = self._subject_of("Workflow")
        return None if subject is None else await load_node(info, WORKFLOW, self.document["owner"], subject)

    def _subject_of(self, type_name: str) -> str | None:
        return self.document["_id"] if _subject_type(self.document) == type_name else None


async def load_preferences(
    loaders: DocumentLoaders, owner: str, document: NotificationPreferencesDocument | None
) -> NotificationPreferences:
    """Convert the stored preferences of a user, or the defaults of one without any, without channels that are gone."""
    stored = Preferences.from_document(document)
    quiet = stored.quiet_hours
    channels = [] if quiet is None else await _find_existing(loaders, owner, quiet.except_channels)
    return NotificationPreferences(
        mail_kinds=[kind for kind in CHOSEN_KINDS if stored.mail_kind(kind)],
        failures=stored.failures,
        time_zone=stored.time_zone,
        quiet_hours=None if quiet is None else _to_quiet_hours(quiet, channels),
        digest=_to_digest(stored.digest),
        reminder_every=stored.reminder_every,
    )


def to_rule(document: NotificationPreferencesDocument) -> NotificationRuleType:
    """Convert the stored rule of a task or workflow."""
    rule = NotificationRule.from_document(document)
    return NotificationRuleType(
        document=document,
        subject_id=strawberry.ID(ids.encode_id(_subject_type(document), document["_id"])),
        is_muted=rule.is_muted,
        is_mailed=rule.is_mailed,
        kinds=None if rule.kinds is None else _in_order(rule.kinds),
        failures=rule.failures,
    )


def _subject_type(document: NotificationPreferencesDocument) -> str:
    return document.get("subject_type") or "Task"


async def _find_existing(loaders: DocumentLoaders, owner: str, channels: Collection[str]) -> list[str]:
    """Return those of these channels that their owner still has."""
    named = sorted(channels)
    found = await asyncio.gather(*(loaders.load("NotificationChannel", owner, each) for each in named))
    return [each for each, channel in zip(named, found, strict=True) if channel is not None]


def _to_quiet_hours(quiet: QuietHours, channels: Collection[str]) -> QuietHoursType:
    return QuietHoursType(
        from_=_format_time(quiet.begin),
        to=_format_time(quiet.end),
        days=[WEEKDAYS[day] for day in sorted(quiet.days)],
        except_kinds=_in_order(quiet.except_kinds),
        except_channel_ids=_channel_ids(channels),
    )


def _to_digest(plan: DigestPlan) -> NotificationDigest:
    return NotificationDigest(frequency=plan.frequency, hour=plan.hour, except_kinds=_in_order(plan.except_kinds))


def _in_order(kinds: Collection[str]) -> list[EventKind]:
    return [kind for kind in CHOSEN_KINDS if kind in kinds]


def _channel_ids(channels: Collection[str]) -> list[strawberry.ID]:
    return [strawberry.ID(ids.encode_id("NotificationChannel", channel)) for channel in channels]


def _format_time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
