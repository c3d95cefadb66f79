"""The channels that users have set up, as they are stored: found, and their settings opened."""

from collections.abc import Collection

from tocsin.documents import Database, DeliveryDocument, NotificationChannelDocument, owner_of
from tocsin.errors import NotFound
from tocsin.notifications.account_events import ChannelDisabled
from tocsin.notifications.channels import CONFIGURABLE_CHANNELS
from tocsin.notifications.channels.configurable import ChannelSettings
from tocsin.notifications.events import ENDS, LINK_EVENTS, NAMED_BY_CHANNELS, Event, EventKind
from tocsin.security.secret_box import SecretBox, SecretUnreadable

_NOT_FOUND = "You have no notification channel with this id."


async def find_takers(database: Database, owners: Collection[str]) -> dict[str, list[NotificationChannelDocument]]:
    """Return the channels that can take anything, by owner, with the fields that `takes_event` reads."""
    if not owners:
        return {}
    fields = dict.fromkeys(("owner", "events", "is_enabled", "disabled_at", "kind", "settings.fallback_after"), 1)
    takers: dict[str, list[NotificationChannelDocument]] = {}
    async for channel in database.notification_channels.find({"owner": {"$in": sorted(owners)}}, fields):
        if channel["is_enabled"] or is_paused_alert_service(channel):
            takers.setdefault(channel["owner"], []).append(channel)
    return takers


def is_paused_alert_service(channel: NotificationChannelDocument) -> bool:
    """Tell whether a channel that its owner has paused is told of the ends of incidents all the same."""
    return keeps_alerts(channel) and not channel["is_enabled"] and channel.get("disabled_at") is None


def can_be_told(channel: NotificationChannelDocument, kind: str) -> bool:
    """Tell whether a channel, as it is now, is told of events of this kind that are queued for it."""
    return channel["is_enabled"] or (kind in ENDS and is_paused_alert_service(channel))


def keeps_alerts(channel: NotificationChannelDocument) -> bool:
    """Tell whether what opens an incident stays open in the service of a channel until it is told of the end."""
    return CONFIGURABLE_CHANNELS[channel["kind"]].keeps_alerts


async def goes_to_alert_service(database: Database, delivery: DeliveryDocument) -> bool:
    """Tell whether a delivery goes to a channel, as it is or was, whose service keeps alerts open."""
    channel = delivery.get("former_channel")
    if channel is None:
        channel = await database.notification_channels.find_one({"_id": delivery.get("channel")}, {"kind": 1})
    return channel is not None and keeps_alerts(channel)


def takes_event(channel: NotificationChannelDocument, event: Event) -> bool:
    """Tell whether a channel is told of an event. None is told that it was disabled itself."""
    if event.kind in LINK_EVENTS or (isinstance(event, ChannelDisabled) and event.channel == channel["_id"]):
        return False
    if event.kind in ENDS and keeps_alerts(channel):
        return True
    return channel["is_enabled"] and names_kind(channel, event.kind)


def names_kind(channel: NotificationChannelDocument, kind: str) -> bool:
    """Tell whether a kind is among the events of a channel. One that names recoveries is told of all ends."""
    events = channel["events"]
    if events is None:
        return kind not in NAMED_BY_CHANNELS
    return kind in events or (kind == EventKind.INCIDENT_CLOSED and EventKind.RECOVERED in events)


async def list_channels(database: Database, owner: str) -> list[NotificationChannelDocument]:
    """Return the channels of an owner, oldest first."""
    found = await database.notification_channels.find({"owner": owner}).to_list()
    return sorted(found, key=lambda channel: (channel["created_at"], channel["_id"]))


async def find_channel(database: Database, owner: str, channel_id: str) -> NotificationChannelDocument:
    """Return a channel of the owner. Raises NotFound."""
    found = (
        await database.notification_channels.find_one({"_id": channel_id}) if owner_of(channel_id) == owner else None
    )
    if found is None:
        raise NotFound(_NOT_FOUND, "id")
    return found


async def open_settings(channel: NotificationChannelDocument, box: SecretBox) -> ChannelSettings:
    """Return the settings of a channel with its secrets. Raises SecretUnreadable, MultipleInvalid."""
    secrets = {name: await box.unseal(sealed, channel["_id"]) for name, sealed in channel["sealed"].items()}
    model: type[ChannelSettings] = CONFIGURABLE_CHANNELS[channel["kind"]].settings_model
    return model.load(channel["settings"], secrets)


async def find_first_key(channel: NotificationChannelDocument, box: SecretBox) -> str | None:
    """Return the signing key with which a webhook was created.

    None for another kind, if the key was rotated since then, and if it cannot be decrypted any more.
    """
    sealed = channel["sealed"].get("signing_key")
    if sealed is None or "former_key" in channel["sealed"]:
        return None
    try:
        return await box.unseal(sealed, channel["_id"])
    except SecretUnreadable:
        return None
