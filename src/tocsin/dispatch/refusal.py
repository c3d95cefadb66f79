"""Why a queued run cannot be claimed now, which other runs cannot be either, and what can end that. Pure."""

from dataclasses import dataclass
from math import ceil

from tocsin.documents import RunDocument, WaitingFor
from tocsin.security.gcra import Milliseconds
from tocsin.tasks.ranking import DEFAULT_QUEUE

Release = tuple[str, ...]
"""Something that can end refusals: what has changed, such as ("host", "a.example:443"), a run to which has ended."""
SETTINGS_CHANGED: Release = ("settings",)
PLACE_FREED: Release = ("places",)
RETRY_MS: Milliseconds = 500.0
"""Time after which a run that waits for a limit is asked for again, even without an event."""
MIN_RATE_WAIT: Milliseconds = 10.0
_RATES = frozenset({WaitingFor.QUEUE_RATE, WaitingFor.OWNER_HOST_RATE, WaitingFor.HOST_RATE})


@dataclass(frozen=True, slots=True)
class Saturation:
    """The limits that are used up when a run is refused.

    `queue_limited`: the run's queue has a limit, so that its runs are not claimed ahead. `queue_full`, `host_full`,
    `places_full`: no place is free for anybody in the queue, at the host, among the attempts. `room_full`,
    `host_crowded`, `owner_full`: no run may be claimed ahead, none to this host, none of this owner.
    """

    queue_limited: bool
    queue_full: bool
    host_full: bool
    places_full: bool
    room_full: bool
    host_crowded: bool
    owner_full: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a run is refused.

    Of the runs that were refused with an equal `cause`, the others are refused as long as one is. That ends with one of
    the events, or at a time `until` in milliseconds since 1970.
    """

    cause: tuple[object, ...]
    ends_with: tuple[Release, ...]
    until: Milliseconds | None = None


def refusal_of(
    run: RunDocument, what: WaitingFor, saturation: Saturation, *, short: bool, now: Milliseconds, wait: Milliseconds
) -> Refusal:
    """Return the refusal of a run that waits for this. `wait` is the time for which a rate or a circuit refuses it."""
    queue, owner, host = run.get("queue") or DEFAULT_QUEUE, run["owner"], run.get("host")
    if what is WaitingFor.QUEUE_PAUSED:
        return Refusal((what, queue), (SETTINGS_CHANGED,))
    if what is WaitingFor.CIRCUIT_OPEN:
        return Refusal((what, owner, host), (("circuit", owner, host or ""),), _round_up(now + wait, 1000))
    if what in _RATES:
        limited = {WaitingFor.QUEUE_RATE: (queue,), WaitingFor.HOST_RATE: (host,)}.get(what, (owner, host))
        until = _round_up(now + max(wait, MIN_RATE_WAIT), 100 if what is WaitingFor.OWNER_HOST_RATE else 1)
        return Refusal((what, *limited), (SETTINGS_CHANGED,), until)
    cause, event = _find_place_cause(run, what, saturation, short=short)
    return Refusal((what, *cause), (event, ("owner", owner), SETTINGS_CHANGED), _round_up(now + RETRY_MS, 250))


def _round_up(at: Milliseconds, step: int) -> Milliseconds:
    """Return the next multiple of the step, so that many refusals end together and wake the dispatcher once."""
    return float(ceil(at / step) * step)


def _find_place_cause(
    run: RunDocument, what: WaitingFor, saturation: Saturation, *, short: bool
) -> tuple[tuple[object, ...], Release]:
    """Return the cause for which a place is refused to a run, and the event that a place is free.

    A run without a place may be claimed ahead, to wait for one: so it is refused for two causes, of which either can
    end. Runs that are refused to everybody have one cause together.
    """
    queue, owner, host = run.get("queue") or DEFAULT_QUEUE, run["owner"], run.get("host")
    if what is WaitingFor.QUEUE_LIMIT:
        return (queue,) if saturation.queue_full else (queue, owner, short), ("queue", queue)
    nobody_waits = saturation.queue_limited or saturation.room_full
    waiting: tuple[object, ...] = (saturation.queue_limited, host if not saturation.owner_full else None)
    if what is WaitingFor.HOST_LIMIT:
        everybody = saturation.host_full and (nobody_waits or saturation.host_crowded)
        return (host, saturation.queue_limited) if everybody else (host, owner, short, *waiting), ("host", host or "")
    everybody = saturation.places_full and nobody_waits and what is WaitingFor.CONCURRENCY
    return (saturation.queue_limited,) if everybody else (owner, short, *waiting), PLACE_FREED
