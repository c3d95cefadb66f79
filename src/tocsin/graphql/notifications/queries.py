"""Queries of notification channels."""

import strawberry

from tocsin.graphql import access
from tocsin.graphql.context import Info
from tocsin.graphql.notifications.types import NotificationChannel, to_channel
from tocsin.notifications.channel_store import list_channels


@strawberry.type
class NotificationChannelQueries:
    @strawberry.field(description="List your notification channels, oldest first; there are at most 20.")
    async def notification_channels(self, info: Info) -> list[NotificationChannel]:
        owner = await access.require_owner(info)
        return [to_channel(each) for each in await list_channels(info.context.services.database, owner)]
