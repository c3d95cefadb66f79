"""The tasks and workflows with an open alert, as a process knows them that uses the database alone. Pure.

Nearly all runs succeed, and nearly none of those ends an alert. So a process that is alone keeps the few subjects
(tasks and workflows) that have an open one, and asks the database only about them.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

MAX_KNOWN = 50_000
"""Subjects that are kept. If there are more, any subject may have an open alert until the process ends."""


class OpenAlerts:
    """The subjects that may have an open alert: all, unless the process is alone and has loaded those that have.

    Each subject has a mark, which changes when an alert of it may have been opened. So whoever has looked for open
    alerts in vain forgets only what nobody has opened meanwhile.
    """

    def __init__(self, *, is_alone: bool = False) -> None:
        self._is_alone, self._is_loaded = is_alone, False
        self._marks: dict[str, int] = {}
        self._numbers = itertools.count()

    @property
    def must_load(self) -> bool:
        """Tell whether to read the open alerts and pass their subjects to `load`."""
        return self._is_alone and not self._is_loaded

    def load(self, subjects: Iterable[str]) -> None:
        """Take the subjects of all alerts that were open at some time since the process began."""
        self._add(subjects)
        self._is_loaded = True

    @contextmanager
    def opening(self, subjects: Collection[str]) -> Iterator[None]:
        """Open alerts of these subjects in the block. They may have one as soon as it begins, and when it has ended."""
        self._add(subjects)
        try:
            yield
        finally:
            self._add(subjects)

    def select(self, subjects: Iterable[str]) -> dict[str, int | None]:
        """Return those of these subjects that may have an open alert, with their marks."""
        if not (self._is_alone and self._is_loaded):
            return dict.fromkeys(subjects)
        return {each: self._marks[each] for each in subjects if each in self._marks}

    def forget(self, marks: Mapping[str, int | None]) -> None:
        """Forget the subjects with these marks, which have no open alert, unless one may have been opened since."""
        for subject, mark in marks.items():
            if mark is not None and self._marks.get(subject) == mark:
                del self._marks[subject]

    def _add(self, subjects: Iterable[str]) -> None:
        if self._is_alone:
            self._marks.update((each, next(self._numbers)) for each in subjects)
        if len(self._marks) > MAX_KNOWN:
            self._is_alone = False
            self._marks.clear()
