"""A simple model of a look: it asks for the first run of every lane anew, however many there are."""

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from typing import Any

from tocsin.dispatch.lane import Lane
from tocsin.fair_queue import FairTurns


def select_runs(
    lanes: Iterable[Lane], room: int, turns: FairTurns, admit: Callable[[Any], bool]
) -> tuple[list[Any], list[Any]]:
    """Take the next runs out of their lanes. Return them, and the first run of each lane that was refused."""
    heads: dict[str, list[tuple[int, str, Any, Lane]]] = {}
    for lane in lanes:
        _push_head(heads.setdefault(lane.owner, []), lane)
    heap = [(turns.next_turn(owner), owner_heads[0][0], owner) for owner, owner_heads in heads.items() if owner_heads]
    heapify(heap)
    chosen: list[Any] = []
    refused: list[Any] = []
    while heap and len(chosen) < room:
        owner = heappop(heap)[2]
        _, _, run, lane = heappop(heads[owner])
        if admit(run):
            chosen.append(lane.pop())
            turns.take_turn(owner)
            _push_head(heads[owner], lane)
        else:
            refused.append(run)
        if heads[owner]:
            heappush(heap, (turns.next_turn(owner), heads[owner][0][0], owner))
    return chosen, refused


def _push_head(heads: list[tuple[int, str, Any, Lane]], lane: Lane) -> None:
    if (run := lane.peek()) is not None:
        heappush(heads, (run["rank"] or 0, run["_id"], run, lane))
