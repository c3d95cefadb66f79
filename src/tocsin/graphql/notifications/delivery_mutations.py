"""Mutations of the deliveries of notifications."""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info
from tocsin.graphql.notifications.types import NotificationDelivery, load_delivery
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.notifications.delivery_retries import retry_delivery


@strawberry.input(description="Input of `retryNotificationDelivery`.")
class RetryNotificationDeliveryInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the delivery.")


@payload
class RetryNotificationDeliveryPayload(Payload):
    notification_delivery: NotificationDelivery | None = strawberry.field(
        description="The delivery after the change; null if there are user errors."
    )


@strawberry.type
class NotificationDeliveryMutations:
    @mutation(
        description=(
            "Send a notification to its channel again, which must be enabled: one whose delivery has FAILED, or was "
            "SUPERSEDED because the channel was disabled. It is queued at once with the same ID, and tried for 3 days. "
            "Not a mail or a live delivery, and nothing about an incident of which the channel was told later news. "
            "The number of retries in a minute is limited."
        )
    )
    async def retry_notification_delivery(
        self, info: Info, input: Annotated[RetryNotificationDeliveryInput, INPUT_ARGUMENT]
    ) -> RetryNotificationDeliveryPayload:
        services, owner = info.context.services, (await access.require_reader(info)).user.id
        delivery_id = ids.require_id("NotificationDelivery", input.id, "id")
        await services.rates.count_delivery_retry(owner)
        await retry_delivery(services.database, owner, delivery_id, clock.now())
        return RetryNotificationDeliveryPayload(notification_delivery=await load_delivery(info, owner, delivery_id))
