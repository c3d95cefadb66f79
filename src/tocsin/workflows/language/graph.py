"""The dependency graph of a workflow's steps. Pure."""

from collections.abc import Collection, Mapping

Dependencies = Mapping[str, Collection[str]]


def find_cycle(dependencies: Dependencies) -> list[str] | None:
    """Return a cycle of steps, with the first repeated at its end; None if there is none."""
    done: set[str] = set()
    for start in dependencies:
        trail: list[str] = []
        stack = [(start, iter(dependencies[start]))] if start not in done else []
        if stack:
            trail.append(start)
        while stack:
            key, following = stack[-1]
            step = next((name for name in following if name not in done and name in dependencies), None)
            if step is None:
                done.add(key)
                stack.pop()
                trail.pop()
            elif step in trail:
                return [*trail[trail.index(step) :], step]
            else:
                trail.append(step)
                stack.append((step, iter(dependencies[step])))
    return None


def find_ancestors(dependencies: Dependencies, key: str) -> set[str]:
    """Return all steps that are settled before this one starts."""
    found: set[str] = set()
    ahead = list(dependencies.get(key, ()))
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += dependencies.get(name, ())
    return found


def sort_topologically(dependencies: Dependencies) -> list[str]:
    """Return the steps in topological order (Kahn), and otherwise in the given order. Raises ValueError for a cycle."""
    left = {key: len(set(waits)) for key, waits in dependencies.items()}
    following: dict[str, list[str]] = {key: [] for key in dependencies}
    for key, waits in dependencies.items():
        for name in set(waits):
            following[name].append(key)
    places = {key: place for place, key in enumerate(dependencies)}
    placed, ready = list[str](), [key for key, count in left.items() if count == 0]
    while ready:
        placed += ready
        freed: list[str] = []
        for key in (after for name in ready for after in following[name]):
            left[key] -= 1
            freed += [key] if left[key] == 0 else []
        ready = sorted(freed, key=places.__getitem__)
    if len(placed) < len(dependencies):
        raise ValueError("the steps depend on each other in a cycle")
    return placed
