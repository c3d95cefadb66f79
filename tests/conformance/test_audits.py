"""The audits for servers in graphql-http, the reference implementation of GraphQL over HTTP."""

from collections import Counter

from tests.conformance.node import needs_node, run_script
from tests.graphql.conftest import Api

LEVELS = ("MUST", "SHOULD", "MAY")


@needs_node
async def test_every_audit_passes(api: Api) -> None:
    async with run_script("audit.mjs", f"{api.url}/graphql") as script:
        ((audits,),) = [list(line.values()) for line in await script.lines()]
    for level in LEVELS:
        statuses = Counter(audit["status"] for audit in audits if audit["name"].startswith(level))
        print(f"{level}: {statuses['ok']} of {statuses.total()} ok")
        assert statuses.total() > 0
    assert len(audits) >= 61
    assert [audit for audit in audits if audit["status"] != "ok"] == []
