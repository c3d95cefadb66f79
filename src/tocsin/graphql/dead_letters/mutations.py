"""Mutations of dead letters and replays."""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.dead_letters import replays, store
from tocsin.documents import ReplaySettings
from tocsin.errors import InvalidInput, NotFound
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info
from tocsin.graphql.dead_letters.inputs import DeadLetterFilter, parse_dead_letter_filter
from tocsin.graphql.dead_letters.types import Replay, to_replay
from tocsin.graphql.idempotency import begin_idempotent_call
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.graphql.tasks.inputs import idempotency_key_field
from tocsin.tasks.ownership import find_run

MAX_IDS = 100


@strawberry.input(description="Input of `replayDeadLetters`.")
class ReplayDeadLettersInput:
    filter: DeadLetterFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Dead letters to replay. Default: all."
    )
    dry_run: bool = strawberry.field(default=False, description="Only count the matching dead letters.")
    canary: bool = strawberry.field(
        default=True, description="Send the oldest dead letter first, and the others only after it succeeds."
    )
    per_minute: int = strawberry.field(
        default=60, description="Rate limit: runs sent per 60 seconds at an even pace, 1 to 6000."
    )
    settings: ReplaySettings = strawberry.field(
        default=ReplaySettings.CURRENT, description="Settings that the runs use."
    )
    idempotency_key: str | None = idempotency_key_field()


@strawberry.input(description="Input of `stopReplay`.")
class StopReplayInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the replay.")


@strawberry.input(description="Input of `discardDeadLetters`. Exactly one of `filter`, `ids` and `all` is required.")
class DiscardDeadLettersInput:
    filter: DeadLetterFilter | None = strawberry.field(
        default=strawberry.UNSET,
        description="Discard the dead letters that match. An empty filter is rejected; use `all`.",
    )
    ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Discard these runs, at most 100."
    )
    all: bool = strawberry.field(default=False, description="Discard all dead letters.")


@payload
class ReplayDeadLettersPayload(Payload):
    replay: Replay | None = strawberry.field(
        description="The new replay; null for a dry run and if there are user errors."
    )
    count: int | None = strawberry.field(description="Number of matching dead letters; null if there are user errors.")


@payload
class StopReplayPayload(Payload):
    replay: Replay | None = strawberry.field(description="The stopped replay; null if there are user errors.")


@payload
class DiscardDeadLettersPayload(Payload):
    count: int | None = strawberry.field(description="Number of discarded dead letters; null if there are user errors.")


@strawberry.type
class DeadLetterMutations:
    @mutation(
        description=(
            "Replay dead letters: each run is queued again with all its retries. A run that fails again becomes a dead "
            "letter again; the same replay does not pick it up a second time."
        )
    )
    async def replay_dead_letters(
        self, info: Info, input: Annotated[ReplayDeadLettersInput, INPUT_ARGUMENT]
    ) -> ReplayDeadLettersPayload:
        owner, services, now = await access.require_owner(info), info.context.services, clock.now()
        if input.dry_run:
            await access.require_reader(info)
        chosen = parse_dead_letter_filter(input.filter or None)
        request = replays.ReplayRequest(chosen, input.canary, input.per_minute, input.settings).validate()
        if input.dry_run:
            count = await store.count_dead_letters(services.database, owner, chosen, now)
            return ReplayDeadLettersPayload(replay=None, count=count)
        key, earlier = await begin_idempotent_call(info, owner, input)
        if earlier is None:
            services.quotas.require_run(owner)
        replay = await replays.create_replay(services.database, owner, request, now, key)
        services.wakeups.replay_started()
        return ReplayDeadLettersPayload(replay=to_replay(replay), count=replay["selected"])

    @mutation(description="Stop a replay. Runs that were already sent continue.")
    async def stop_replay(self, info: Info, input: Annotated[StopReplayInput, INPUT_ARGUMENT]) -> StopReplayPayload:
        owner, database = await access.require_owner(info), info.context.services.database
        replay_id = ids.require_id("Replay", input.id, "id")
        return StopReplayPayload(replay=to_replay(await replays.stop_replay(database, owner, replay_id, clock.now())))

    @mutation(
        description=(
            "Remove dead letters from the list. The runs stay in the history, and become dead letters again only if "
            "they are retried and fail again."
        )
    )
    async def discard_dead_letters(
        self, info: Info, input: Annotated[DiscardDeadLettersInput, INPUT_ARGUMENT]
    ) -> DiscardDeadLettersPayload:
        owner, database, now = await access.require_owner(info), info.context.services.database, clock.now()
        chosen = parse_dead_letter_filter(input.filter or None)
        if isinstance(input.ids, list):
            if input.filter or input.all:
                raise InvalidInput("Give only one of ids, filter and all.", "ids")
            run_ids = await _require_runs(owner, input.ids)
            return DiscardDeadLettersPayload(count=await store.discard_runs(database, run_ids, now))
        if chosen.is_empty and not input.all:
            raise InvalidInput("Give a filter or ids. To discard all dead letters, set all: true.", "filter")
        if input.all and not chosen.is_empty:
            raise InvalidInput("Give either a filter or all: true, not both.", "all")
        return DiscardDeadLettersPayload(count=await store.discard_matching(database, owner, chosen, now))


async def _require_runs(owner: str, input: list[strawberry.ID]) -> list[str]:
    if len(input) > MAX_IDS:
        raise InvalidInput(f"Give at most {MAX_IDS} ids, not {len(input)}. Use a filter to discard more.", "ids")
    found = [ids.require_id("Run", id_, "ids", str(place)) for place, id_ in enumerate(input)]
    for place, run_id in enumerate(found):
        if await find_run(owner, run_id) is None:
            raise NotFound("You have no run with this id.", "ids", str(place))
    return found
