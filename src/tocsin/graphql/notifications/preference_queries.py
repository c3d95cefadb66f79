"""Query of notification preferences."""

import strawberry

from tocsin.graphql import access
from tocsin.graphql.context import Info
from tocsin.graphql.notifications.preference_types import NotificationPreferences, load_preferences


@strawberry.type
class NotificationPreferencesQueries:
    @strawberry.field(description="Your notification preferences.")
    async def notification_preferences(self, info: Info) -> NotificationPreferences:
        owner = await access.require_owner(info)
        services = info.context.services
        found = await services.database.notification_preferences.find_one({"_id": owner})
        return await load_preferences(services.loaders, owner, found)
