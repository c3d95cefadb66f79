"""Retry policies: how often and when a failed run is retried. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tocsin.clock import MILLISECOND
from tocsin.errors import InvalidInput

MAX_ATTEMPTS = 100
"""Maximum number of attempts of a run in all its rounds."""
MAX_RETRIES = MAX_ATTEMPTS - 1
MAX_WAIT = timedelta(days=366)
DEFAULT_FACTOR, DEFAULT_JITTER = 2.0, 0.0
_DEFAULT_LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponentially growing waits: `initial`, then `factor` times the previous one, at most `maximum`.

    `jitter` (0..1) is the random part of each wait, so that tasks that failed together are not retried together.
    """

    initial: timedelta
    factor: float
    maximum: timedelta
    jitter: float

    def wait_before(self, retry: int, chance: float) -> timedelta:
        """Return the wait before retry number `retry` (from 0). `chance` is a random number in 0..1."""
        try:
            grown = min(self.initial * self.factor**retry, self.maximum)
        except OverflowError:
            grown = self.maximum
        return grown * (1 - self.jitter * chance)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Up to `max_retries` retries, with waits from `offsets` (the last one repeats) or from `backoff`.

    `statuses` limits the HTTP statuses that are retried; None means all failures. A stored policy may leave
    `max_retries` None, and have neither `offsets` nor `backoff`: `RetryDefaults` completes it.
    """

    max_retries: int | None
    offsets: tuple[timedelta, ...] = ()
    backoff: Backoff | None = None
    statuses: frozenset[int] | None = None

    def wait_before(self, retry: int, chance: float) -> timedelta:
        """Return the wait from the end of the failed attempt to retry number `retry` (from 0)."""
        if self.backoff is not None:
            wait = self.backoff.wait_before(retry, chance)
        else:
            wait = self.offsets[min(retry, len(self.offsets) - 1)]
        return wait // MILLISECOND * MILLISECOND

    def can_retry_status(self, status_code: int | None) -> bool:
        """Return whether a failure with this HTTP status (None: no response) is retried."""
        return self.statuses is None or status_code in self.statuses


def build_policy(
    max_retries: int | None,
    offsets: Sequence[timedelta] | None,
    backoff: Backoff | None,
    statuses: Iterable[int] | None,
) -> RetryPolicy:
    """Build a policy. None leaves a part to the server's defaults; a list of offsets implies the number of retries.

    Raises InvalidInput for parts that contradict each other. `validate_policy` validates each part.
    """
    if offsets is not None and backoff is not None:
        raise InvalidInput("Give offsets or backoff, not both.", "backoff")
    most = len(offsets) if max_retries is None and offsets is not None else max_retries
    if offsets is not None and not offsets and most:
        raise InvalidInput("offsets is empty, so there is no wait to repeat. Give at least one, or omit it.", "offsets")
    return RetryPolicy(most, tuple(offsets or ()), backoff, None if statuses is None else frozenset(statuses))


def build_backoff(initial: timedelta, factor: float, longest: timedelta | None, jitter: float) -> Backoff:
    """Build a backoff. `longest` defaults to a day, or to `initial` if that is longer."""
    return Backoff(initial, factor, max(_DEFAULT_LONGEST, initial) if longest is None else longest, jitter)


def validate_policy(policy: RetryPolicy, path: str = "retry") -> None:
    """Validate a policy. Raises InvalidInput at the invalid field."""
    if policy.max_retries is not None and not 0 <= policy.max_retries <= MAX_RETRIES:
        raise InvalidInput(f"maxRetries must be 0 to {MAX_RETRIES}.", path, "maxRetries")
    if len(policy.offsets) > MAX_RETRIES:
        raise InvalidInput(f"offsets must have at most {MAX_RETRIES} entries.", path, "offsets")
    if any(not timedelta(0) <= offset <= MAX_WAIT for offset in policy.offsets):
        raise InvalidInput("Each offset must be from PT0S to P366D.", path, "offsets")
    if policy.statuses is not None and any(not 100 <= status <= 599 for status in policy.statuses):
        raise InvalidInput("HTTP statuses are numbers from 100 to 599.", path, "statuses")
    if policy.backoff is not None:
        _check_backoff(policy.backoff, path)


def _check_backoff(backoff: Backoff, path: str) -> None:
    if not timedelta(0) < backoff.initial <= MAX_WAIT:
        raise InvalidInput("initial must be longer than PT0S and at most P366D.", path, "backoff", "initial")
    if not 1 <= backoff.factor <= 100:
        raise InvalidInput("factor must be 1 to 100.", path, "backoff", "factor")
    if not backoff.initial <= backoff.maximum <= MAX_WAIT:
        raise InvalidInput("max must be at least initial and at most P366D.", path, "backoff", "max")
    if not 0 <= backoff.jitter <= 1:
        raise InvalidInput("jitter must be 0 to 1.", path, "backoff", "jitter")


def policy_to_document(policy: RetryPolicy) -> dict[str, Any]:
    """Return the stored form of a policy, with durations in milliseconds."""
    backoff = policy.backoff
    return {
        "max_retries": policy.max_retries,
        "offsets": [offset // MILLISECOND for offset in policy.offsets],
        "backoff": backoff and {
            "initial": backoff.initial // MILLISECOND,
            "factor": backoff.factor,
            "maximum": backoff.maximum // MILLISECOND,
            "jitter": backoff.jitter,
        },
        "statuses": None if policy.statuses is None else sorted(policy.statuses),
    }  # fmt: skip


def policy_from_document(document: Mapping[str, Any]) -> RetryPolicy:
    """Return the policy from its stored form."""
    statuses, backoff = document["statuses"], document["backoff"]
    return RetryPolicy(
        document["max_retries"],
        tuple(offset * MILLISECOND for offset in document["offsets"]),
        backoff and _backoff(backoff),
        None if statuses is None else frozenset(statuses),
    )


def _backoff(document: Mapping[str, Any]) -> Backoff:
    initial, maximum = document["initial"] * MILLISECOND, document["maximum"] * MILLISECOND
    return Backoff(initial, document["factor"], maximum, document["jitter"])
