"""The gate before each attempt at a delivery: what its owner has chosen decides whether it is made now.

A delivery is looked at when it is due, by the preferences of that moment. So a change of these applies to what waits.
"""

from datetime import datetime, timedelta
from typing import NoReturn

from tocsin.documents import Changes, Database, DeliveryDocument, DeliveryStatus
from tocsin.notifications.channels.base import DeliveryObsolete, DeliverySuppressed
from tocsin.notifications.digests.addresses import digest_id, find_digest_purpose
from tocsin.notifications.digests.collection import collect_digest, find_digest, open_digest
from tocsin.notifications.events import DIGEST_KIND, EventKind
from tocsin.notifications.preferences.choices import ALWAYS_TOLD, Choices
from tocsin.notifications.preferences.covered_ends import COVERED, is_end_covered
from tocsin.notifications.preferences.held_deliveries import DeliveryHeld, hold_back_delivery, set_aside
from tocsin.notifications.preferences.hold_backs import COLLECTED, find_hold_back, is_collected, is_ripe
from tocsin.notifications.preferences.incident_ends import find_ended
from tocsin.notifications.preferences.store import find_delivery_choices
from tocsin.notifications.preferences.untold_openings import find_objection_to

_COVER_LOOK = timedelta(seconds=5)
"""The time after which it is looked at again whether another notification tells of an end."""
_DIGEST_LOOK = timedelta(hours=1)
"""The time after which a delivery that a digest tells of looks whether that was sent, if nobody has said so."""


async def admit_delivery(database: Database, delivery: DeliveryDocument, now: datetime) -> DeliveryDocument:
    """Return a claimed delivery as it is to be made now; a digest with its content.

    Raises DeliveryHeld, DeliverySuppressed or DeliveryObsolete.
    """
    if delivery["kind"] in ALWAYS_TOLD:
        return delivery
    choices = (await find_delivery_choices(database, [delivery])).about_delivery(delivery)
    if delivery.get("digest") is not None:
        await _await_digest(database, delivery, now)
    await _require_wanted(database, delivery, choices)
    await _require_news(database, delivery)
    await require_uncovered(database, delivery, now)
    if is_ripe(delivery, now) and is_collected(choices.preferences, delivery):
        await _join_digest(database, delivery, now)
    await _hold_back_if_needed(database, delivery, choices, now)
    return await collect_digest(database, delivery, now) if delivery["kind"] == DIGEST_KIND else delivery


async def require_wanted(database: Database, delivery: DeliveryDocument) -> None:
    """Raise DeliverySuppressed for a delivery that its owner does not want any more, whenever it would be made."""
    await _require_wanted(
        database, delivery, (await find_delivery_choices(database, [delivery])).about_delivery(delivery)
    )


async def _require_wanted(database: Database, delivery: DeliveryDocument, choices: Choices) -> None:
    """Raise DeliverySuppressed for what is turned off, and for good news without the bad news."""
    if (objection := await find_objection_to(database, delivery, choices)) is not None:
        raise DeliverySuppressed(objection)


async def _require_news(database: Database, delivery: DeliveryDocument) -> None:
    """Raise DeliveryObsolete for a failure that was held back until the retry had succeeded: nothing was lost by it."""
    about = delivery.get("about")
    if about is None or delivery.get("held_until") is None or delivery["kind"] != EventKind.BEGAN_FAILING:
        return
    if await find_ended(database, [about]):
        raise DeliveryObsolete("it worked again before it was to be told")


async def require_uncovered(database: Database, delivery: DeliveryDocument, now: datetime) -> None:
    """Raise DeliveryObsolete for the end of an incident of which another notification tells, or DeliveryHeld while
    that is not known.
    """
    is_covered = await is_end_covered(database, delivery)
    if is_covered is None:
        await set_aside(database, delivery, {"next_try_at": now + _COVER_LOOK})
        raise DeliveryHeld(delivery["_id"])
    if is_covered:
        raise DeliveryObsolete(COVERED)


async def _hold_back_if_needed(database: Database, delivery: DeliveryDocument, choices: Choices, now: datetime) -> None:
    hold_back = find_hold_back(choices.preferences, delivery, now)
    if hold_back is not None:
        await hold_back_delivery(database, delivery, hold_back, choices, now)
        raise DeliveryHeld(hold_back.reason)


async def _join_digest(database: Database, delivery: DeliveryDocument, now: datetime) -> NoReturn:
    """Let the digest for which a delivery has waited tell of it, and open that digest if nobody has.

    The delivery joins first: a digest that is opened finds it.
    """
    due, purpose = delivery.get("held_until") or now, await find_digest_purpose(database, delivery)
    wanted = digest_id(delivery["owner"], due, purpose)
    digest = await find_digest(database, wanted)
    if digest is not None and digest["status"] != DeliveryStatus.QUEUED:  # the next one tells of it
        await _leave_digest(database, delivery, now)
    joined: Changes = {"digest": wanted, "next_try_at": now + _DIGEST_LOOK}
    await set_aside(database, delivery, joined)
    await open_digest(database, delivery["owner"], due, now, purpose)
    raise DeliveryHeld(joined["digest"])


async def _await_digest(database: Database, delivery: DeliveryDocument, now: datetime) -> NoReturn:
    """Find out what has become of the digest that was to tell of a delivery. If it did not, it is decided anew."""
    digest = await find_digest(database, delivery.get("digest") or "")
    if digest is None:  # who joined it died before opening it
        await _join_digest(database, delivery, now)
    elif digest["status"] == DeliveryStatus.QUEUED:
        await set_aside(database, delivery, {"next_try_at": now + _DIGEST_LOOK})
        raise DeliveryHeld(digest["_id"])
    elif delivery["_id"] in (digest.get("collected") or ()):
        raise DeliveryObsolete(COLLECTED)
    await _leave_digest(database, delivery, now)


async def _leave_digest(database: Database, delivery: DeliveryDocument, now: datetime) -> NoReturn:
    """Let a delivery be decided anew, of which a digest that has ended does not tell."""
    await set_aside(database, delivery, {"digest": None, "held_for": None, "held_until": None, "next_try_at": now})
    raise DeliveryHeld(delivery["_id"])
