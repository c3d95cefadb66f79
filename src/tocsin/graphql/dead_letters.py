"""What an owner asks of dead letters, and does with them."""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.documents import Doc, ReplaySettings
from tocsin.errors import InvalidInput, NotFound
from tocsin.graphql import access, ids
from tocsin.graphql.context import Info, Services
from tocsin.graphql.dead_letter_types import (
    DeadLetterCause,
    DeadLetterFilter,
    Replay,
    ReplayConnection,
    cause_type,
    list_dead_letters,
    list_replays,
    load_replay,
    read_filter,
    replay_type,
)
from tocsin.graphql.errors import UserError, caught
from tocsin.graphql.paging import PageArguments
from tocsin.graphql.repeating import earlier, key_of
from tocsin.graphql.run_lists import RunConnection
from tocsin.graphql.task_inputs import key_field
from tocsin.graphql.words import WHAT, After, Before, First, Last
from tocsin.tasks import dead_letters, replays
from tocsin.tasks.owned import find_run

MOST_IDS = 100
Which = Annotated[DeadLetterFilter | None, strawberry.argument(description="Only these dead letters.")]


@strawberry.input(description="Dead letters to send again.")
class ReplayDeadLettersInput:
    filter: DeadLetterFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Which ones. Default: all of them."
    )
    dry_run: bool = strawberry.field(default=False, description="Only count them, and send none.")
    canary: bool = strawberry.field(
        default=True, description="Send the oldest one first, and the others only once it has succeeded."
    )
    per_minute: int = strawberry.field(
        default=60, description="How many are sent at most in any 60 seconds, 1 to 6000. They are spread evenly."
    )
    settings: ReplaySettings = strawberry.field(
        default=ReplaySettings.CURRENT, description="By which settings the runs are made again."
    )
    idempotency_key: str | None = key_field()


@strawberry.input(description="A replay to stop.")
class StopReplayInput:
    id: strawberry.ID = strawberry.field(description="The replay.")


@strawberry.input(description="Dead letters to discard: by a filter, by their ids, or all.")
class DiscardDeadLettersInput:
    filter: DeadLetterFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Which ones. An empty filter needs `all`."
    )
    ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="These runs, at most 100; instead of a filter."
    )
    all: bool = strawberry.field(default=False, description="Say true to discard all of them, without a filter.")


@strawberry.type(description="The answer to replayDeadLetters.")
class ReplayDeadLettersPayload:
    replay: Replay | None = strawberry.field(description="The replay; null of a dry run and if there are user errors.")
    count: int | None = strawberry.field(
        description="How many dead letters there are to be sent; null if there are user errors."
    )
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to stopReplay.")
class StopReplayPayload:
    replay: Replay | None = strawberry.field(description="The replay as it is now; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to discardDeadLetters.")
