"""The schema that refuses callers over their rate limit before it parses anything."""

from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLOneOfDirective, parse
from strawberry.types.execution import PreExecutionError

from tests.graphql.conftest import Api
from tocsin.clock import EPOCH
from tocsin.errors import RateLimited
from tocsin.events import Change, ChangeKind
from tocsin.graphql.context import Context
from tocsin.graphql.limits.guarded_schema import MAX_VARIABLE_ERRORS, GuardedExecutionContext
from tocsin.graphql.schema import schema
from tocsin.graphql.tasks.events import to_task_event


@pytest.fixture
def limited(api: Api, monkeypatch: pytest.MonkeyPatch) -> Context:
    """The context of a caller over the rate limit."""

    def refuse(*_: object) -> None:
        raise RateLimited("Not so often.", 1.5)

    async def parse(*_: object, **__: object) -> None:
        raise AssertionError("the document was parsed")

    monkeypatch.setattr(api.services.rates, "check_points", refuse)
    monkeypatch.setattr(strawberry.Schema, "execute", parse)
    monkeypatch.setattr(strawberry.Schema, "stream", parse)
    return Context(api.services, "r1", api.alice.token, "192.0.2.7")


def _check(result: Any) -> None:
    assert isinstance(result, PreExecutionError)
    (error,) = result.errors or []
    assert error.extensions == {"code": "RATE_LIMITED", "retryAfter": 2}


async def test_a_caller_over_the_limit_is_refused_before_parsing(limited: Context) -> None:
    _check(await schema.execute("{ viewer", context_value=limited))


async def test_a_stream_of_a_caller_over_the_limit_is_one_refusal(limited: Context) -> None:
    (result,) = [result async for result in await schema.stream("{ viewer", context_value=limited)]
    _check(result)


async def test_a_variable_has_so_many_errors(api: Api) -> None:
    query = "query($s: [TaskStatus!]!) { tasks(filter: {status: $s}) { totalCount } }"
    few = await api.alice.post(query, {"s": ["X"] * 3})
    many = await api.alice.post(query, {"s": ["X"] * 1_000})
    assert len(few["errors"]) == 3
    assert len(many["errors"]) <= MAX_VARIABLE_ERRORS + 1


@pytest.mark.parametrize(("who", "user", "stranger"), [("everyone", 1, 1), ("users", 1, 0), ("nobody", 0, 0)])
async def test_suggestions_are_for_the_audience_of_the_setting(api: Api, who: str, user: bool, stranger: bool) -> None:
    settings = api.services.settings.model_copy(update={"suggestions": who})
    object.__setattr__(api.services, "settings", settings)
    query = "query($d: OrderDirection!) { tasks(orderBy: {field: CREATED_AT, direction: $d}) { totalCount } }"
    for caller, expected in ((api.alice, user), (api.nobody, stranger)):
        answer = await caller.http.post(
            "/graphql",
            json={"query": query, "variables": {"d": "ASCC"}},
            headers={"Authorization": f"Bearer {caller.token}"} if caller.token else {},
        )
        assert ("Did you mean" in answer.text) is bool(expected), who


def test_a_caller_who_is_not_known_yet_gets_no_suggestions(api: Api) -> None:
    assert not Context(api.services, "r1", None).sees_suggestions


def test_the_schema_describes_one_of() -> None:
    assert f'"""{GraphQLOneOfDirective.description}"""\ndirective @oneOf on INPUT_OBJECT' in schema.as_str()


async def test_the_events_of_a_subscription_leave_nothing_behind(api: Api) -> None:
    """graphql-core kept the collected fields of each event until the subscription ended."""
    document = parse("subscription { taskEvents { kind task { id } } }")
    executor = GuardedExecutionContext.build(schema._schema, document, None, Context(api.services, "r1", None))
    assert isinstance(executor, GuardedExecutionContext)
    kept = set()
    for _ in range(3):
        event = to_task_event(Change(ChangeKind.SNAPSHOT, EPOCH), "o")
        result = executor.build_per_event_executor(event).execute_operation()
        found = await result if executor.is_awaitable(result) else result
        assert isinstance(found, ExecutionResult)
        assert found.data == {"taskEvents": {"kind": "SNAPSHOT", "task": None}}
        kept.add(len(executor._relevant_sub_fields))
    assert len(kept) == 1
