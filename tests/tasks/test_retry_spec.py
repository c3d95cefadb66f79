from datetime import timedelta
from typing import Any

import pytest

from tocsin.errors import InvalidInput
from tocsin.graphql.tasks.retry import BackoffInput, RetryInput, parse_retry_policy
from tocsin.tasks.retry_policy import policy_to_document
from tocsin.tasks.retry_spec import parse_retry_spec

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("by_api", "written"),
    [
        (RetryInput(), {}),
        (RetryInput(max_retries=0), {"maxRetries": 0}),
        (RetryInput(offsets=[SECOND, 60 * SECOND]), {"offsets": ["PT1S", "PT1M"]}),
        (RetryInput(offsets=None, statuses=[503, 500]), {"offsets": None, "statuses": [500, 503]}),
        (RetryInput(backoff=BackoffInput(initial=SECOND)), {"backoff": {"initial": "PT1S"}}),
        (
            RetryInput(backoff=BackoffInput(initial=SECOND, factor=3, max=9 * SECOND, jitter=0.5), max_retries=9),
            {"backoff": {"initial": "PT1S", "factor": 3, "max": "PT9S", "jitter": 0.5}, "maxRetries": 9},
        ),
    ],
)
def test_a_retry_policy_means_the_same_in_the_api_and_in_yaml(by_api: RetryInput, written: dict[str, Any]) -> None:
    policy = parse_retry_policy(by_api)
    assert policy is not None
    assert policy_to_document(policy) == parse_retry_spec(written)


def test_the_server_decides_what_is_left_out() -> None:
    assert parse_retry_spec({"backoff": {"initial": "PT1S"}})["max_retries"] is None
    assert parse_retry_spec({"maxRetries": 5})["offsets"] == []


def test_faults_have_the_paths_of_the_api() -> None:
    with pytest.raises(InvalidInput, match="offsets or backoff") as caught:
        parse_retry_policy(RetryInput(offsets=[SECOND], backoff=BackoffInput(initial=SECOND)))
    assert caught.value.path == ("retry", "backoff")
