"""The paths of the pages of the dashboard that notifications link to. Pure.

`Settings.page_url` turns them into addresses of this server. The dashboard names its pages in the fragment.
"""

from tocsin.documents import is_workflow_run_id, to_global_id

ACCOUNT_PAGE_PATH = "/account"
UNSUBSCRIBE_PATH = "/unsubscribe/"
"""The path before the token of a link by which mails are turned off."""
INBOX_PAGE_PATH = "/#/notifications"
"""The path of the page with the latest notifications."""
CHANNELS_PAGE_PATH = "/#/notifications/channels"
"""The path of the page with the channels, their last errors and their deliveries."""
REPLAYS_PAGE_PATH = "/#/dead-letters"
"""The path of the page with the latest replays of dead letters."""


def run_page_path(run_id: str) -> str:
    """Return the path of the page of a run or workflow run, on which approvals are decided too."""
    type_name = run_type_name(run_id)
    pages = "workflow-runs" if type_name == "WorkflowRun" else "runs"
    return f"/#/{pages}/{to_global_id(type_name, run_id)}"


def incident_page_path(incident_id: str) -> str:
    """Return the path of the page of an incident."""
    return f"/#/incidents/{to_global_id('Incident', incident_id)}"


def run_type_name(run_id: str) -> str:
    """Return the API's type of the run with this document id."""
    return "WorkflowRun" if is_workflow_run_id(run_id) and ":" not in run_id else "Run"
