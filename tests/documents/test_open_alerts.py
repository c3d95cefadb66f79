"""What a process that is alone knows of open alerts: never less than there are."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.documents import open_alerts
from tocsin.documents.open_alerts import OpenAlerts

SUBJECTS = ["a", "b", "c"]


def loaded(*subjects: str) -> OpenAlerts:
    known = OpenAlerts(is_alone=True)
    known.load(subjects)
    return known


def test_a_process_that_is_not_alone_knows_nothing() -> None:
    known = OpenAlerts()
    assert not known.must_load
    with known.opening(["a"]):
        pass
    assert list(known.select(SUBJECTS)) == SUBJECTS


def test_until_all_are_loaded_any_subject_may_have_an_open_alert() -> None:
    known = OpenAlerts(is_alone=True)
    with known.opening(["b"]):
        pass
    assert known.must_load
    assert list(known.select(SUBJECTS)) == SUBJECTS
    known.load(["a"])
    assert not known.must_load
    assert list(known.select(SUBJECTS)) == ["a", "b"]


def test_what_has_no_open_alert_is_forgotten() -> None:
    known = loaded("a", "b")
    known.forget(known.select(["a", "c"]))
    assert list(known.select(SUBJECTS)) == ["b"]


def test_what_is_opened_meanwhile_is_not_forgotten() -> None:
    known = loaded("a")
    before = known.select(["a"])
    with known.opening(["a"]):
        during = known.select(["a"])
        known.forget(before)
        assert known.select(["a"])
        known.forget(during)  # a look came before the write
    assert known.select(["a"])


def test_a_write_of_which_the_outcome_is_unknown_may_have_opened_an_alert() -> None:
    known = loaded()
    with suppress(OSError), known.opening(["a"]):
        known.forget(known.select(["a"]))
        raise OSError
    assert known.select(["a"])


def test_too_many_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_alerts, "MAX_KNOWN", 2)
    known = loaded("a", "b")
    assert list(known.select(SUBJECTS)) == ["a", "b"]
    with known.opening(["c"]):
        pass
    known.forget(known.select(SUBJECTS))
    assert list(known.select([*SUBJECTS, "d"])) == [*SUBJECTS, "d"]
    assert not known.must_load


@given(st.lists(st.tuples(st.sampled_from(["begin", "write", "end", "look", "judge", "close"]), st.sampled_from("ab"))))
def test_whoever_has_an_open_alert_is_known(steps: list[tuple[str, str]]) -> None:
    """Openings and looks at the database interleave in any way."""
    known, open_ = loaded(), set[str]()
    opening: dict[str, object] = {}
    looks: dict[str, tuple[dict[str, int | None], bool]] = {}
    for step, subject in steps:
        if step == "begin" and subject not in opening:
            opening[subject] = block = known.opening([subject])
            block.__enter__()
        elif step == "write" and subject in opening:
            open_.add(subject)
        elif step == "end" and subject in opening:
            opening.pop(subject).__exit__(None, None, None)  # type: ignore[attr-defined]
        elif step == "look":
            marks = known.select([subject])
            looks[subject] = marks, subject in open_
        elif step == "judge" and subject in looks:
            marks, has_one = looks.pop(subject)
            known.forget({} if has_one else marks)
        elif step == "close":
            open_.discard(subject)
        assert open_ - set(opening) <= set(known.select("ab"))
