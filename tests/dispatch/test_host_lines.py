"""A free place at a host is offered to one of the targets that wait for it."""

from tocsin.dispatch.host_lines import HostLines, OwnerHost

HOST = "a:1"
ALICE, BOB, CAROL = ("alice", HOST), ("bob", HOST), ("carol", HOST)


class Places:
    """The targets that may take a place, with the questions that were asked."""

    def __init__(self, *allowed: OwnerHost) -> None:
        self.allowed, self.asked = set(allowed), list[tuple[OwnerHost, int]]()

    def may_take(self, target: OwnerHost, others: int) -> bool:
        self.asked.append((target, others))
        return target in self.allowed


def lines_of(places: Places, *targets: OwnerHost) -> HostLines:
    lines = HostLines(places.may_take)
    for target in targets:
        lines.join(target)
    return lines


def test_the_first_that_may_take_a_place_is_next_and_no_other_is_asked() -> None:
    places = Places(BOB, CAROL)
    lines = lines_of(places, ALICE, BOB, CAROL, ("dave", "b:1"))
    assert lines.next_target(HOST) == BOB
    assert places.asked == [(ALICE, 0), (BOB, 0)]
    lines.leave(BOB)
    assert lines.next_target(HOST) == CAROL
    assert (lines.next_target("b:1"), lines.next_target("c:1")) == (None, None)


def test_who_comes_back_waits_at_the_end() -> None:
    lines = lines_of(Places(ALICE, BOB), ALICE, BOB)
    lines.leave(ALICE)
    lines.leave(ALICE)
    lines.join(ALICE)
    assert lines.next_target(HOST) == BOB
    lines.leave(BOB)
    assert lines.next_target(HOST) == ALICE


def test_only_a_target_that_waits_follows_one_with_an_offer() -> None:
    places = Places(ALICE, BOB)
    lines = lines_of(places, ALICE)
    assert (lines.may_follow(ALICE), lines.may_follow(BOB)) == (True, False)
    assert places.asked == [(ALICE, 1)]


def test_a_place_that_is_declined_is_unused_once() -> None:
    lines = lines_of(Places(ALICE), CAROL)
    for target in (ALICE, BOB):
        lines.offer(target)
    lines.accept(ALICE)
    lines.decline(ALICE)
    lines.decline_all("alice")
    assert not lines.has_unused
    lines.decline_all("bob")
    assert lines.has_unused
    assert (lines.pop_unused(), lines.pop_unused()) == ({HOST}, set())


def test_a_target_that_waits_again_has_declined() -> None:
    lines = lines_of(Places(ALICE), CAROL)
    lines.offer(BOB)
    lines.join(BOB)
    assert lines.pop_unused() == {HOST}
