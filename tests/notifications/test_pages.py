"""The pages that notifications link to: those of the dashboard, for the right object."""

import re
from pathlib import Path

import pytest

from tocsin.documents import to_global_id
from tocsin.notifications import pages
from tocsin.notifications.pages import incident_page_path, run_page_path, run_type_name

TASK_RUN = "65a000000000000000000001/65a000000000000000000002:1795338000000"
STEP_RUN = "65a000000000000000000001/w65a000000000000000000002-1795338000000:fetch[3]"
WORKFLOW_RUN = "65a000000000000000000001/w65a000000000000000000002-1795338000000"
ROUTES = Path(__file__).parents[2] / "web/src/dashboard/routes.tsx"


@pytest.mark.parametrize(
    ("page", "path"),
    [
        (run_page_path(TASK_RUN), f"runs/{to_global_id('Run', TASK_RUN)}"),
        (run_page_path(STEP_RUN), f"runs/{to_global_id('Run', STEP_RUN)}"),
        (run_page_path(WORKFLOW_RUN), f"workflow-runs/{to_global_id('WorkflowRun', WORKFLOW_RUN)}"),
        (incident_page_path("u1/t:3"), f"incidents/{to_global_id('Incident', 'u1/t:3')}"),
        (pages.INBOX_PAGE_PATH, "notifications"),
        (pages.CHANNELS_PAGE_PATH, "notifications/channels"),
        (pages.REPLAYS_PAGE_PATH, "dead-letters"),
    ],
)
def test_a_notification_links_to_a_page_that_the_dashboard_has(page: str, path: str) -> None:
    assert page == f"/#/{path}"
    routes = re.findall(r'<Route path="/([^"]+)">', ROUTES.read_text())
    patterns = [re.sub(r"/:\w+\?", "(/[^/?#]+)?", route) for route in routes]
    assert any(re.fullmatch(re.sub(r":\w+", "[^/?#]+", pattern), path) for pattern in patterns)
    assert page.isascii()
    assert " " not in page


def test_the_id_of_a_run_shows_its_type() -> None:
    assert [run_type_name(each) for each in (TASK_RUN, STEP_RUN, WORKFLOW_RUN)] == ["Run", "Run", "WorkflowRun"]
