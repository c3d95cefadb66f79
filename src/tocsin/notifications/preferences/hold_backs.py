"""Until when a delivery is held back: until a digest is sent, and until quiet hours are over. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.documents import DeliveryDocument
from tocsin.notifications.channels import DEFAULT_CHANNEL
from tocsin.notifications.events import DIGEST_KIND, EventKind
from tocsin.notifications.preferences.choices import ALWAYS_TOLD, Preferences
from tocsin.notifications.preferences.digest_times import DigestFrequency

NEVER_COLLECTED = ALWAYS_TOLD | {EventKind.APPROVAL, DIGEST_KIND}
"""Kinds that no digest collects: who is asked for a decision must know in time."""


class HoldBackReason(StrEnum):
    """Why a delivery is held back."""

    QUIET_HOURS = "QUIET_HOURS"
    DIGEST = "DIGEST"


HOLD_BACK_TEXTS = {
    HoldBackReason.QUIET_HOURS: "It is held back until quiet hours are over.",
    HoldBackReason.DIGEST: "It is collected for a digest.",
}
COLLECTED = "A digest tells of it."
"""The reason of what was superseded by a digest."""


@dataclass(frozen=True, slots=True)
class HoldBack:
    """The time until which a delivery is held back, and why."""

    until: datetime
    reason: HoldBackReason


def channel_of(delivery: DeliveryDocument) -> str:
    """Return the channel of a delivery."""
    return delivery.get("channel") or DEFAULT_CHANNEL


def is_collected(preferences: Preferences, delivery: DeliveryDocument) -> bool:
    """Tell whether a digest collects this delivery: only mails."""
    if channel_of(delivery) != DEFAULT_CHANNEL or preferences.digest.frequency is DigestFrequency.IMMEDIATELY:
        return False
    return delivery["kind"] not in NEVER_COLLECTED | preferences.digest.except_kinds


def is_ripe(delivery: DeliveryDocument, now: datetime) -> bool:
    """Tell whether a delivery has waited for its digest, which is due."""
    until = delivery.get("held_until")
    return delivery.get("held_for") == HoldBackReason.DIGEST and until is not None and until <= now


def find_hold_back(preferences: Preferences, delivery: DeliveryDocument, now: datetime) -> HoldBack | None:
    """Return until when a delivery is held back from now on; None if it can be made."""
    if delivery["kind"] in ALWAYS_TOLD:
        return None
    zone, quiet, collected = preferences.zone, preferences.quiet_hours, is_collected(preferences, delivery)
    until = preferences.digest.next_time(zone, now) if collected else now
    if quiet is not None and quiet.silence(delivery["kind"], channel_of(delivery)):
        until = quiet.find_end(zone, until) or until
    if collected:
        return HoldBack(until, HoldBackReason.DIGEST)
    return HoldBack(until, HoldBackReason.QUIET_HOURS) if until > now else None
