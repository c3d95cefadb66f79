"""Inputs of the mutations of notification preferences and rules."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

import strawberry

from tocsin.graphql import ids
from tocsin.graphql.notifications.enums import EventKind
from tocsin.graphql.notifications.preference_enums import DigestFrequency, FailureDetail, Weekday
from tocsin.notifications.preferences.changes import (
    Change,
    DigestDraft,
    PreferencesUpdate,
    QuietHoursDraft,
    RuleUpdate,
)

T = TypeVar("T")
_SUBJECT_ID = "Global ID of the task or workflow."


@strawberry.input(description="Hours in which nothing is mailed or sent to channels.")
class QuietHoursInput:
    from_: str = strawberry.field(name="from", description="Time of day at which they begin, as `HH:MM`.")
    to: str = strawberry.field(
        description="Time of day at which they end, as `HH:MM`; on the next day if it is not later than `from`."
    )
    days: list[Weekday] | None = strawberry.field(
        default=strawberry.UNSET, description="Days on which they begin. Default: all."
    )
    except_kinds: list[EventKind] | None = strawberry.field(
        default=strawberry.UNSET, description="Kinds of notifications to which they do not apply. Default: none."
    )
    except_channel_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Global IDs of your notification channels to which they do not apply. Default: none.",
    )


@strawberry.input(description="How notifications are collected in one mail.")
class NotificationDigestInput:
    frequency: DigestFrequency = strawberry.field(description="How often it is sent.")
    hour: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Time at which a daily one is sent, in full hours of the day, 0 to 23. Default: 8.",
    )
    except_kinds: list[EventKind] | None = strawberry.field(
        default=strawberry.UNSET, description="Kinds of notifications that are mailed at once. Default: none."
    )


@strawberry.input(
    description="Input of `updateNotificationPreferences`. Absent fields keep their value, null restores the default."
)
class UpdateNotificationPreferencesInput:
    mail_kinds: strawberry.Maybe[list[EventKind] | None] = strawberry.field(
        description="Kinds of notifications that are mailed. Those about the security of your account always are."
    )
    failures: strawberry.Maybe[FailureDetail | None] = strawberry.field(
        description="Which failures of your tasks are mailed."
    )
    time_zone: strawberry.Maybe[str | None] = strawberry.field(
        description="IANA name of the time zone of your quiet hours and digests."
    )
    quiet_hours: strawberry.Maybe[QuietHoursInput | None] = strawberry.field(
        description="Hours in which nothing is mailed or sent to channels; null for none."
    )
    digest: strawberry.Maybe[NotificationDigestInput | None] = strawberry.field(
        description="How notifications are collected in one mail; null for one mail each."
    )
    reminder_every: strawberry.Maybe[timedelta | None] = strawberry.field(
        description="Time between reminders of an incident that lasts, `PT15M` to `P30D`; null for no reminders."
    )


@strawberry.input(
    description="Input of `updateNotificationRule`. Absent fields keep their value, null restores the default."
)
class UpdateNotificationRuleInput:
    subject_id: strawberry.ID = strawberry.field(description=_SUBJECT_ID)
    is_muted: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether you are told nothing about it, by mail or channels."
    )
    is_mailed: strawberry.Maybe[bool | None] = strawberry.field(description="Whether it is mailed.")
    channel_ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        description="Global IDs of the only notification channels of yours that are told; null for all."
    )
    kinds: strawberry.Maybe[list[EventKind] | None] = strawberry.field(
        description="The only kinds of notifications that you are told; null for all."
    )
    failures: strawberry.Maybe[FailureDetail | None] = strawberry.field(
        description="Which failures are mailed, of a task; null for those of your preferences."
    )


@strawberry.input(description="Input of `deleteNotificationRule`.")
class DeleteNotificationRuleInput:
    subject_id: strawberry.ID = strawberry.field(description=_SUBJECT_ID)


def parse_preferences(input_: UpdateNotificationPreferencesInput) -> PreferencesUpdate:
    """Return the changes of preferences, not validated yet. Raises InvalidInput for malformed IDs."""
    quiet, digest = _changed(input_.quiet_hours), _changed(input_.digest)
    return PreferencesUpdate(
        mail_kinds=_changed_kinds(input_.mail_kinds),
        failures=_changed(input_.failures),
        time_zone=_changed(input_.time_zone),
        quiet_hours=None if quiet is None else (None if quiet[0] is None else _parse_quiet_hours(quiet[0]),),
        digest=None if digest is None else (None if digest[0] is None else _parse_digest(digest[0]),),
        reminder_every=_changed(input_.reminder_every),
    )


def parse_rule(input_: UpdateNotificationRuleInput) -> RuleUpdate:
    """Return the changes of a rule, not validated yet. Raises InvalidInput for malformed IDs."""
    channels = _changed(input_.channel_ids)
    return RuleUpdate(
        is_muted=_changed(input_.is_muted),
        is_mailed=_changed(input_.is_mailed),
        channels=None if channels is None else (_parse_channels(channels[0], "channelIds"),),
        kinds=_changed_kinds(input_.kinds),
        failures=_changed(input_.failures),
    )


def _changed(given: strawberry.Maybe[T | None]) -> Change[T]:
    return None if given is None else (given.value,)


def _changed_kinds(given: strawberry.Maybe[list[EventKind] | None]) -> Change[Sequence[str]]:
    return None if given is None else (None if given.value is None else [kind.value for kind in given.value],)


def _parse_quiet_hours(given: QuietHoursInput) -> QuietHoursDraft:
    return QuietHoursDraft(
        begin=given.from_,
        end=given.to,
        days=None if given.days is strawberry.UNSET else given.days,
        except_kinds=given.except_kinds or None,
        except_channels=_parse_channels(given.except_channel_ids or None, "quietHours", "exceptChannelIds"),
    )


def _parse_digest(given: NotificationDigestInput) -> DigestDraft:
    hour = None if given.hour is strawberry.UNSET else given.hour
    return DigestDraft(frequency=given.frequency, hour=hour, except_kinds=given.except_kinds or None)


def _parse_channels(given: Sequence[strawberry.ID] | None, *path: str) -> list[str] | None:
    """Return the IDs of channels, whoever has them. Raises InvalidInput, NotFound."""
    if given is None:
        return None
    return [ids.require_id("NotificationChannel", id_, *path, str(place)) for place, id_ in enumerate(given)]
