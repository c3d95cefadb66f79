"""The selection of the queued runs that are claimed next: owners take turns, and an owner's runs go by rank. Pure.

While a run waits, each other owner gets at most two runs more than its own owner, whatever their number and priority.
"""

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush

from tocsin.dispatch.backlog import Lane
from tocsin.documents import RunDocument
from tocsin.fair_queue import FairTurns


def select_runs(
    lanes: Iterable[Lane], room: int, turns: FairTurns, admit: Callable[[RunDocument], bool]
) -> tuple[list[RunDocument], list[RunDocument], bool]:
    """Take the next runs out of their lanes.

    Return them, the first run of each lane that was refused, and whether others were left for lack of room. An owner's
    runs go by rank. A refused run costs its owner no turn, and blocks only its own lane.
    """
    heads: dict[str, list[tuple[int, str, RunDocument, Lane]]] = {}
    for lane in lanes:
        _push_head(heads.setdefault(lane.owner, []), lane)
    heap = [(turns.next_turn(owner), owner_heads[0][0], owner) for owner, owner_heads in heads.items() if owner_heads]
    heapify(heap)
    chosen: list[RunDocument] = []
    refused: list[RunDocument] = []
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
    return chosen, refused, bool(heap)


def _push_head(heads: list[tuple[int, str, RunDocument, Lane]], lane: Lane) -> None:
    if (run := lane.peek()) is not None:
        heappush(heads, (run["rank"] or 0, run["_id"], run, lane))
