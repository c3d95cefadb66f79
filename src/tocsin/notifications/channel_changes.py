"""Changes of channels by their owners: created, changed and deleted, and their keys rotated.

Secret values are sealed for the ID of their channel. Every change raises the channel's `revision`, so that what an
attempt with earlier settings finds out does not count any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import DuplicateKeyError

from tocsin import clock
from tocsin.documents import Changes, Database, NotificationChannelDocument, owner_of
from tocsin.documents.updates import change_when, has_value
from tocsin.errors import Conflict, ErrorCollector, InvalidInput
from tocsin.notifications.channel_closings import close_alerts
from tocsin.notifications.channel_store import find_channel, list_channels, open_settings
from tocsin.notifications.channels import CONFIGURABLE_CHANNELS
from tocsin.notifications.channels.configurable import ChannelSettings
from tocsin.notifications.channels.webhook import WebhookSettings
from tocsin.notifications.live.acknowledgements import release_mails
from tocsin.notifications.live.fallback import LIVE
from tocsin.notifications.preferences.named_channels import forget_channels
from tocsin.outbound.guard import ConnectionRules
from tocsin.security.secret_box import SecretBox, SecretUnreadable

MAX_CHANNELS = 20
"""Channels of one owner."""
KEY_OVERLAP = timedelta(days=1)
"""The time for which a rotated signing key signs too."""
_MAX_NAME = 100
_UNREADABLE = "The stored settings cannot be decrypted: the encryption key has changed. Create another channel."
_INVALID = "The stored settings are no longer valid. Create another channel."
_HEALTHY: Changes = dict.fromkeys(("failing_since", "retry_at", "last_error", "disabled_at", "disabled_reason"))
"""The fields of a channel of which nothing bad is known, as after a change of its settings."""


@dataclass(frozen=True, slots=True)
class ChannelDraft:
    """A channel as its owner gives it: kind, settings by the names of the API, and events, None for all."""

    kind: str
    given: Mapping[str, Any] = field(repr=False)
    name: str
    events: Sequence[str] | None = None
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class ChannelUpdate:
    """The changes of a channel by its owner; None for what stays.

    `given` are the kind and its settings, `events` a tuple of one.
    """

    given: tuple[str, Mapping[str, Any]] | None = field(default=None, repr=False)
    name: str | None = None
    events: tuple[Sequence[str] | None] | None = None
    is_enabled: bool | None = None


def validate_draft(draft: ChannelDraft, rules: ConnectionRules) -> ChannelSettings:
    """Return the settings of a draft. Raises MultipleInvalid with all faults."""
    faults = ErrorCollector()
    faults.try_parse(_check_name, draft.name)
    faults.try_parse(_check_events, draft.events)
    settings = faults.try_parse(_parse_settings, draft.kind, draft.given, rules, None)
    faults.raise_if_any()
    assert settings is not None  # noqa: S101  # there are no faults
    return settings


async def create_channel(
    database: Database, box: SecretBox, channel_id: str, draft: ChannelDraft, settings: ChannelSettings, now: datetime
) -> None:
    """Store a channel under this ID, unless it exists. Raises InvalidInput, and Conflict if there are too many."""
    owner = owner_of(channel_id)
    others = await list_channels(database, owner)
    if channel_id in (each["_id"] for each in others):  # of an interrupted call with the same idempotency key
        return
    _check_room([*others, {"kind": draft.kind}])
    stored = _store_settings(channel_id, settings, box)
    channel: NotificationChannelDocument = {
        "_id": channel_id, "owner": owner, "kind": draft.kind, "name": draft.name,
        "settings": stored["settings"], "sealed": stored["sealed"], "shown": stored["shown"],
        "events": _check_events(draft.events), "is_enabled": draft.is_enabled, "revision": 1, "created_at": now,
        "failing_since": None, "retry_at": None, "last_error": None, "last_delivered_at": None,
        "disabled_at": None, "disabled_reason": None,
    }  # fmt: skip
    try:
        await database.notification_channels.insert_one(channel)
    except DuplicateKeyError:  # another call with the same idempotency key was faster
        return
    try:
        _check_room(await list_channels(database, owner))
    except Conflict:  # others were created at the same time
        await database.notification_channels.delete_one({"_id": channel_id})
        raise


async def update_channel(
    database: Database,
    box: SecretBox,
    channel: NotificationChannelDocument,
    update: ChannelUpdate,
    rules: ConnectionRules,
) -> NotificationChannelDocument:
    """Change the version of a channel that was read, and return it. Raises MultipleInvalid, Conflict."""
    before = None if update.given is None else await _open_earlier(channel, box)
    faults, changes, is_other = ErrorCollector(), Changes(), False
    if update.given is not None:
        settings = faults.try_parse(_parse_settings, *update.given, rules, before, channel["kind"])
        changes |= {} if settings is None else _store_settings(channel["_id"], settings, box) | _HEALTHY
        is_other = settings != before
    if update.name is not None:
        changes["name"] = faults.try_parse(_check_name, update.name)
    if update.events is not None:
        changes["events"] = faults.try_parse(_check_events, *update.events)
    if update.is_enabled is not None:
        changes |= {**_HEALTHY, "is_enabled": update.is_enabled}
    faults.raise_if_any()
    if is_other:
        await close_alerts(database, channel)
    changed = await _change(database, channel, changes)
    if changed["kind"] == LIVE and not changed["is_enabled"]:
        await release_mails(database, channel["owner"], clock.now())
    return changed


async def _open_earlier(channel: NotificationChannelDocument, box: SecretBox) -> ChannelSettings:
    """Return the settings from which an update keeps what is generated. Raises Conflict."""
    try:
        return await open_settings(channel, box)
    except SecretUnreadable:
        raise Conflict(_UNREADABLE, "id") from None
    except InvalidInput:
        raise Conflict(_INVALID, "id") from None


async def rotate_key(
    database: Database, box: SecretBox, channel: NotificationChannelDocument, now: datetime
) -> tuple[NotificationChannelDocument, str]:
    """Give a webhook a new signing key, and return both. The former one signs too for a day. Raises Conflict."""
    settings = await _open_earlier(channel, box)
    if not isinstance(settings, WebhookSettings):
        raise InvalidInput("Only webhooks have a signing key.", "id")
    rotated = settings.rotate_key(now, KEY_OVERLAP)
    changed = await _change(database, channel, _store_settings(channel["_id"], rotated, box))
    return changed, rotated.signing_key.get_secret_value()


async def delete_channel(database: Database, channel: NotificationChannelDocument) -> None:
    """Delete a channel, also from preferences and rules. What is queued for it is not delivered any more, but mailed if
    it is live. What it has opened in an alert service is closed there.

    It is taken from these before, so that whoever was interrupted can repeat it, and after, for one that named it
    meanwhile.
    """
    await close_alerts(database, channel)
    await forget_channels(database, channel["owner"], [channel["_id"]])
    await database.notification_channels.delete_one({"_id": channel["_id"]})
    await forget_channels(database, channel["owner"], [channel["_id"]])
    if channel["kind"] == LIVE:
        await release_mails(database, channel["owner"], clock.now())


async def _change(
    database: Database, channel: NotificationChannelDocument, changes: Changes
) -> NotificationChannelDocument:
    """Change a channel unless it was changed since it was read, and return it. Raises Conflict."""
    revision = channel["revision"]
    changed: Changes = {**changes, "revision": revision + 1}
    stage = change_when(has_value("revision", revision), changed)
    result = await database.notification_channels.update_one({"_id": channel["_id"]}, [stage])
    if not result.modified_count:
        raise Conflict("The channel was changed at the same time. Read it again, and repeat the change.", "id")
    return await find_channel(database, channel["owner"], channel["_id"])


def _parse_settings(
    kind: str,
    given: Mapping[str, Any],
    rules: ConnectionRules,
    before: ChannelSettings | None,
    present_kind: str | None = None,
) -> ChannelSettings:
    """Validate settings. Raises InvalidInput with the path `channel`, the kind and the setting."""
    try:
        if present_kind not in (None, kind):
            raise InvalidInput(f"The channel is of the kind {present_kind}. To change that, create another one.")
        settings: ChannelSettings = CONFIGURABLE_CHANNELS[kind].parse_settings(given, rules, before)
    except InvalidInput as error:
        raise error.prefix_path("channel", kind) from None
    return settings


def _check_name(name: str) -> str:
    """Return the name of a channel. Raises InvalidInput."""
    if not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
        message = f"name must have 1 to {_MAX_NAME} characters, none of them a control character, not only spaces."
        raise InvalidInput(message, "name")
    return name


def _check_events(events: Sequence[str] | None) -> list[str] | None:
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


def _check_room(channels: Sequence[Mapping[str, Any]]) -> None:
    """Raise Conflict if these are more channels than an owner can have."""
    if len(channels) > MAX_CHANNELS:
        raise Conflict(f"You have {MAX_CHANNELS} notification channels, which is the maximum. Delete one first.")
    if sum(channel["kind"] == LIVE for channel in channels) > 1:
        raise Conflict("You have a live channel already, and one is enough for all clients. Change that one.")
