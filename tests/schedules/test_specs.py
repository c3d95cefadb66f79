from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import strawberry

from tocsin.errors import InvalidInput
from tocsin.graphql.arguments import to_params
from tocsin.graphql.tasks.schedule import (
    CronInput,
    EveryInput,
    MisfireInput,
    ScheduleInput,
    parse_misfire,
    parse_schedule,
)
from tocsin.input_models import parse_params
from tocsin.schedules import Cron, Every, Misfire, MisfirePolicy, Once
from tocsin.schedules.specs import MisfireSpec, parse_schedule_spec

NOW = datetime(2026, 5, 1, tzinfo=UTC)
AT = datetime(2026, 6, 1, 12, 30, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("by_api", "written", "meant"),
    [
        ({"at": AT}, {"at": "2026-06-01T14:30:00.250+02:00"}, Once(AT)),
        (
            {"every": EveryInput(interval=timedelta(hours=1), start=None)},
            {"every": {"interval": "PT1H"}},
            Every(timedelta(hours=1), NOW + timedelta(hours=1)),
        ),
        (
            {"every": EveryInput(interval=timedelta(milliseconds=1500), start=NOW, end=AT)},
            {"every": {"interval": "PT1.5S", "start": "2026-05-01T00:00:00Z", "end": "2026-06-01T12:30:00.25Z"}},
            Every(timedelta(milliseconds=1500), NOW, AT),
        ),
        ({"cron": CronInput(expression="0 4 * * *")}, {"cron": {"expression": "0 4 * * *"}}, Cron("0 4 * * *", "UTC")),
    ],
)
def test_a_schedule_means_the_same_in_the_api_and_in_yaml(
    by_api: dict[str, Any], written: dict[str, Any], meant: Any
) -> None:
    fields: dict[str, Any] = dict.fromkeys(("now", "at", "every", "cron"))
    input_ = ScheduleInput(**fields | {name: strawberry.Some(value) for name, value in by_api.items()})
    assert parse_schedule(input_, NOW) == parse_schedule_spec(written, NOW) == meant


@pytest.mark.parametrize(
    "written", [{}, {"at": None}, {"at": "2026-06-01T00:00:00Z", "cron": {"expression": "@daily"}}]
)
def test_a_schedule_is_exactly_one_of_its_kinds(written: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="exactly one of at, every and cron") as caught:
        parse_schedule_spec(written)
    assert caught.value.path == ()


def test_a_misfire_policy_has_the_same_defaults_everywhere() -> None:
    assert parse_misfire(None) == parse_misfire(MisfireInput()) == Misfire()
    assert parse_params(MisfireSpec, {}).to_misfire() == Misfire()
    own = MisfireInput(policy=MisfirePolicy.RUN_ALL, grace=timedelta(days=2), max_runs=5)
    assert to_params(own) == {"policy": "RUN_ALL", "grace": "P2D", "maxRuns": 5}
    assert parse_misfire(own) == Misfire(MisfirePolicy.RUN_ALL, timedelta(days=2), 5)
