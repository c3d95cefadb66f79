"""The latest changes: which are known, and when some may be missing."""

from datetime import UTC, datetime, timedelta

from tocsin import clock
from tocsin.events import Change, recent_changes
from tocsin.events import ChangeKind as K


def test_changes_that_are_too_old_or_too_many_are_forgotten() -> None:
    known, start = recent_changes.RecentChanges(), clock.now()

    def change(seconds: float) -> Change:
        return Change(K.RUN_UPDATED, start + timedelta(seconds=seconds), "alice/t", "alice/t:1")

    now = start + timedelta(seconds=900)
    assert known.changes_since(start, now, "alice") is None
    for second in range(700):
        known.add(change(second), "alice")
    assert known.changes_since(start + timedelta(seconds=90), now, "alice") is None
    assert known.changes_since(start + timedelta(seconds=690), now, "alice") == [
        change(second) for second in range(689, 700)
    ]
    assert known.changes_since(start + timedelta(seconds=800), now, "alice") == []
    assert known.changes_since(start + timedelta(seconds=902), now, "alice") is None
    assert known.changes_since(datetime.min.replace(tzinfo=UTC), now, "alice") is None
    assert known.changes_since(datetime.max.replace(tzinfo=UTC), now, "alice") is None
    known.add(change(50), "alice")  # the database's clock was set back
    assert known.changes_since(start + timedelta(seconds=690), now, "alice") is not None
    assert known.changes_since(start + timedelta(seconds=51), now, "alice") is None
    known.clear()
    assert known.changes_since(start + timedelta(seconds=690), now, "alice") is None


def test_a_flood_of_one_owners_changes_evicts_no_other_owners() -> None:
    known, start = recent_changes.RecentChanges(), clock.now()

    def change(owner: str, milliseconds: int) -> Change:
        return Change(K.RUN_UPDATED, start + timedelta(milliseconds=milliseconds), f"{owner}/t", f"{owner}/t:1")

    now = start + timedelta(minutes=1)
    known.clear(start - timedelta(minutes=1))
    known.add(change("alice", 0), "alice")
    for number in range(recent_changes.MAX_CHANGES + recent_changes.MAX_CHANGES_PER_OWNER):
        known.add(change("mallory", number), "mallory")
    assert known.changes_since(start, now, "alice") == [change("alice", 0)]
    assert known.changes_since(start, now, "mallory") is None
    later = start + timedelta(milliseconds=recent_changes.MAX_CHANGES + recent_changes.MAX_CHANGES_PER_OWNER + 2_000)
    assert known.changes_since(later, now, "mallory") == []
