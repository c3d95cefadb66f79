"""The installation for everyone, and its system for administrators."""

from datetime import timedelta

from tests.graphql.conftest import Api, served_api
from tocsin import __version__, clock
from tocsin.config import Settings
from tocsin.documents import Database

INSTALLATION = "{ installation { isSignUpOpen channelKinds } }"
SYSTEM = """{ system { version startedAt concurrency components { name isHealthy note }
  database { isEmbedded version freeDiskMegabytes } processes { name isCurrent isAlive leaseEndsAt } } }"""


async def test_anyone_can_ask_whether_sign_up_is_open(database: Database, settings: Settings) -> None:
    for policy in ("open", "closed"):
        async with served_api(database, settings.model_copy(update={"sign_up": policy})) as api:
            found = (await api.nobody.ask(INSTALLATION))["installation"]
            assert found["isSignUpOpen"] is (policy == "open")
            assert "SLACK" in found["channelKinds"]
            assert "APPRISE" not in found["channelKinds"], "it is off"
        await database.users.delete_many({})


async def test_an_administrator_sees_processes_and_the_database(api: Api) -> None:
    now = clock.now()
    await api.database.workers.insert_one({"_id": "b", "until": now - timedelta(minutes=1), "lease": 30.0})
    await api.database.workers.insert_one({"_id": "a", "until": now + timedelta(seconds=30), "lease": 30.0})
    found = (await api.carol.ask(SYSTEM))["system"]
    assert found["version"] == __version__
    assert found["concurrency"] == api.services.settings.max_concurrency
    assert [(each["name"], each["isAlive"], each["isCurrent"]) for each in found["processes"]] == [
        ("a", True, False),
        ("b", False, False),
    ]
    assert found["database"]["isEmbedded"] is True
    assert found["database"]["version"]
