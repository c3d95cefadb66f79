"""Stored preferences of users and rules of tasks and workflows: found, changed and deleted."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tocsin import clock
from tocsin.documents import Database, DeliveryDocument, Hold, NotificationPreferencesDocument, User
from tocsin.documents.keyset import KeysetQuery
from tocsin.errors import Conflict, NotFound
from tocsin.notifications.events import Event
from tocsin.notifications.preferences.choices import (
    Choices,
    FailureDetail,
    NotificationRule,
    Preferences,
    find_subject,
)

MAX_RULES = 1_000
"""Rules of one owner."""
_BATCH = 500


@dataclass(frozen=True, slots=True)
class ChoicesOf:
    """The choices that apply to news, of several users, as they were read."""

    documents: Mapping[str, NotificationPreferencesDocument] = field(default_factory=dict)

    def about(self, owner: str, subject: str | None) -> Choices:
        """Return what applies to news of this owner about this task or workflow, or about none."""
        rule = None if subject is None else self.documents.get(subject)
        return Choices(
            preferences=Preferences.from_document(self.documents.get(owner)),
            rule=None if rule is None or rule["owner"] != owner else NotificationRule.from_document(rule),
        )

    def about_event(self, event: Event) -> Choices:
        """Return what applies to an event."""
        return self.about(event.owner, find_subject(event.about, event.run))

    def about_delivery(self, delivery: DeliveryDocument) -> Choices:
        """Return what applies to a delivery."""
        return self.about(delivery["owner"], find_subject(delivery.get("about"), delivery["run"]))


async def find_choices(database: Database, news: Iterable[tuple[str, str | None]]) -> ChoicesOf:
    """Return the choices that apply to news, given their owners and what they are about, with one query by ID."""
    ids = {each for pair in news for each in pair if each}
    if not ids:
        return ChoicesOf()
    found = database.notification_preferences.find({"_id": {"$in": sorted(ids)}})
    return ChoicesOf({document["_id"]: document async for document in found})


async def find_event_choices(database: Database, events: Collection[Event]) -> ChoicesOf:
    """Return the choices that apply to events."""
    return await find_choices(database, [(each.owner, find_subject(each.about, each.run)) for each in events])


async def find_delivery_choices(database: Database, deliveries: Collection[DeliveryDocument]) -> ChoicesOf:
    """Return the choices that apply to deliveries."""
    pairs = [(each["owner"], find_subject(each.get("about"), each["run"])) for each in deliveries]
    return await find_choices(database, pairs)


async def find_preferences(database: Database, owners: Collection[str]) -> dict[str, Preferences]:
    """Return the preferences of each of these users."""
    choices = await find_choices(database, [(owner, None) for owner in owners])
    return {owner: choices.about(owner, None).preferences for owner in owners}


async def find_reminder_interval(database: Database, owner: str) -> timedelta | None:
    """Return the interval at which a user wants to be reminded of what still fails; None for no reminders."""
    return (await find_preferences(database, [owner]))[owner].reminder_every


async def find_owners_of_attempts(database: Database, owners: Collection[str]) -> set[str]:
    """Return those of these users who may want to be told of every failed attempt, of all or of some tasks."""
    fields = {"failures": 1, "has_attempt_rules": 1}
    found = database.notification_preferences.find({"_id": {"$in": sorted(owners)}}, fields)
    return {row["_id"] async for row in found if _tells_attempts(row)}


def _tells_attempts(preferences: NotificationPreferencesDocument) -> bool:
    return preferences.get("failures") == FailureDetail.EVERY_ATTEMPT or bool(preferences.get("has_attempt_rules"))


async def find_rule(database: Database, owner: str, subject: str) -> NotificationPreferencesDocument | None:
    """Return the rule of a task or workflow of the owner; None if it has none."""
    found = await database.notification_preferences.find_one({"_id": subject})
    return found if found is not None and found["owner"] == owner and subject != owner else None


async def find_ruled(database: Database, owner: str, subjects: Iterable[str]) -> set[str]:
    """Return those of these tasks and workflows of the owner (by ID) with a rule that keeps back anything."""
    found = database.notification_preferences.find({"_id": {"$in": sorted(set(subjects))}})
    rules = [each async for each in found if each["owner"] == owner]
    return {each["_id"] for each in rules if NotificationRule.from_document(each).keeps_back}


async def change_preferences(
    database: Database, owner: str, changes: Mapping[str, Any]
) -> NotificationPreferencesDocument | None:
    """Set fields of the preferences of a user, and return these."""
    return await _change(database, owner, owner, changes)


async def change_rule(
    database: Database, owner: str, subject_type: str, subject: str, changes: Mapping[str, Any]
) -> NotificationPreferencesDocument:
    """Set fields of the rule of a task or workflow, which the caller has checked. Raises Conflict for too many."""
    if await find_rule(database, owner, subject) is None:
        count = await database.notification_preferences.count_documents({"owner": owner}, limit=MAX_RULES + 1)
        if count > MAX_RULES:
            message = (
                f"You have {MAX_RULES} notification rules, which is the maximum. Delete one of notificationRules first."
            )
            raise Conflict(message, "subjectId")
    if changes.get("failures") == FailureDetail.EVERY_ATTEMPT:  # before the rule, which nobody would look up without it
        await _change(database, owner, owner, {"has_attempt_rules": True})
    update = {"$set": {**changes, "owner": owner, "subject_type": subject_type}}
    first = {"$setOnInsert": {"created_at": clock.now()}}
    await database.notification_preferences.update_one({"_id": subject}, update | first, upsert=True)
    changed = await database.notification_preferences.find_one({"_id": subject})
    if changed is None:
        raise NotFound("The rule was deleted meanwhile.", "subjectId")
    return changed


def query_rules(database: Database, owner: User) -> KeysetQuery[NotificationPreferencesDocument]:
    """Build the query for the rules of the owner, oldest first. Preferences, which have no time, are none of them."""
    return KeysetQuery(
        collection=database.notification_preferences,
        order_name="notification_rule",
        key="created_at",
        descending=False,
        indexed_filter={"owner": owner.id},
        min_key=clock.EPOCH,
        key_range_hint=(owner.created_at, clock.now()),
    )


async def _change(
    database: Database, owner: str, document_id: str, changes: Mapping[str, Any]
) -> NotificationPreferencesDocument | None:
    collection = database.notification_preferences
    if changes:
        await collection.update_one({"_id": document_id}, {"$set": {"owner": owner, **changes}}, upsert=True)
    return await collection.find_one({"_id": document_id})


async def delete_rule(database: Database, subject: str) -> bool:
    """Delete the rule of a task or workflow, and return whether it had one."""
    return (await database.notification_preferences.delete_one({"_id": subject})).deleted_count > 0


async def prune_rules(database: Database, owner: str) -> int:
    """Delete the rules of this owner whose task or workflow was deleted, and return their number."""
    found = database.notification_preferences.find({"owner": owner}, {"_id": 1})
    subjects = [row["_id"] async for row in found if row["_id"] != owner]
    gone: list[str] = []
    for start in range(0, len(subjects), _BATCH):
        batch = subjects[start : start + _BATCH]
        gone += set(batch) - await find_existing_subjects(database, batch)
    if gone:
        await database.notification_preferences.delete_many({"_id": {"$in": gone}})
    return len(gone)


async def find_existing_subjects(database: Database, subjects: Sequence[str]) -> set[str]:
    """Return those of these IDs that a task or workflow has that was not deleted."""
    wanted = {"_id": {"$in": list(subjects)}}
    tasks = database.tasks.find(wanted, {"hold": 1})
    existing = {row["_id"] async for row in tasks if row["hold"] != Hold.DELETED}
    workflows = database.workflows.find(wanted, {"deleted": 1})
    return existing | {row["_id"] async for row in workflows if not row["deleted"]}
