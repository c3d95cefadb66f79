"""An owner's share of a limit: whatever others take, in whatever order, the next owner finds a place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.dispatch.limits import ProcessLimits
from tocsin.dispatch.owner_share import OwnerShare, get_owner_share
from tocsin.documents import RunDocument


@pytest.mark.parametrize(
    ("limit", "part", "long", "short"),
    [(100, 0.5, 50, 75), (10, 0.5, 5, 8), (4, 0.5, 2, 3), (3, 0.5, 2, 3), (2, 0.5, 1, 2), (1, 0.5, 1, 1),
     (0, 0.5, 0, 0), (100, 1.0, 100, 100), (100, 0.1, 10, 55)],
)  # fmt: skip
def test_how_many_places_one_owner_gets_who_is_alone(limit: int, part: float, long: int, short: int) -> None:
    assert (
        taken_by_one(get_owner_share(limit, part), short=False),
        taken_by_one(get_owner_share(limit, part), short=True),
    ) == (
        long,
        short,
    )


def taken_by_one(share: OwnerShare, *, short: bool) -> int:
    own = 0
    while share.can_take(own, own, short=short):
        own += 1
    return own


@given(order=st.lists(st.tuples(st.integers(0, 11), st.booleans()), max_size=400))
def test_twelve_owners_who_let_nothing_end_leave_a_place_for_the_next(order: list[tuple[int, bool]]) -> None:
    share, own = get_owner_share(100, 0.5), dict.fromkeys(range(12), 0)
    for owner, short in [*order, *((owner, False) for owner in range(12) for _ in range(100))]:
        if share.can_take(own[owner], sum(own.values()), short=short):
            own[owner] += 1
    assert share.can_take(0, sum(own.values()), short=False)


def run_of(fields: Any) -> RunDocument:
    run: RunDocument = fields
    return run


def test_an_attempt_is_short_by_its_timeout_and_host() -> None:
    limits = ProcessLimits(default_timeout=10)
    assert limits.is_short(run_of({"host": "a:80", "timeout": None}))
    assert limits.is_short(run_of({"host": "a:80", "timeout": 30.0}))
    assert not limits.is_short(run_of({"host": "a:80", "timeout": 31.0}))
    assert not limits.is_short(run_of({"host": None, "timeout": 1.0}))
