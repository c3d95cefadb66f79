"""Running, retrying and cancelling single runs over the API."""

from tests.graphql.conftest import T0, Api, run_document, stored_task
from tocsin.graphql import ids

ERRORS = "userErrors { field code message }"


async def test_run_now_cancel_and_retry(api: Api) -> None:
    task = await api.alice.create()
    run = (await api.alice.do("runTask", {"id": task}, f"task {{ id }} run {{ id status trigger }} {ERRORS}"))["run"]
    assert (run["status"], run["trigger"], api.woken.queued) == ("QUEUED", "MANUAL", 1)
    fields = f"run {{ status reason reasonText finishedAt }} {ERRORS}"
    cancelled = (await api.alice.do("cancelRun", {"id": run["id"]}, fields))["run"]
    assert (cancelled["status"], cancelled["reason"]) == ("CANCELLED", "CANCEL_REQUESTED")
    assert cancelled["reasonText"] == "Its cancellation was requested."
    retried = (await api.alice.do("retryRun", {"id": run["id"]}, fields))["run"]
    assert (retried["status"], retried["reason"], retried["finishedAt"]) == ("QUEUED", None, None)
    conflict = await api.alice.do("retryRun", {"id": run["id"]}, fields)
    assert conflict["userErrors"][0]["code"] == "CONFLICT"


async def test_cancelling_a_running_run_aborts_it(api: Api) -> None:
    await api.alice.create()
    run = run_document((await stored_task(api))["_id"], T0, status="RUNNING", open=True)
    await api.database.runs.insert_one(run)
    payload = await api.alice.do(
        "cancelRun", {"id": ids.encode_id("Run", run["_id"])}, "run { status cancelRequestedAt } userErrors { code }"
    )
    assert payload["run"]["status"] == "RUNNING"
    assert payload["run"]["cancelRequestedAt"] is not None
    assert api.woken.cancelled == [run["_id"]]
