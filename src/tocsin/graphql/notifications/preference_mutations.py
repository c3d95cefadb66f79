"""Mutations of notification preferences and rules. What waits to be delivered is decided anew after each."""

from collections.abc import Collection
from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.documents import Database
from tocsin.errors import NotFound
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info, Services
from tocsin.graphql.notifications.preference_inputs import (
    DeleteNotificationRuleInput,
    UpdateNotificationPreferencesInput,
    UpdateNotificationRuleInput,
    parse_preferences,
    parse_rule,
)
from tocsin.graphql.notifications.preference_types import (
    NotificationPreferences,
    NotificationRuleType,
    load_preferences,
    to_rule,
)
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.notifications.channel_store import list_channels
from tocsin.notifications.incidents.alerts import review_alerts
from tocsin.notifications.preferences import store
from tocsin.notifications.preferences.changes import validate_preferences, validate_rule
from tocsin.notifications.preferences.held_deliveries import release_held
from tocsin.notifications.preferences.named_channels import forget_channels

_EXCEPT_CHANNELS = ("quietHours", "exceptChannelIds")
_SUBJECT_TYPES = ("Task", "Workflow")


@payload
class UpdateNotificationPreferencesPayload(Payload):
    notification_preferences: NotificationPreferences | None = strawberry.field(
        description="The preferences after the change; null if there are user errors."
    )


@payload
class UpdateNotificationRulePayload(Payload):
    notification_rule: NotificationRuleType | None = strawberry.field(
        description="The rule after the change; null if there are user errors."
    )


@payload
class DeleteNotificationRulePayload(Payload):
    deleted_notification_rule_subject_id: strawberry.ID | None = strawberry.field(
        description="Global ID of the task or workflow, which has no rule any more; null if there are user errors."
    )


@strawberry.type
class NotificationPreferencesMutations:
    @mutation(
        description=(
            "Change what you are told by mail and channels, and when. It applies to notifications that are still to be "
            "delivered, too."
        )
    )
    async def update_notification_preferences(
        self, info: Info, input: Annotated[UpdateNotificationPreferencesInput, INPUT_ARGUMENT]
    ) -> UpdateNotificationPreferencesPayload:
        owner, database = (await access.require_reader(info)).user.id, info.context.services.database
        changes = validate_preferences(parse_preferences(input))
        channels = (changes.get("quiet_hours") or {}).get("except_channels", ())
        await _require_channels(database, owner, channels, *_EXCEPT_CHANNELS)
        changed = await store.change_preferences(database, owner, changes)
        await _forget_deleted(database, owner, channels)
        if changes:
            await release_held(database, owner, clock.now())
        shown = await load_preferences(info.context.services.loaders, owner, changed)
        return UpdateNotificationPreferencesPayload(notification_preferences=shown)

    @mutation(
        description=(
            "Change what you are told about one task or workflow. There can be 1,000 such rules, which "
            "`notificationRules` lists; each is deleted with its task or workflow. Requests for a decision are not "
            "affected."
        )
    )
    async def update_notification_rule(
        self, info: Info, input: Annotated[UpdateNotificationRuleInput, INPUT_ARGUMENT]
    ) -> UpdateNotificationRulePayload:
        owner, services = (await access.require_reader(info)).user.id, info.context.services
        type_name, subject = await _require_subject(services, owner, input.subject_id)
        changes = validate_rule(parse_rule(input), is_task=type_name == "Task")
        channels = changes.get("channels") or ()
        await _require_channels(services.database, owner, channels, "channelIds")
        changed = await store.change_rule(services.database, owner, type_name, subject, changes)
        await _forget_deleted(services.database, owner, channels)
        await review_alerts(services.database, subject)
        await release_held(services.database, owner, clock.now(), subject)
        return UpdateNotificationRulePayload(notification_rule=to_rule(changed))

    @mutation(description="Let your preferences apply to a task or workflow again. It can be repeated.")
    async def delete_notification_rule(
        self, info: Info, input: Annotated[DeleteNotificationRuleInput, INPUT_ARGUMENT]
    ) -> DeleteNotificationRulePayload:
        owner, services = await access.require_owner(info), info.context.services
        _, subject = await _require_subject(services, owner, input.subject_id)
        await store.delete_rule(services.database, subject)
        await release_held(services.database, owner, clock.now(), subject)
        return DeleteNotificationRulePayload(deleted_notification_rule_subject_id=input.subject_id)


async def _require_subject(services: Services, owner: str, global_id: strawberry.ID) -> tuple[str, str]:
    """Return the type and the ID of a task or workflow of the owner. Raises NotFound, InvalidInput."""
    type_name, subject = ids.decode_id(global_id, "subjectId")
    if type_name in _SUBJECT_TYPES and await services.loaders.load(type_name, owner, subject) is not None:
        return type_name, subject
    raise NotFound("You have no task or workflow with this id.", "subjectId")


async def _require_channels(database: Database, owner: str, channels: Collection[str], *path: str) -> None:
    """Raise NotFound unless these are channels of the owner."""
    if await _find_missing(database, owner, channels):
        raise NotFound("You have no notification channel with one of these ids.", *path)


async def _forget_deleted(database: Database, owner: str, channels: Collection[str]) -> None:
    """Take from what was stored those of these channels that were deleted meanwhile, which whoever did that missed."""
    if missing := await _find_missing(database, owner, channels):
        await forget_channels(database, owner, missing)


async def _find_missing(database: Database, owner: str, channels: Collection[str]) -> set[str]:
    """Return those of these channels that the owner does not have."""
    if not channels:
        return set()
    return set(channels) - {channel["_id"] for channel in await list_channels(database, owner)}
