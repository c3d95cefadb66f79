"""The graph of steps agrees with a slow and obvious one."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tocsin.workflows.language import graph


@st.composite
def dependencies(draw: st.DrawFn) -> dict[str, list[str]]:
    keys = [f"s{number}" for number in range(draw(st.integers(1, 7)))]
    return {key: draw(st.lists(st.sampled_from(keys), max_size=3, unique=True)) for key in keys}


def _reaches(needed: dict[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    while True:
        wider = found | set(needed[start]) | {far for near in found for far in needed[near]}
        if wider == found:
            return found
        found = wider


@given(dependencies())
def test_the_graph_agrees_with_the_slow_and_obvious(needed: dict[str, list[str]]) -> None:
    circle = graph.find_cycle(needed)
    assert (circle is not None) == any(key in _reaches(needed, key) for key in needed)
    if circle is not None:
        assert circle[0] == circle[-1]
        assert all(after in needed[before] for before, after in pairwise(circle))
        return
    for key in needed:
        assert graph.find_ancestors(needed, key) == _reaches(needed, key)
    order = graph.sort_topologically(needed)
    assert sorted(order) == sorted(needed)
    assert all(order.index(before) < order.index(key) for key in needed for before in needed[key])
