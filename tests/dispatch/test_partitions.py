"""Partitions: each is served by one of the members, and only those of a member that leaves move."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.dispatch.partitions import ALL_PARTITIONS, PARTITIONS, Roster, Share, partition_of

MEMBERS = st.sets(st.text(min_size=1, max_size=20), min_size=1, max_size=12)
KEYS = [f"owner{number}" for number in range(500)]


@given(MEMBERS, st.text(max_size=30))
def test_each_key_is_served_by_exactly_one_member(members: set[str], key: str) -> None:
    assert sum(Share(name, members).serves(key) for name in members) == 1


@given(MEMBERS)
def test_only_the_partitions_of_a_member_that_leaves_move(members: set[str]) -> None:
    leaver = min(members)
    for name in members - {leaver}:
        before, after = Share(name, members), Share(name, members - {leaver})
        assert all(after.serves(key) for key in KEYS if before.serves(key))


@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_members_serve_about_the_same(count: int) -> None:
    members = [f"host-{number}-abc" for number in range(count)]
    served = Counter(name for key in KEYS for name in members if Share(name, members).serves(key))
    assert min(served.values()) > len(KEYS) / count / 2


def test_a_partition_is_the_same_in_every_process_and_version() -> None:
    assert [partition_of(key) for key in ("", "alice", "alice/1:2026")] == [0, 7, 59]
    assert {partition_of(key) for key in KEYS} == set(range(PARTITIONS))


def test_one_that_is_alone_serves_everything() -> None:
    assert ALL_PARTITIONS.is_alone
    assert Share("a", {"a"}).is_alone
    assert not Share("a", {"b"}).is_alone
    assert all(ALL_PARTITIONS.serves(key) for key in KEYS)


def test_a_member_is_alive_while_its_heartbeat_changes() -> None:
    roster = Roster(silence=1.0)
    assert roster.observe({"a": 1, "b": 7}, 0.0) == {"a", "b"}
    assert roster.observe({"a": 2, "b": 7}, 0.9) == {"a", "b"}
    assert roster.observe({"a": 3, "b": 7}, 1.8) == {"a"}
    assert roster.observe({"a": 3, "b": 8}, 1.9) == {"a", "b"}


def test_one_that_left_is_gone_at_once() -> None:
    roster = Roster(silence=1.0)
    roster.observe({"a": 1, "b": 1}, 0.0)
    assert roster.observe({"a": 2}, 0.1) == {"a"}
