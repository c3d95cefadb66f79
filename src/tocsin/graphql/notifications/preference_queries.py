"""Queries of notification preferences and rules."""

import strawberry

from tocsin.documents.paging import PageArguments
from tocsin.graphql import access
from tocsin.graphql.connections import Connection, PagedField, connect
from tocsin.graphql.context import Info
from tocsin.graphql.notifications.preference_types import (
    NotificationPreferences,
    NotificationRuleType,
    load_preferences,
    to_rule,
)
from tocsin.notifications.preferences.store import query_rules


@strawberry.type
class NotificationPreferencesQueries:
    @strawberry.field(description="Your notification preferences.")
    async def notification_preferences(self, info: Info) -> NotificationPreferences:
        owner = await access.require_owner(info)
        services = info.context.services
        found = await services.database.notification_preferences.find_one({"_id": owner})
        return await load_preferences(services.loaders, owner, found)

    @strawberry.field(
        description="Your notification rules of single tasks and workflows, the oldest first.",
        extensions=[PagedField()],
    )
    async def notification_rules(self, info: Info, page: PageArguments) -> Connection[NotificationRuleType]:
        user = await access.require_user(info)
        return await connect(query_rules(info.context.services.database, user), page, to_rule)
