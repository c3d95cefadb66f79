"""What was read ahead: known for a while, and for a limited number of owners."""

from tocsin.notifications import due_backlog
from tocsin.notifications.due_backlog import DueBacklog


def test_ids_are_known_until_they_are_dropped() -> None:
    backlog = DueBacklog(lambda: 0.0)
    assert backlog.peek("u1", 2) == []
    backlog.put("u1", ["a", "b", "c"])
    assert (backlog.peek("u1", 2), backlog.peek("u2", 2)) == (["a", "b"], [])
    backlog.drop("u1", {"a", "c"})
    backlog.drop("u2", {"a"})
    assert backlog.peek("u1", 2) == ["b"]


def test_ids_are_good_for_half_a_minute() -> None:
    now = [0.0]
    backlog = DueBacklog(lambda: now[0])
    backlog.put("u1", ["a"])
    now[0] = 29.9
    backlog.drop("u1", {"b"})
    assert backlog.peek("u1", 1) == ["a"]
    now[0] = 30.0
    assert backlog.peek("u1", 1) == []


def test_the_owner_who_was_searched_for_longest_ago_is_forgotten() -> None:
    backlog = DueBacklog(lambda: 0.0)
    for number in range(due_backlog._MAX_OWNERS):
        backlog.put(f"u{number}", ["a"])
    backlog.put("u0", ["b"])
    backlog.put("new", ["a"])
    assert (backlog.peek("u0", 1), backlog.peek("u1", 1), backlog.peek("u2", 1)) == (["b"], [], ["a"])
