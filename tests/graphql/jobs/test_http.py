"""The HTTP job over the API."""

from tests.graphql.conftest import Api
from tests.graphql.jobs.test_types import create


async def test_a_long_url_is_saved_and_shown(api: Api) -> None:
    start = "https://example.com/saml?SAMLRequest="
    url = start + "x" * (8192 - len(start))
    answer = await create(api, {"http": {"url": url}})
    assert (answer["userErrors"], answer["task"]["job"]["url"]) == ([], url)
