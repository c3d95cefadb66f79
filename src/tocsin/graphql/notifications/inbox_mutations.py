"""Mutations of notifications."""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.documents import User
from tocsin.errors import InvalidInput, NotFound
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info, Services
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.notifications.inbox.acknowledgement import acknowledge_each, acknowledge_up_to, count_unacknowledged
from tocsin.notifications.inbox.positions import decode_position
from tocsin.notifications.inbox.store import find_notifications

MAX_IDS = 100


@strawberry.input(description="Input of `acknowledgeNotifications`. Exactly one of `ids` and `upTo` is required.")
class AcknowledgeNotificationsInput:
    ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description=f"Acknowledge these notifications, at most {MAX_IDS}."
    )
    up_to: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Acknowledge the notification with this `cursor`, and all that was stored before it, whatever its kind and "
            "whether you were given it or not."
        ),
    )


@payload
class AcknowledgeNotificationsPayload(Payload):
    count: int | None = strawberry.field(
        description="Number of notifications that were not acknowledged before; null if there are user errors."
    )
    unacknowledged_count: int | None = strawberry.field(
        description=(
            "Number of notifications that are still unacknowledged, counted up to 5,000; null if there are user errors."
        )
    )


@strawberry.type
class NotificationMutations:
    @mutation(
        description=(
            "Acknowledge notifications: you have seen them. Those that were acknowledged before stay as they are, so "
            "the mutation can be repeated."
        )
    )
    async def acknowledge_notifications(
        self, info: Info, input: Annotated[AcknowledgeNotificationsInput, INPUT_ARGUMENT]
    ) -> AcknowledgeNotificationsPayload:
        user, services = await access.require_user(info), info.context.services
        count = await _acknowledge(services, user, input)
        left = await count_unacknowledged(services.database, user)
        return AcknowledgeNotificationsPayload(count=count, unacknowledged_count=left.number)


async def _acknowledge(services: Services, user: User, input: AcknowledgeNotificationsInput) -> int:
    by_id, by_cursor = isinstance(input.ids, list), isinstance(input.up_to, str)
    if by_id == by_cursor:
        raise InvalidInput("Give either ids or upTo.", "ids")
    if isinstance(input.up_to, str):
        position = decode_position(input.up_to, "upTo")
        return await acknowledge_up_to(services.database, user, position, clock.now())
    found = await _require_notifications(services, user.id, input.ids or [])
    return await acknowledge_each(services.database, user.id, found, clock.now())


async def _require_notifications(services: Services, owner: str, global_ids: list[strawberry.ID]) -> list[str]:
    """Return the IDs of these notifications of the owner. Raises NotFound, InvalidInput."""
    if len(global_ids) > MAX_IDS:
        raise InvalidInput(f"Give at most {MAX_IDS} ids, not {len(global_ids)}. Use upTo for more.", "ids")
    wanted = [ids.require_id("Notification", id_, "ids", str(place)) for place, id_ in enumerate(global_ids)]
    found = await find_notifications(services.database, owner, wanted)
    for place, document_id in enumerate(wanted):
        if document_id not in found:
            raise NotFound("You have no notification with this id.", "ids", str(place))
    return wanted
