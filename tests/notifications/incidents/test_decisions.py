"""What is news of an incident: each stage once, in order, and of a flapping one not too often. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.notifications.incidents.samples import incident
from tests.notifications.samples import ENDED
from tocsin.documents import IncidentNews
from tocsin.notifications.incidents.decisions import CHECK_PERIOD, QUIET_PERIOD, Decision, decide_news

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def decided(
    now: datetime = ENDED, *, has_open: bool = True, every: timedelta | None = None, **changes: Any
) -> Decision:
    return decide_news(incident(**changes), now, has_open=has_open, remind_every=every)


def test_an_opening_waits_for_others_and_is_told_with_its_stage() -> None:
    assert decided(tell_at=ENDED + SECOND) == Decision(wait_until=ENDED + SECOND)
    assert decided() == Decision(IncidentNews.FAILED)
    assert decided(stage=0) == Decision(IncidentNews.BEGAN)


def test_a_failure_for_good_waits_for_others_too() -> None:
    assert decided(told=["BEGAN"], escalate_at=ENDED + SECOND) == Decision(wait_until=ENDED + SECOND)
    assert decided(told=["BEGAN"]) == Decision(IncidentNews.FAILED)


def test_an_end_is_told_if_the_opening_was() -> None:
    assert decided(has_open=False, told=["FAILED"], recovered=True) == Decision(IncidentNews.RECOVERED, is_over=True)
    assert decided(has_open=False, recovered=True, stage=0) == Decision(is_over=True)
    assert decided(has_open=False, told=["FAILED"]) == Decision(IncidentNews.CLOSED, is_over=True)
    assert decided(has_open=False, told=["BEGAN"], stage=0) == Decision(IncidentNews.CLOSED, is_over=True)


def test_a_run_that_failed_for_good_is_told_even_if_all_works_again_before_that() -> None:
    assert decided(has_open=False, recovered=True) == Decision(IncidentNews.FAILED)
    assert decided(has_open=False, recovered=True, tell_at=ENDED + SECOND) == Decision(wait_until=ENDED + SECOND)
    assert decided(has_open=False, recovered=False) == Decision(is_over=True)  # such as only inconclusive ones


def test_a_clock_that_was_set_back_keeps_no_incident_open() -> None:
    ahead = ENDED + 24 * HOUR
    assert decided(has_open=False, reopened=1, last_failure_at=ahead) == Decision(is_over=True)


def test_a_clock_that_was_set_back_delays_nothing() -> None:
    ahead = ENDED + 24 * HOUR
    assert decided(tell_at=ahead, escalate_at=ahead) == Decision(IncidentNews.FAILED)
    assert decided(told=["BEGAN"], escalate_at=ahead) == Decision(IncidentNews.FAILED)
    assert decided(reopened=1, told_at=[ahead, ahead]) == Decision(IncidentNews.FAILED)


def test_a_reminder_comes_after_its_interval_unless_it_is_acknowledged() -> None:
    told: Any = {"told": ["FAILED"], "told_at": [ENDED]}
    assert decided(every=HOUR, **told) == Decision(wait_until=ENDED + CHECK_PERIOD)
    assert decided(ENDED + HOUR - SECOND, every=HOUR, **told) == Decision(wait_until=ENDED + HOUR)
    assert decided(ENDED + HOUR, every=HOUR, **told) == Decision(IncidentNews.STILL_FAILING)
    assert decided(ENDED + HOUR, every=HOUR, acknowledged_at=ENDED, **told).news is None
    assert decided(ENDED + HOUR, **told).news is None


@dataclass
class Life:
    """An incident over time, with what was told of it."""

    document: Any = field(default_factory=incident)
    told: list[tuple[datetime, IncidentNews]] = field(default_factory=list)

    def look(self, now: datetime, *, has_open: bool) -> None:
        """Decide at a time, and carry that out."""
        if not self.document["open"]:
            return
        decision = decide_news(self.document, now, has_open=has_open, remind_every=None)
        if decision.news is not None:
            self.told.append((now, decision.news))
            self.document["told"] = [*self.document["told"], decision.news]
            self.document["told_at"] = [*self.document["told_at"], now][-2:]
        if decision.is_over:
            self.document |= {"open": False, "over_at": now}
        elif decision.news is None:
            assert decision.wait_until is not None
            assert now < decision.wait_until <= now + CHECK_PERIOD

    def fail(self, now: datetime, stage: int) -> None:
        """Let it fail: it continues or comes again."""
        document = self.document
        if document["open"]:
            document |= {"stage": max(stage, document["stage"]), "last_failure_at": now}
        else:
            document |= {
                "open": True, "over_at": None, "reopened": document["reopened"] + 1, "stage": stage, "told": [],
                "recovered": False, "last_failure_at": now, "tell_at": now, "escalate_at": now,
            }  # fmt: skip


STEPS = st.lists(
    st.tuples(st.integers(1, 400), st.sampled_from(["began", "failed", "recovered", "stopped"])), max_size=60
)


NEXT: dict[IncidentNews | None, set[IncidentNews]] = {
    None: {IncidentNews.BEGAN, IncidentNews.FAILED},
    IncidentNews.BEGAN: {IncidentNews.FAILED, IncidentNews.RECOVERED, IncidentNews.CLOSED},
    IncidentNews.FAILED: {IncidentNews.RECOVERED, IncidentNews.CLOSED},
    IncidentNews.RECOVERED: {IncidentNews.BEGAN, IncidentNews.FAILED},
    IncidentNews.CLOSED: {IncidentNews.BEGAN, IncidentNews.FAILED},
}
"""What can be told after what: an end only after a failure, and another opening only after the end."""


def live(steps: list[tuple[int, str]]) -> tuple[Life, datetime]:
    """Return an incident to which this happened, each so many seconds after the one before, and the time after it."""
    life, now, has_open = Life(), ENDED, True
    for seconds, event in steps:
        looks = seconds // 20 + 1
        for _ in range(looks):  # the keeper looks from time to time
            now += timedelta(seconds=seconds) / looks
            life.look(now, has_open=has_open)
        if event in ("began", "failed"):
            life.fail(now, ("began", "failed").index(event))
        elif has_open:
            life.document["recovered"] = life.document["recovered"] or event == "recovered"
        has_open = event in ("began", "failed")
        life.look(now, has_open=has_open)
    return life, now


@given(STEPS)
def test_whatever_happens_each_opening_that_is_told_gets_one_end(steps: list[tuple[int, str]]) -> None:
    life, _ = live(steps)
    news = [each for _, each in life.told]
    assert all(after in NEXT[before] for before, after in zip([None, *news], news, strict=False)), news


@given(STEPS)
def test_whatever_happens_a_flapping_incident_is_told_at_most_twice_in_ten_minutes(
    steps: list[tuple[int, str]],
) -> None:
    """Only the first opening can be told in two stages, and its end, without waiting."""
    life, _ = live(steps)
    news = [each for _, each in life.told]
    ends = [place for place, each in enumerate(news) if each in (IncidentNews.RECOVERED, IncidentNews.CLOSED)]
    first_end = ends[0] if ends else len(news)
    times = [at for at, _ in life.told][max(first_end - 1, 0) :]
    assert all(later - earlier >= QUIET_PERIOD for earlier, later in zip(times, times[2:], strict=False)), life.told


@given(STEPS)
def test_whatever_happens_no_incident_stays_open_when_nothing_fails(steps: list[tuple[int, str]]) -> None:
    life, now = live(steps)
    for _ in range(4):
        now += CHECK_PERIOD
        life.look(now, has_open=False)
    assert not life.document["open"]
