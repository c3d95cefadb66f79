"""Refusals: which runs are refused together, and what ends it."""

from dataclasses import replace
from typing import Any

import pytest

from tocsin.dispatch.refusal import PLACE_FREED, SETTINGS_CHANGED, Refusal, Saturation, refusal_of
from tocsin.documents import WaitingFor

FREE = Saturation(
    queue_limited=False, queue_full=False, host_full=False, places_full=False, room_full=False, host_crowded=False,
    owner_full=False,
)  # fmt: skip
FULL = replace(FREE, queue_full=True, host_full=True, places_full=True, room_full=True)


def refused(what: WaitingFor, saturation: Saturation = FREE, wait: float = 0.0, **changes: Any) -> Refusal:
    run: Any = {"_id": "r", "owner": "alice", "host": "a:80", "queue": "q", **changes}
    return refusal_of(run, what, saturation, short=True, now=1_234.0, wait=wait)


PLACES = [WaitingFor.QUEUE_LIMIT, WaitingFor.HOST_LIMIT, WaitingFor.CONCURRENCY]


@pytest.mark.parametrize("what", PLACES)
def test_runs_of_all_owners_are_refused_together_only_if_nobody_gets_a_place(what: WaitingFor) -> None:
    assert refused(what, FULL).cause == refused(what, FULL, owner="bob").cause
    assert refused(what).cause != refused(what, owner="bob").cause


@pytest.mark.parametrize("what", [WaitingFor.HOST_LIMIT, WaitingFor.OWNER_SHARE, WaitingFor.CONCURRENCY])
def test_runs_that_cannot_wait_are_not_refused_together_with_those_that_can(what: WaitingFor) -> None:
    """The end of what keeps the latter from being claimed ahead does not concern the former."""
    assert refused(what, FULL).cause != refused(what, replace(FULL, queue_limited=True)).cause
    assert refused(what, FREE).cause != refused(what, replace(FREE, queue_limited=True)).cause


def test_an_owners_share_refuses_runs_to_all_hosts_together_once_none_of_them_may_wait() -> None:
    share = WaitingFor.OWNER_SHARE
    waits_for_none = replace(FREE, owner_full=True)
    assert refused(share, waits_for_none).cause == refused(share, waits_for_none, host="b:80").cause
    assert refused(share).cause != refused(share, host="b:80").cause
    assert refused(share, FULL).cause != refused(share, FULL, owner="bob").cause


def test_a_refusal_tells_what_ends_it() -> None:
    assert refused(WaitingFor.QUEUE_PAUSED) == Refusal((WaitingFor.QUEUE_PAUSED, "q"), (SETTINGS_CHANGED,))
    assert refused(WaitingFor.HOST_LIMIT).ends_with == (("host", "a:80"), ("owner", "alice"), SETTINGS_CHANGED)
    assert refused(WaitingFor.QUEUE_LIMIT).ends_with == (("queue", "q"), ("owner", "alice"), SETTINGS_CHANGED)
    assert refused(WaitingFor.CONCURRENCY).ends_with == (PLACE_FREED, ("owner", "alice"), SETTINGS_CHANGED)
    assert refused(WaitingFor.CIRCUIT_OPEN).ends_with == (("circuit", "alice", "a:80"),)


@pytest.mark.parametrize(
    ("what", "until"),
    [
        (WaitingFor.QUEUE_RATE, 1_357.0),
        (WaitingFor.HOST_RATE, 1_357.0),
        (WaitingFor.OWNER_HOST_RATE, 1_400.0),
        (WaitingFor.CIRCUIT_OPEN, 2_000.0),
        (WaitingFor.HOST_LIMIT, 1_750.0),
        (WaitingFor.QUEUE_PAUSED, None),
    ],
)
def test_refusals_that_many_can_have_end_together(what: WaitingFor, until: float | None) -> None:
    assert refused(what, wait=122.4).until == until
