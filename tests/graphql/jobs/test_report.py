"""The report job over the API."""

from tests.graphql.conftest import Api
from tests.graphql.jobs.test_types import create
from tocsin.graphql import ids


async def test_a_report_of_runs_is_saved_and_shown(api: Api) -> None:
    runs = {"period": "P7D", "taskId": ids.encode_id("Task", "alice/1")}
    answer = await create(api, {"report": {"title": "Week", "format": "PDF", "runs": runs, "chart": True}})
    assert answer["userErrors"] == []
    stored = await api.database.tasks.find_one({})
    assert stored is not None
    assert stored["job"]["params"] == {"title": "Week", "format": "PDF", "runs": runs, "chart": True}
    shown = "{ tasks { nodes { job { kind ... on ReportJob { title format } } } } }"
    (task,) = (await api.alice.ask(shown))["tasks"]["nodes"]
    assert task["job"] == {"kind": "report", "title": "Week", "format": "PDF"}
