"""The order of the deliveries about one subject, and which of them are superseded. Pure.

Of the deliveries of a channel about one subject (a task, a workflow, an approval, an incident) one is made at a time,
the earliest first. One that failed until the next stage of its incident is superseded: the later one covers both. The
end of an incident covers nothing: it is good news only to who knows the bad. A channel that was away for long needs the
latest news, so only the last few of a subject wait for it: they replace the earlier ones, but not the end of the
incident of which it was told last.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.documents import DeliveryDocument
from tocsin.notifications.incident_stages import INCIDENT_TYPES, OVER_STAGE, phase_of_stage
from tocsin.notifications.live.holding import is_held, is_live

FIRST_RETRY_DELAY = timedelta(seconds=30)
"""The wait before the first retry. A delivery that is older, or that was tried before, is late."""
MAX_WAITING = 10
"""Deliveries of a channel about one subject that can wait: newer ones replace the older ones."""
MAX_SET_ASIDE = 20
"""The same for those that wait for the end of quiet hours or for a digest."""
_LEASE_POLL = timedelta(seconds=2)
Group = tuple[str | None, str]
"""The deliveries that are made one at a time: those of one channel (None for mail) about one subject."""


@dataclass(slots=True)
class DeliveryPlan:
    """Ids of deliveries: those ready, those superseded, and those waiting for an earlier one, until when.

    Superseded are those that a later stage covers; `replaced` are those for which too many newer ones wait.
    """

    ready: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    waiting: dict[str, datetime] = field(default_factory=dict)


def group_of(delivery: DeliveryDocument) -> Group | None:
    """Return the channel and the subject of the delivery, if it has a subject."""
    about = delivery.get("about")
    return None if about is None else (delivery.get("channel"), about["id"])


def is_set_aside(delivery: DeliveryDocument, now: datetime) -> bool:
    """Tell whether it waits for the end of quiet hours or for a digest, so that others do not wait for it."""
    until = delivery.get("held_until")
    return delivery.get("digest") is not None or (until is not None and until > now)


def is_late(delivery: DeliveryDocument, now: datetime) -> bool:
    """Tell whether the notification could not be delivered soon after it was queued."""
    return bool(delivery["tries"]) or now - delivery["queued_at"] >= FIRST_RETRY_DELAY


def plan_deliveries(
    due: Collection[DeliveryDocument], pending: Iterable[DeliveryDocument], delivered: Collection[str], now: datetime
) -> DeliveryPlan:
    """Decide what to do with the due deliveries.

    `pending` are all undelivered ones about their subjects, `delivered` the ids of those that supersede others.
    """
    plan = DeliveryPlan([each["_id"] for each in due if each.get("about") is None and not is_held(each, now)])
    plan.waiting |= {each["_id"]: until for each in due if (until := _held_until(each, now)) is not None}
    for group in _by_group(pending):
        _plan_group(group, delivered, now, plan)
    return plan


def find_replaced(pending: Iterable[DeliveryDocument], now: datetime) -> list[str]:
    """Return the ids of those for which too many newer ones wait, even if these are only some of all that wait."""
    return [each for group in _by_group(pending) for each in _beyond_limit(sorted(group, key=_place), now)]


def superseding_id(delivery: DeliveryDocument) -> str | None:
    """Return the id of the delivery that would supersede this one; None if its kind cannot be superseded."""
    about = delivery.get("about")
    if about is None or about["type"] not in INCIDENT_TYPES or about["stage"] != 0:
        return None
    before, _, channel = delivery["_id"].rpartition(":began")
    return f"{before}:failed{channel}"


def _by_group(deliveries: Iterable[DeliveryDocument]) -> Iterable[list[DeliveryDocument]]:
    groups: dict[Group, list[DeliveryDocument]] = {}
    for each in deliveries:
        if (key := group_of(each)) is not None:
            groups.setdefault(key, []).append(each)
    return groups.values()


def _plan_group(group: list[DeliveryDocument], delivered: Collection[str], now: datetime, plan: DeliveryPlan) -> None:
    """Plan the deliveries of a channel about one subject. The time for it grows with their number only."""
    last_stages = _last_stages(group)
    outdated = {each["_id"] for each in group if _is_outdated(each, last_stages, delivered, now)}
    kept = sorted((each for each in group if each["_id"] not in outdated), key=_place)
    replaced = set(_beyond_limit(kept, now))
    plan.superseded += outdated
    plan.replaced += replaced
    _plan_first([each for each in kept if each["_id"] not in replaced], now, plan)


def _plan_first(kept: list[DeliveryDocument], now: datetime, plan: DeliveryPlan) -> None:
    """Plan the first of a group, for which the others wait.

    Nothing waits for a mail that is held, for one that is set aside, nor for the repetition of a live delivery.
    """
    apart = [each for each in kept if is_live(each) or is_set_aside(each, now)]
    plan.ready += [each["_id"] for each in apart if each["next_try_at"] <= now and not is_held(each, now)]
    kept = [each for each in kept if each not in apart and not is_held(each, now)]
    if not kept:
        return
    first = kept[0]
    if first["next_try_at"] <= now:
        plan.ready.append(first["_id"])
        return
    until = min(first["next_try_at"], now + _LEASE_POLL) if _is_leased(first, now) else first["next_try_at"]
    plan.waiting |= {each["_id"]: until for each in kept[1:] if each["next_try_at"] <= now}


def _beyond_limit(ordered: list[DeliveryDocument], now: datetime) -> list[str]:
    aside = [each for each in ordered if is_set_aside(each, now)]
    waiting = [each for each in ordered if not is_set_aside(each, now)]
    beyond = (*aside[:-MAX_SET_ASIDE], *waiting[:-MAX_WAITING])
    return [each["_id"] for each in beyond if not (_is_leased(each, now) or (each is ordered[0] and _is_end(each)))]


def _is_end(delivery: DeliveryDocument) -> bool:
    """Tell whether a delivery is the end of an incident. The first that waits ends what the channel was told last."""
    about = delivery.get("about")
    return about is not None and about["type"] in INCIDENT_TYPES and about["stage"] == OVER_STAGE


def _last_stages(group: list[DeliveryDocument]) -> dict[tuple[int, int], int]:
    """Return the last stage of each incident, of those that cover each other."""
    last: dict[tuple[int, int], int] = {}
    for each in group:
        stage, covered = stage_order(each)[1], _phase(each)
        last[covered] = max(stage, last.get(covered, stage))
    return last


def _is_outdated(
    delivery: DeliveryDocument, last_stages: Mapping[tuple[int, int], int], delivered: Collection[str], now: datetime
) -> bool:
    if _is_leased(delivery, now):
        return False
    if superseding_id(delivery) in delivered:
        return True
    return last_stages[_phase(delivery)] > stage_order(delivery)[1] and is_late(delivery, now)


def stage_order(delivery: DeliveryDocument) -> tuple[int, int]:
    """Return the place of a delivery among those about its subject: the number of its incident, and its stage."""
    about = delivery.get("about")
    return (about["incident"], about["stage"]) if about else (0, 0)


def _phase(delivery: DeliveryDocument) -> tuple[int, int]:
    """Return the incident, and the number of its phase, in which a later stage covers the earlier ones."""
    about = delivery.get("about")
    if about is None or about["type"] == "Approval":
        return stage_order(delivery)[0], 0
    return about["incident"], phase_of_stage(about["stage"])


def _place(delivery: DeliveryDocument) -> tuple[int, int, datetime]:
    """Return the place of a delivery among those about its subject: failed attempts have all the same stage."""
    return (*stage_order(delivery), delivery["queued_at"])


def _held_until(delivery: DeliveryDocument, now: datetime) -> datetime | None:
    """Return until when a mail is held. Whoever made it due too early, it must not keep what is due from its place."""
    return delivery.get("acknowledge_by") if is_held(delivery, now) else None


def _is_leased(delivery: DeliveryDocument, now: datetime) -> bool:
    """Tell whether a process is sending it at present."""
    until = delivery["lease_until"]
    return delivery.get("claim") is not None and until is not None and until > now
