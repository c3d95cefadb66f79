"""Mutations of notification channels.

Who sets up, changes or tries a channel must be allowed to read: it is told of everything.
"""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.accounts import Identity, audit
from tocsin.documents import AuditAction, NotificationChannelDocument, new_id
from tocsin.errors import NotFound
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info, Services
from tocsin.graphql.idempotency import begin_idempotent_call
from tocsin.graphql.notifications.inputs import (
    CreateNotificationChannelInput,
    NotificationChannelIdInput,
    UpdateNotificationChannelInput,
    parse_draft,
    parse_events,
    parse_kind,
)
from tocsin.graphql.notifications.types import NotificationChannel, to_channel
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.notifications import channel_changes, channel_store, channel_tests
from tocsin.outbound.guard import ConnectionRules
from tocsin.tasks import idempotency

_KEY = (
    "Signing key of a webhook, if it is a new one: keep it, because it is not shown again. Null for other kinds, and "
    "in a repeated call if the key has been rotated since."
)


@payload
class CreateNotificationChannelPayload(Payload):
    notification_channel: NotificationChannel | None = strawberry.field(
        description="The new channel; null if there are user errors."
    )
    signing_key: str | None = strawberry.field(description=_KEY)


@payload
class UpdateNotificationChannelPayload(Payload):
    notification_channel: NotificationChannel | None = strawberry.field(
        description="The channel after the change; null if there are user errors."
    )


@payload
class DeleteNotificationChannelPayload(Payload):
    deleted_notification_channel_id: strawberry.ID | None = strawberry.field(
        description="Global ID of the deleted channel; null if there are user errors."
    )


@payload
class TestNotificationChannelPayload(Payload):
    delivered: bool = strawberry.field(default=False, description="Whether the service accepted the notification.")
    error: str | None = strawberry.field(
        default=None, description="Why it was not delivered; null if it was, and if there are user errors."
    )


@payload
class RotateNotificationChannelKeyPayload(Payload):
    notification_channel: NotificationChannel | None = strawberry.field(
        description="The channel after the change; null if there are user errors."
    )
    signing_key: str | None = strawberry.field(
        description="The new signing key: keep it, because it is not shown again. Null if there are user errors."
    )


