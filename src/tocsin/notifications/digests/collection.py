"""The deliveries of digests: opened once for each period, and what they tell of.

A mail that a digest collects is a delivery of its own that is held back until the digest is due. The first that is due
opens the digest, whose ID derives from its owner and the time; the others find it. When the digest is sent, it takes
all that waits for it, and names what it tells of in its own document before anything is sent. So it tells the same when
it is tried again, and each of those that it collected finds out what has become of it, whoever died in between.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from tocsin import clock
from tocsin.documents import Changes, Database, DeliveryDocument, DeliveryStatus, Filter, MailPurpose
from tocsin.documents.narrowed_queries import find_narrowed
from tocsin.documents.updates import all_of, change_when, has_value, is_null, update_by_ids
from tocsin.notifications.channels.base import DeliveryObsolete
from tocsin.notifications.channels.mail.layout import format_text
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.delivery_claims import IS_QUEUED, change_delivery, is_claimed, update_deliveries
from tocsin.notifications.digests.addresses import digest_id, select_kinds
from tocsin.notifications.digests.texts import describe_digest
from tocsin.notifications.events import DIGEST_KIND, INCIDENT_ENDS
from tocsin.notifications.live.holding import not_awaiting_acknowledgement
from tocsin.notifications.pages import INBOX_PAGE_PATH
from tocsin.notifications.preferences.choices import Choices
from tocsin.notifications.preferences.held_deliveries import IS_UNCLAIMED, DeliveryHeld, set_aside
from tocsin.notifications.preferences.hold_backs import COLLECTED, HoldBackReason, channel_of, is_collected
from tocsin.notifications.preferences.incident_ends import find_ended
from tocsin.notifications.preferences.store import find_delivery_choices, find_preferences
from tocsin.notifications.preferences.untold_openings import find_objection_to

MAX_COLLECTED = 1_000
"""Notifications that one digest tells of. The next one tells of the others."""
_LOOK = timedelta(hours=1)
"""The time after which what was collected looks for the outcome, if nobody has said so."""
_PAUSE, _PATIENCE = timedelta(seconds=1), timedelta(minutes=2)
"""The wait for those that are about to join, and for how long: longer than the lease of a process that has died."""
_NOTHING = "there is nothing to tell any more"


async def open_digest(
    database: Database, owner: str, due: datetime, now: datetime, purpose: MailPurpose | None = None
) -> None:
    """Queue the digest of this user, for the address of a purpose, that was due at this time, unless it exists."""
    digest: DeliveryDocument = {
        "_id": digest_id(owner, due, purpose), "owner": owner, "kind": DIGEST_KIND, "run": None, "subject": "Digest",
        "text": "", "status": DeliveryStatus.QUEUED, "queued_at": now, "next_try_at": now, "lease_until": None,
        "tries": 0, "last_error": None, "delivered_at": None, "link": INBOX_PAGE_PATH, "purpose": purpose,
    }  # fmt: skip
    await enqueue_deliveries(database, [digest], now)


async def find_digest(database: Database, delivery_id: str) -> DeliveryDocument | None:
    """Return the delivery of a digest; None if there is none any more."""
    fields = {"status": 1, "collected": 1}
    return await database.deliveries.find_one({"_id": delivery_id}, fields)


async def collect_digest(database: Database, digest: DeliveryDocument, now: datetime) -> DeliveryDocument:
    """Return a claimed digest with its content, of all that it tells of. Raises DeliveryObsolete if that is nothing."""
    kinds = await select_kinds(database, digest)  # first: what comes between the next two can join too late
    collected = digest.get("collected") or await _take_all(database, digest, kinds, now)
    if not collected:
        raise DeliveryObsolete(_NOTHING)
    told = await _find_told(database, collected)
    await _record(database, digest, [each["_id"] for each in told])
    if not told:
        raise DeliveryObsolete(_NOTHING)
    ended = await find_ended(database, [each.get("about") for each in told])
    zone = (await find_preferences(database, [digest["owner"]]))[digest["owner"]].zone
    subject, content = describe_digest(told, ended, zone)
    clean = content.clean()
    return {**digest, "subject": subject, "text": format_text(clean), "content": clean.document}


async def finish_collected(database: Database, digest: DeliveryDocument) -> None:
    """Mark what a digest has told of. Without the database, each finds out itself: the digest must not fail for it."""
    done: Changes = {"status": DeliveryStatus.SUPERSEDED, "last_error": COLLECTED, "content": None}
    is_told = all_of(IS_UNCLAIMED, has_value("digest", digest["_id"]))
    try:
        stored = await find_digest(database, digest["_id"])
        collected = (stored and stored.get("collected")) or []
        if collected:
            await update_deliveries(database, [update_by_ids(collected, [change_when(is_told, done)])])
    except PyMongoError:
        return


async def _take_all(database: Database, digest: DeliveryDocument, kinds: Filter, now: datetime) -> Sequence[str]:
    """Assign all that it tells of to the digest, and return the IDs. Raises DeliveryHeld while some are about to join.

    Nobody can claim what the first taking has assigned. What was claimed before that is waited for, or has joined
    meanwhile: the second taking finds it.
    """
    await _take_waiting(database, digest, kinds, now)
    if digest["queued_at"] + _PATIENCE > now and await _has_joining(database, digest["owner"], now):
        await set_aside(database, digest, {"next_try_at": now + _PAUSE})
        raise DeliveryHeld(digest["_id"])
    return await _take_waiting(database, digest, kinds, now)


async def _has_joining(database: Database, owner: str, now: datetime) -> bool:
    """Tell whether a process is about to let another delivery join a digest of this user."""
    claimed = {"status": DeliveryStatus.QUEUED, "owner": owner, "next_try_at": {"$gt": now}}
    joining = {"held_for": HoldBackReason.DIGEST, "held_until": {"$lte": now}, "lease_until": {"$gt": now}}
    return bool(await find_narrowed(database.deliveries, claimed, joining, fields={"_id": 1}, limit=1))


async def _take_waiting(database: Database, digest: DeliveryDocument, kinds: Filter, now: datetime) -> Sequence[str]:
    """Assign to the digest what waits for it, what is due now and what waits for these, and return the IDs.

    Of what has not joined it, it takes what `kinds` selects and nobody has claimed. Whoever has claimed what has joined
    it only looks what has become of the digest.
    A mail that is held until its notification is acknowledged is not told of, but by the next digest if nobody does.
    """
    query = {"status": DeliveryStatus.QUEUED, "owner": digest["owner"], "next_try_at": {"$gt": clock.EPOCH}}
    behind = {
        **kinds,
        "digest": None,
        "tries": 0,
        "held_until": None,
    }  # another one about the same subject, not yet looked at
    due = {**kinds, "digest": None, "next_try_at": {"$lte": now}}
    free = {"$or": [{"claim": None}, {"lease_until": {"$lte": now}}]}
    joining = {"$and": [free, {"$or": [due, behind]}]}
    others = {"channel": None, "$or": [{"digest": digest["_id"]}, joining], **not_awaiting_acknowledgement(now)}
    waiting = await find_narrowed(database.deliveries, query, others, sort="next_try_at", limit=MAX_COLLECTED)
    wanted = await _find_wanted(database, waiting)
    assigned: Changes = {"digest": digest["_id"], "next_try_at": now + _LOOK, "claim": None, "lease_until": None}
    is_free = all_of(is_null("digest"), {"$not": [{"$gt": ["$lease_until", {"$literal": now}]}]})
    can_be_told = all_of(IS_QUEUED, {"$or": [is_free, has_value("digest", digest["_id"])]})
    if not wanted:
        return []
    await update_deliveries(database, [update_by_ids(wanted, [change_when(can_be_told, assigned)])])
    found = database.deliveries.find({"_id": {"$in": wanted}}, {"digest": 1})
    return [each["_id"] async for each in found if each.get("digest") == digest["_id"]]


async def _find_told(database: Database, collected: Sequence[str]) -> list[DeliveryDocument]:
    """Return what a digest tells of by the present choices: what was turned off since it was collected is left out.

    That finds out by itself that it was not told, and is decided anew.
    """
    found = await database.deliveries.find({"_id": {"$in": list(collected)}}).to_list()
    wanted = set(await _find_wanted(database, found))
    return [each for each in found if each["_id"] in wanted]


async def _find_wanted(database: Database, waiting: Collection[DeliveryDocument]) -> list[str]:
    """Return the IDs of those that the digest may tell of by the present choices. What has joined it stays in it."""
    choices = await find_delivery_choices(database, waiting)
    chosen = [(each, choices.about_delivery(each)) for each in waiting]
    return [
        each["_id"]
        for each, choice in chosen
        if await _is_wanted(database, each, choice)
        and (each.get("digest") is not None or is_collected(choice.preferences, each))
    ]


async def _is_wanted(database: Database, waiting: DeliveryDocument, choices: Choices) -> bool:
    if choices.find_objection(waiting["kind"], channel_of(waiting)) is None:
        return True
    return waiting["kind"] in INCIDENT_ENDS and await find_objection_to(database, waiting, choices) is None


async def _record(database: Database, digest: DeliveryDocument, collected: Sequence[str]) -> None:
    """Name what the digest tells of in its document. Raises DeliveryHeld if another process has it by now."""
    await update_deliveries(
        database, [change_delivery(digest["_id"], is_claimed(digest), {"collected": list(collected)})]
    )
    present = await database.deliveries.find_one({"_id": digest["_id"]}, {"claim": 1})
    if present is None or present.get("claim") != digest.get("claim"):
        raise DeliveryHeld(digest["_id"])