class DiscardDeadLettersPayload:
    count: int | None = strawberry.field(description="How many were discarded; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type
class DeadLetterQueries:
    @strawberry.field(
        description=(
            "Your dead letters, the latest failure first: runs that failed for good, that you have not discarded, and "
            "that were not done again since."
        )
    )
    async def dead_letters(
        self,
        info: Info,
        filter: Which = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> RunConnection:
        user, page = await access.user(info), PageArguments.of(first, after, last, before)
        return await list_dead_letters(info.context.services, user, filter or None, page)

    @strawberry.field(
        description="Your dead letters counted by kind of fault and host, the most frequent first: at most 100 rows."
    )
    async def dead_letter_causes(self, info: Info, filter: Which = strawberry.UNSET) -> list[DeadLetterCause]:
        owner = await access.owner(info)
        found = await dead_letters.causes(info.context.services.database, owner, read_filter(filter or None))
        return [cause_type(cause) for cause in found]

    @strawberry.field(description="One of your replays; null if you have none with this id.")
    async def replay(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The global id, as this API gave it.")],
    ) -> Replay | None:
        owner, replay_id = await access.owner(info), ids.find("Replay", id, "id")
        return None if replay_id is None else await load_replay(info, owner, replay_id)

    @strawberry.field(description="Your replays, the latest first.")
    async def replays(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> ReplayConnection:
        user, page = await access.user(info), PageArguments.of(first, after, last, before)
        return await list_replays(info.context.services, user, page)


@strawberry.type
class DeadLetterMutations:
    @strawberry.mutation(
        description=(
            "Send dead letters again, each as the same run with all its retries. What fails again is one dead letter "
            "again, and is not taken twice by the same replay."
        )
    )
    async def replay_dead_letters(
        self, info: Info, input: Annotated[ReplayDeadLettersInput, WHAT]
    ) -> ReplayDeadLettersPayload:
        owner = await access.owner(info)
        if input.dry_run:
            await access.reader(info)
        answer, faults = await caught(_replay(info.context.services, owner, input))
        replay, count = answer or (None, None)
        return ReplayDeadLettersPayload(
            replay=None if replay is None else replay_type(replay), count=count, user_errors=faults
        )

    @strawberry.mutation(description="Send no more of a replay. The runs that were sent go on.")
    async def stop_replay(self, info: Info, input: Annotated[StopReplayInput, WHAT]) -> StopReplayPayload:
        owner = await access.owner(info)
        replay, faults = await caught(_stop(info.context.services, owner, input))
        return StopReplayPayload(replay=None if replay is None else replay_type(replay), user_errors=faults)

    @strawberry.mutation(
        description=(
            "Take dead letters off the list for good: they stay in the history, and are dead letters again only if "
            "they are retried and fail again."
        )
    )
    async def discard_dead_letters(
        self, info: Info, input: Annotated[DiscardDeadLettersInput, WHAT]
    ) -> DiscardDeadLettersPayload:
        owner = await access.owner(info)
        count, faults = await caught(_discard(info.context.services, owner, input))
        return DiscardDeadLettersPayload(count=count, user_errors=faults)


async def _replay(services: Services, owner: str, given: ReplayDeadLettersInput) -> tuple[Doc | None, int]:
    chosen, now = read_filter(given.filter or None), clock.now()
    wish = replays.Wish(chosen, given.canary, given.per_minute, given.settings).checked()
    if given.dry_run:
        return None, await dead_letters.count(services.database, owner, chosen, now)
    key = key_of(services, owner, "replayDeadLetters", given)
    if await earlier(services, key) is None:
        services.quotas.require_run(owner)
    replay = await replays.create(services.database, owner, wish, now, key)
    return replay, replay["selected"]


async def _stop(services: Services, owner: str, given: StopReplayInput) -> Doc:
    return await replays.stop(services.database, owner, ids.require("Replay", given.id, "id"), clock.now())


async def _discard(services: Services, owner: str, given: DiscardDeadLettersInput) -> int:
    chosen, now = read_filter(given.filter or None), clock.now()
    if isinstance(given.ids, list):
        if given.filter or given.all:
            raise InvalidInput("Give ids, or a filter, or all; not two of them.", "ids")
        return await dead_letters.discard_runs(services.database, await _own(owner, given.ids), now)
    if chosen.is_empty and not given.all:
        raise InvalidInput("Give a filter or ids. To discard all dead letters, say all: true.", "filter")
    if given.all and not chosen.is_empty:
        raise InvalidInput("With a filter, only what it finds is discarded: leave all out.", "all")
    return await dead_letters.discard(services.database, owner, chosen, now)


async def _own(owner: str, given: list[strawberry.ID]) -> list[str]:
    if len(given) > MOST_IDS:
        raise InvalidInput(f"Give at most {MOST_IDS} ids; there are {len(given)}. A filter finds more.", "ids")
    found = [ids.require("Run", id_, "ids", str(place)) for place, id_ in enumerate(given)]
    for place, run_id in enumerate(found):
        if await find_run(owner, run_id) is None:
            raise NotFound("You have no run with this id.", "ids", str(place))
    return found
