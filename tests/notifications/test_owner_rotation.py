"""Round-robin over owners."""

from collections import Counter

from tocsin.notifications.owner_rotation import Turns


def test_owners_take_turns_and_none_has_more_than_its_share() -> None:
    turns, under_way, order = Turns(2), Counter[str](), ""
    turns.line_up(["c", "a", "b"])
    while (owner := turns.next(under_way)) is not None:
        under_way[owner] += 1
        order += owner
    assert order == "abcabc"


def test_who_comes_later_is_next() -> None:
    turns, nothing = Turns(4), Counter[str]()
    turns.line_up(["a", "z"])
    assert turns.next(nothing) == "a"
    turns.add("m")
    assert [turns.next(nothing) for _ in range(4)] == ["m", "z", "a", "m"]
    turns.drop("m")
    assert [turns.next(nothing) for _ in range(2)] == ["z", "a"]
    assert turns.has_others("a")
    turns.drop("z")
    assert not turns.has_others("a")
