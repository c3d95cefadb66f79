"""The kinds of events of which a user gets no mail: turned off with one click in a mail, and on again.

Only mails are turned off. The notifications stay in the API, and the channels of the user are told of them.
"""

from collections.abc import Collection, Mapping, Sequence

from tocsin.documents import Database, MailPurpose
from tocsin.notifications.events import ACCOUNT_EVENTS, DIGEST_KIND, EventKind

OPTIONAL_MAILS = frozenset(EventKind) - ACCOUNT_EVENTS
"""The kinds whose mails can be turned off: all but those about the account and its security."""
_NAMES: Mapping[str, str] = {
    EventKind.BEGAN_FAILING: "a task or workflow begins to fail",
    EventKind.FAILED_FOR_GOOD: "a task or workflow has failed",
    EventKind.STILL_FAILING: "something still fails, as a reminder",
    EventKind.RECOVERED: "something that failed works again",
    EventKind.INCIDENT_CLOSED: "something that failed is no longer watched",
    EventKind.ATTEMPT_FAILED: "an attempt of a task has failed",
    EventKind.TASK_PAUSED: "a task has paused itself",
    EventKind.RUN_MISSED: "runs of a task were missed or skipped",
    EventKind.WORKFLOW_FINISHED: "a workflow run was completed",
    EventKind.WORKFLOW_FAILED: "a workflow run has failed that you started",
    EventKind.REPORT_READY: "a report is ready",
    EventKind.REPLAY_FINISHED: "a replay of dead letters has ended",
    EventKind.NETWORK_DOWN: "the network of the server is down",
    EventKind.NETWORK_UP: "the network of the server is back",
    EventKind.APPROVAL: "a workflow waits for your decision",
    EventKind.QUOTA_MET: "you have reached a quota",
    EventKind.CHANNEL_DISABLED: "a notification channel of yours is disabled",
}


def digest_link_name(purpose: MailPurpose | None) -> str:
    """Return what a link names in place of a kind: the digests for the address of a purpose, or of the account."""
    return DIGEST_KIND if purpose is None else f"{DIGEST_KIND}-{purpose}"


DIGEST_LINKS: Mapping[str, MailPurpose | None] = {digest_link_name(each): each for each in (None, *MailPurpose)}
"""The purposes of digests by these names."""


def describe_kinds(kinds: Sequence[str]) -> str:
    """Return what happens when there is an event of one of these kinds, as the end of a sentence with "when"."""
    *others, last = map(describe_kind, kinds)
    return f"{', '.join(others)}, or {last}" if others else last


def describe_kind(kind: str) -> str:
    """Return what happens when there is an event of this kind, as the end of a sentence with "when"."""
    return _NAMES.get(kind) or f"there is news of the kind {kind}"


async def find_mails_off(database: Database, user: str) -> set[str]:
    """Return the kinds of events of which the user gets no mail."""
    found = await database.notification_preferences.find_one({"_id": user}, {"mail_off": 1})
    return set() if found is None else set(found.get("mail_off") or ())


async def turn_mails_off(database: Database, user: str, kinds: Collection[EventKind]) -> list[EventKind]:
    """Turn off the mails of these kinds, and return those of them that were on."""
    wanted, off = sorted(OPTIONAL_MAILS.intersection(kinds)), await find_mails_off(database, user)
    update = {"$addToSet": {"mail_off": {"$each": wanted}}, "$set": {"owner": user}}
    await database.notification_preferences.update_one({"_id": user}, update, upsert=True)
    return [kind for kind in wanted if kind not in off]


async def turn_mails_on(database: Database, user: str, kinds: Collection[EventKind]) -> list[EventKind]:
    """Turn on the mails of these kinds, and return those of them that were off."""
    off = await find_mails_off(database, user)
    update = {"$pull": {"mail_off": {"$in": sorted(kinds)}}}
    await database.notification_preferences.update_one({"_id": user}, update)
    return [kind for kind in sorted(kinds) if kind in off]
