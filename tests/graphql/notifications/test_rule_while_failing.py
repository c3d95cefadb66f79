"""A rule that is set over the API while its task fails applies to the incident that is open."""

from tests.graphql.conftest import Api
from tests.graphql.notifications.test_preferences import set_rule
from tests.notifications.incidents.world import World
from tocsin.graphql import ids


async def test_a_rule_takes_a_failing_task_out_of_the_incident_of_its_host(api: Api) -> None:
    task = await api.alice.create()
    _, subject = ids.decode_id(task, "id")
    world = World(api.database)
    owner, _, name = subject.partition("/")
    await world.end_runs(world.run(name, "FAILED", owner=owner))
    await world.keeper.keep_due()
    assert [each["cause"] for each in await world.incidents()] == ["HOST"]
    assert (await set_rule(api.alice, task, isMuted=True))["userErrors"] == []
    await world.keeper.keep_due()
    found = {each["cause"]: each["open"] for each in await world.incidents()}
    assert found["TASK"]
    (alert,) = await world.alerts()
    assert alert["incident"].startswith(f"{subject}:")
