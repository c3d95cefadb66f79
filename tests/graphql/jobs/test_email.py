"""The email job over the API."""

from tests.graphql.conftest import Api
from tests.graphql.jobs.test_types import create

MAIL = {"to": ["alice@example.test"], "subject": "S", "body": "B"}


async def test_a_mail_is_saved_and_shown(api: Api) -> None:
    file = {"name": "a.txt", "text": "x"}
    answer = await create(api, {"email": {**MAIL, "attachments": [file]}})
    assert answer["userErrors"] == []
    assert answer["task"]["job"] == {
        "kind": "email",
        "to": ["alice@example.test"],
        "subject": "S",
        "text": "B",
        "attachments": [file],
    }