@strawberry.type
class NotificationChannelMutations:
    @mutation(
        description=(
            "Create a channel by which you are notified, beside mail. Its settings are checked, but nothing is sent: "
            "try it with `testNotificationChannel`."
        )
    )
    async def create_notification_channel(
        self, info: Info, input: Annotated[CreateNotificationChannelInput, INPUT_ARGUMENT]
    ) -> CreateNotificationChannelPayload:
        who, services = await access.require_reader(info), info.context.services
        owner = who.user.id
        key, earlier = await begin_idempotent_call(info, owner, input)
        if earlier is not None:
            channel = await _find_created(services, owner, earlier["thing"])
            return await _created(services, channel)
        draft, now = parse_draft(input), clock.now()
        settings = channel_changes.validate_draft(draft, ConnectionRules.from_settings(services.settings))

        async def create(channel_id: str) -> None:
            await channel_changes.create_channel(services.database, services.secrets, channel_id, draft, settings, now)

        channel_id = await idempotency.create_once(services.database, key, new_id(owner), now, create)
        channel = await _find_created(services, owner, channel_id)
        await _record(info, who, AuditAction.CHANNEL_CREATED, channel)
        return await _created(services, channel)

    @mutation(
        description=(
            "Change a notification channel. New settings replace all of the earlier ones, except the signing key. They "
            "apply to notifications that are still to be delivered, too."
        )
    )
    async def update_notification_channel(
        self, info: Info, input: Annotated[UpdateNotificationChannelInput, INPUT_ARGUMENT]
    ) -> UpdateNotificationChannelPayload:
        services, who = info.context.services, await access.require_reader(info)
        channel = await _find_channel(info, who, input.id)
        update = channel_changes.ChannelUpdate(
            given=None if input.channel is None else parse_kind(input.channel.value),
            name=None if input.name is None else input.name.value,
            events=None if input.events is None else (parse_events(input.events.value),),
            is_enabled=None if input.is_enabled is None else input.is_enabled.value,
        )
        rules = ConnectionRules.from_settings(services.settings)
        changed = await channel_changes.update_channel(services.database, services.secrets, channel, update, rules)
        await _record(info, who, AuditAction.CHANNEL_CHANGED, changed)
        return UpdateNotificationChannelPayload(notification_channel=to_channel(changed))

    @mutation(
        description=(
            "Delete a notification channel. Notifications that are queued for it are not delivered any more, and "
            "preferences and rules do not name it any more: a rule that named no other applies to all channels."
        )
    )
    async def delete_notification_channel(
        self, info: Info, input: Annotated[NotificationChannelIdInput, INPUT_ARGUMENT]
    ) -> DeleteNotificationChannelPayload:
        who = await access.require_identity(info)
        channel = await _find_channel(info, who, input.id)
        await channel_changes.delete_channel(info.context.services.database, channel)
        await _record(info, who, AuditAction.CHANNEL_DELETED, channel)
        return DeleteNotificationChannelPayload(deleted_notification_channel_id=input.id)

    @mutation(
        description=(
            "Send a notification to a channel now, and wait for the answer of the service. A disabled channel can be "
            "tried too. The number of attempts in a minute is limited."
        )
    )
    async def test_notification_channel(
        self, info: Info, input: Annotated[NotificationChannelIdInput, INPUT_ARGUMENT]
    ) -> TestNotificationChannelPayload:
        services, who = info.context.services, await access.require_reader(info)
        channel = await _find_channel(info, who, input.id)
        await info.context.count_attempt("testNotificationChannel")
        error = await channel_tests.try_channel(
            services.database, channel, services.secrets, services.http, services.settings.page_url, clock.now()
        )
        return TestNotificationChannelPayload(delivered=error is None, error=error)

    @mutation(
        description=(
            "Give a webhook a new signing key. Notifications are signed with both keys for 24 hours, and then with the "
            "new one only."
        )
    )
    async def rotate_notification_channel_key(
        self, info: Info, input: Annotated[NotificationChannelIdInput, INPUT_ARGUMENT]
    ) -> RotateNotificationChannelKeyPayload:
        services, who = info.context.services, await access.require_reader(info)
        channel = await _find_channel(info, who, input.id)
        changed, key = await channel_changes.rotate_key(services.database, services.secrets, channel, clock.now())
        await _record(info, who, AuditAction.CHANNEL_KEY_ROTATED, changed)
        return RotateNotificationChannelKeyPayload(notification_channel=to_channel(changed), signing_key=key)


async def _find_channel(info: Info, who: Identity, global_id: strawberry.ID) -> NotificationChannelDocument:
    """Return the caller's channel. Raises NotFound, InvalidInput."""
    channel_id = ids.require_id("NotificationChannel", global_id, "id")
    return await channel_store.find_channel(info.context.services.database, who.user.id, channel_id)


async def _record(info: Info, who: Identity, action: AuditAction, channel: NotificationChannelDocument) -> None:
    """Add an entry to the audit log: a channel is told of everything."""
    detail = f"{channel['kind']} {channel['name']}, {channel['_id']}"
    await audit.record(action, access.audit_actor(info, who), who.user, detail=detail)


async def _find_created(services: Services, owner: str, channel_id: str) -> NotificationChannelDocument:
    """Return the channel of a call with an idempotency key. Raises Conflict if it was deleted."""
    try:
        return await channel_store.find_channel(services.database, owner, channel_id)
    except NotFound:
        raise idempotency.deleted_result("notification channel") from None


async def _created(services: Services, channel: NotificationChannelDocument) -> CreateNotificationChannelPayload:
    key = await channel_store.find_first_key(channel, services.secrets)
    return CreateNotificationChannelPayload(notification_channel=to_channel(channel), signing_key=key)
