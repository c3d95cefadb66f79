"""Round-robin over owners."""

from collections import Counter

from tocsin.notifications.owner_rotation import OwnerRotation


def test_owners_take_turns_and_none_has_more_than_its_share() -> None:
    rotation, in_progress, order = OwnerRotation(2), Counter[str](), ""
    rotation.add_owners(["c", "a", "b"])
    while (owner := rotation.next_owner(in_progress)) is not None:
        in_progress[owner] += 1
        order += owner
    assert order == "abcabc"


def test_an_owner_who_is_added_later_is_next() -> None:
    rotation, nothing = OwnerRotation(4), Counter[str]()
    rotation.add_owners(["a", "z"])
    assert rotation.next_owner(nothing) == "a"
    rotation.add_owner("m")
    assert [rotation.next_owner(nothing) for _ in range(4)] == ["m", "z", "a", "m"]
    rotation.drop_owner("m")
    assert [rotation.next_owner(nothing) for _ in range(2)] == ["z", "a"]
    assert rotation.has_others("a")
    rotation.drop_owner("z")
    assert not rotation.has_others("a")
