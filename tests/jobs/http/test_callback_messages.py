"""What a target says after its response: masked with the secrets that it was sent, or completely."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.jobs.http.test_job import BOX
from tocsin.jobs.http.callback_messages import SentCall, mask_callback_message
from tocsin.jobs.http.input import HttpInput, prepare_http_params
from tocsin.jobs.http.secret_references import ReferenceRules
from tocsin.named_secrets.references import make_secret_marker, mark_references
from tocsin.named_secrets.store import NamedSecret
from tocsin.outbound.host_patterns import SecretHosts

BEGAN = datetime(2026, 11, 30, tzinfo=UTC)
EARLIER = BEGAN - timedelta(days=1)
GIVEN = {
    "url": "https://example.com/${{ secrets.path }}",
    "headers": {"Authorization": "Basic ${{ secrets.basic }}"},
    "token": None,
}
VALUES = {"path": "services/T0/B0", "basic": "YWxpY2U6b3Blbi1zZXNhbWU="}  # alice:open-sesame


def call(marker: str | None) -> SentCall:
    given: Any = mark_references(GIVEN, marker) if marker else GIVEN
    params: Any = prepare_http_params(HttpInput(**given), BOX, "alice", references=ReferenceRules(marker=marker))
    return SentCall({"kind": "http", "params": params}, "alice", BEGAN, ("Tocsin-Callback-Url", "signature"))


async def said(text: str, names: Collection[str], set_at: datetime = EARLIER, marker: str | None = None) -> str:
    async def open_secrets(_owner: str, _names: Collection[str]) -> Mapping[str, NamedSecret]:
        return {name: NamedSecret(SecretHosts(name, ["example.com"]), VALUES[name], set_at) for name in names}

    return await mask_callback_message(text, call(marker), BOX, open_secrets, cut=False)


@pytest.mark.parametrize("marker", [None, make_secret_marker()], ids=["task", "step"])
async def test_named_secrets_are_masked_as_they_were_sent(marker: str | None) -> None:
    text = "no services/T0/B0 for alice:open-sesame by signature"
    assert await said(text, VALUES, marker=marker) == "no *** for alice:*** by ***"


async def test_all_is_masked_if_a_secret_was_deleted_or_changed_since() -> None:
    assert await said("done", VALUES) == "done"
    assert await said("done", ["path"]) == "***"
    assert await said("done", VALUES, BEGAN) == "***"
