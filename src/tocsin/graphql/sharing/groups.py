"""The groups of one process, which subscriptions join and leave."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from graphql.execution import Executor

from tocsin.events import Backlog, Change, Fanout, Start
from tocsin.graphql.sharing.delivery import Delivery
from tocsin.graphql.sharing.group import SubscriptionGroup
from tocsin.graphql.sharing.identity import SharedOperation
from tocsin.graphql.sharing.member import MAX_BACKLOG, Member
from tocsin.graphql.sharing.telling import Rounds


class SubscriptionGroups:
    """Groups of equal subscriptions. A group exists while it has members."""

    def __init__(self, fanout: Fanout) -> None:
        self._fanout = fanout
        self._groups: dict[SharedOperation, SubscriptionGroup] = {}
        self._uses: dict[SubscriptionGroup, int] = {}
        self._rounds = Rounds()

    def __len__(self) -> int:
        return len(self._groups)

    @asynccontextmanager
    async def join(
        self,
        operation: SharedOperation,
        delivery: Delivery,
        executor: Executor[Any],
        convert: Callable[[Change], object],
        after: Start,
        limit: int | None,
    ) -> AsyncIterator[Member]:
        """Have shared events sent to an outlet, from the changes after a cursor or time on, or from a SNAPSHOT on.

        `convert` makes the root value of a change. Ends with the block, and by itself as `Member.ended` says.
        """
        group = self._enter(operation, convert)
        try:
            await self._fanout.wait_until_listening()
            backlog = Backlog(self._fanout, group.filter, after, MAX_BACKLOG)
            member = Member(delivery, executor, backlog, group.queue.added, limit)
            group.add(member)
            try:
                yield member
            finally:
                group.remove(member)
                backlog.close()
        finally:
            self._leave(operation, group)

    def _enter(self, operation: SharedOperation, convert: Callable[[Change], object]) -> SubscriptionGroup:
        group = self._groups.get(operation)
        if group is None:
            group = self._groups[operation] = SubscriptionGroup(operation, convert, self._rounds, self._fanout.now)
            self._fanout.add(group)
        self._uses[group] = self._uses.get(group, 0) + 1
        return group

    def _leave(self, operation: SharedOperation, group: SubscriptionGroup) -> None:
        self._uses[group] -= 1
        if not self._uses[group]:
            del self._uses[group], self._groups[operation]
            self._fanout.remove(group)
