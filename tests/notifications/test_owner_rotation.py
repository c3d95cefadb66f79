"""Round-robin over owners."""

from collections import Counter

from tocsin.notifications.owner_rotation import OwnerRotation


def test_owners_take_turns_and_none_has_more_than_its_share() -> None:
    turns, under_way, order = OwnerRotation(2), Counter[str](), ""
    turns.set_owners(["c", "a", "b"])
    while (owner := turns.next_owner(under_way)) is not None:
        under_way[owner] += 1
        order += owner
    assert order == "abcabc"


def test_who_comes_later_is_next() -> None:
    turns, nothing = OwnerRotation(4), Counter[str]()
    turns.set_owners(["a", "z"])
    assert turns.next_owner(nothing) == "a"
    turns.add_owner("m")
    assert [turns.next_owner(nothing) for _ in range(4)] == ["m", "z", "a", "m"]
    turns.drop_owner("m")
    assert [turns.next_owner(nothing) for _ in range(2)] == ["z", "a"]
    assert turns.has_others("a")
    turns.drop_owner("z")
    assert not turns.has_others("a")
