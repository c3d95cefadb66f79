"""The channels that users have set up, as they are stored: found, created, changed and deleted by their owner.

Secret values are sealed for the ID of their channel. Every change by the owner raises the channel's `revision`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tocsin.documents import Changes, Database, NotificationChannelDocument, owner_of
from tocsin.documents.updates import change_when, has_value
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.notifications.account_events import ChannelDisabled
from tocsin.notifications.channels import CONFIGURABLE_CHANNELS
from tocsin.notifications.channels.configurable import ChannelSettings
from tocsin.notifications.channels.webhook import WebhookSettings
from tocsin.notifications.events import LINK_EVENTS, Event
from tocsin.outbound.guard import ConnectionRules
from tocsin.security.secret_box import SecretBox

MAX_CHANNELS = 20
"""Channels of one owner."""
KEY_OVERLAP = timedelta(days=1)
"""The time for which a rotated signing key signs too."""
_MAX_NAME = 100
_NOT_FOUND = "You have no notification channel with this id."
_HEALTHY: Changes = dict.fromkeys(("failing_since", "retry_at", "last_error", "disabled_at", "disabled_reason"))
"""The fields of a channel of which nothing bad is known, as after a change of its settings."""


@dataclass(frozen=True, slots=True)
class ChannelDraft:
    """What an owner gives: the kind, the settings by the names of the API, and the kinds of events, None for all."""

    kind: str
    given: Mapping[str, Any] = field(repr=False)
    name: str = ""
    events: Collection[str] | None = None
    is_enabled: bool = True


async def find_takers(database: Database, owners: Collection[str]) -> dict[str, list[NotificationChannelDocument]]:
    """Return the enabled channels of these owners, by owner, with the fields that `takes_event` reads."""
    fields = {"owner": 1, "events": 1, "is_enabled": 1}
    takers: dict[str, list[NotificationChannelDocument]] = {}
    async for channel in database.notification_channels.find({"owner": {"$in": sorted(owners)}}, fields):
        if channel["is_enabled"]:
            takers.setdefault(channel["owner"], []).append(channel)
    return takers


def takes_event(channel: NotificationChannelDocument, event: Event) -> bool:
    """Tell whether a channel is told of an event. None is told that it was disabled itself."""
    if event.kind in LINK_EVENTS or (isinstance(event, ChannelDisabled) and event.channel == channel["_id"]):
        return False
    return channel["events"] is None or event.kind in channel["events"]


async def list_channels(database: Database, owner: str) -> list[NotificationChannelDocument]:
    """Return the channels of an owner, oldest first."""
    found = await database.notification_channels.find({"owner": owner}).to_list()
    return sorted(found, key=_age)


async def find_channel(database: Database, owner: str, channel_id: str) -> NotificationChannelDocument:
    """Return a channel of the owner. Raises NotFound."""
    found = (
        await database.notification_channels.find_one({"_id": channel_id}) if owner_of(channel_id) == owner else None
    )
    if found is None:
        raise NotFound(_NOT_FOUND, "id")
    return found


async def open_settings(channel: NotificationChannelDocument, box: SecretBox) -> ChannelSettings:
    """Return the settings of a channel with its secrets. Raises SecretUnreadable."""
    secrets = {name: await box.unseal(sealed, channel["_id"]) for name, sealed in channel["sealed"].items()}
    model: type[ChannelSettings] = CONFIGURABLE_CHANNELS[channel["kind"]].settings_model
    return model.load(channel["settings"], secrets)


def parse_settings(
    draft: ChannelDraft, rules: ConnectionRules, before: ChannelSettings | None = None
) -> ChannelSettings:
    """Validate the settings of a draft. Raises InvalidInput with the path `channel`, the kind and the setting."""
    try:
        settings: ChannelSettings = CONFIGURABLE_CHANNELS[draft.kind].parse_settings(draft.given, rules, before)
    except InvalidInput as error:
        raise error.prefix_path("channel", draft.kind) from None
    return settings


async def create_channel(
    database: Database, box: SecretBox, channel_id: str, draft: ChannelDraft, settings: ChannelSettings, now: datetime
) -> None:
    """Store a channel under this ID, unless it exists. Raises InvalidInput, and Conflict if there are too many."""
    owner = owner_of(channel_id)
    others = [each["_id"] for each in await list_channels(database, owner)]
    if channel_id in others:  # of an interrupted call with the same idempotency key
        return
    if len(others) >= MAX_CHANNELS:
        raise _too_many()
    stored = _store_settings(channel_id, settings, box)
    channel: NotificationChannelDocument = {
        "_id": channel_id, "owner": owner, "kind": draft.kind, "name": check_name(draft.name),
        "settings": stored["settings"], "sealed": stored["sealed"], "shown": stored["shown"],
        "events": check_events(draft.events), "is_enabled": draft.is_enabled, "revision": 1, "created_at": now,
        "failing_since": None, "retry_at": None, "last_error": None, "last_delivered_at": None,
        "disabled_at": None, "disabled_reason": None,
    }  # fmt: skip
    await database.notification_channels.insert_one(channel)
    if channel_id not in [each["_id"] for each in await list_channels(database, owner)][:MAX_CHANNELS]:
        await database.notification_channels.delete_one({"_id": channel_id})
        raise _too_many()


async def change_channel(
    database: Database, channel: NotificationChannelDocument, changes: Changes
) -> NotificationChannelDocument:
    """Change the version of a channel that was read, and return it. Raises Conflict if it was changed since then."""
    revision = channel["revision"]
    changed: Changes = {**changes, "revision": revision + 1}
    stage = change_when(has_value("revision", revision), changed)
    result = await database.notification_channels.update_one({"_id": channel["_id"]}, [stage])
    if not result.modified_count:
        raise Conflict("The channel was changed at the same time. Read it again, and repeat the change.", "id")
    return await find_channel(database, channel["owner"], channel["_id"])


def settings_changes(channel_id: str, settings: ChannelSettings, box: SecretBox) -> Changes:
    """Return the changes that store other settings, of which nothing bad is known yet."""
    return {**_store_settings(channel_id, settings, box), **_HEALTHY}


def enabling_changes(*, is_enabled: bool) -> Changes:
    """Return the changes that enable or disable a channel on behalf of its owner."""
    return {"is_enabled": is_enabled, **(_HEALTHY if is_enabled else {"disabled_at": None, "disabled_reason": None})}


async def rotate_key(
    database: Database, box: SecretBox, channel: NotificationChannelDocument, now: datetime
) -> tuple[NotificationChannelDocument, str]:
    """Give a webhook a new signing key, and return both. The former one signs too for a day. Raises Conflict."""
    settings = await open_settings(channel, box)
    if not isinstance(settings, WebhookSettings):
        raise InvalidInput("Only webhooks have a signing key.", "id")
    rotated = settings.rotate_key(now, KEY_OVERLAP)
    changed = await change_channel(database, channel, _store_settings(channel["_id"], rotated, box))
    return changed, rotated.signing_key.get_secret_value()


async def delete_channel(database: Database, owner: str, channel_id: str) -> None:
    """Delete a channel. What is queued for it is not delivered any more. Raises NotFound."""
    await find_channel(database, owner, channel_id)
    await database.notification_channels.delete_one({"_id": channel_id})


def check_name(name: str) -> str:
    """Return the name of a channel. Raises InvalidInput."""
    if not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
        message = f"name must have 1 to {_MAX_NAME} characters, none of them a control character, not only spaces."
        raise InvalidInput(message, "name")
    return name


def check_events(events: Collection[str] | None) -> list[str] | None:
    """Return the kinds of events that a channel takes, each once. Raises InvalidInput."""
    if events is not None and not events:
        raise InvalidInput(
            "Give at least one kind of event, or null for all. To pause a channel, disable it.", "events"
        )
    return None if events is None else list(dict.fromkeys(events))


def _store_settings(channel_id: str, settings: ChannelSettings, box: SecretBox) -> Changes:
    """Return settings as they are stored: plain values, sealed secrets, and what may be shown of them."""
    sealed = {name: box.seal(secret, channel_id) for name, secret in settings.secret_values().items()}
    return {"settings": settings.plain_values(), "sealed": sealed, "shown": settings.show()}


def _age(channel: NotificationChannelDocument) -> tuple[datetime, str]:
    return channel["created_at"], channel["_id"]


def _too_many() -> Conflict:
    return Conflict(f"You have {MAX_CHANNELS} notification channels, which is the maximum. Delete one first.")
