"""What administrators are told of outages that begin again while their end is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.maintenance.network_helpers import add_admin, network_state
from tocsin.documents import Database
from tocsin.maintenance import outage_plan, outages
from tocsin.notifications.deliveries import notify

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def cut_off(database: Database, at: datetime, outage: str) -> Any:
    return await outages.change_state(database, lambda state: outage_plan.plan_cut_off(state, "w", at, at, outage))


async def come_back(database: Database, at: datetime) -> Any:
    """End the outage, of which the administrators were told."""
    await outages.announce_outage(database, await outages.load_state(database))
    await outages.change_state(database, lambda state: outage_plan.plan_return(state, "w", at))
    return await outages.change_state(database, lambda state: outage_plan.plan_end(state, at))


async def told(database: Database) -> list[str]:
    return [each["_id"] async for each in database.notifications.find({}).sort("stored_at", 1)]


async def test_an_outage_that_begins_again_while_its_end_is_told_is_another_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_admin("carol")
    await cut_off(database, NOW, "first")
    over = await come_back(database, NOW + MINUTE)

    async def fail_again(*given: Any) -> None:
        monkeypatch.setattr("tocsin.maintenance.outages.notify", notify)
        await notify(*given)
        await cut_off(database, NOW + 2 * MINUTE, "second")

    monkeypatch.setattr("tocsin.maintenance.outages.notify", fail_again)
    await outages.announce_outage(database, over)
    state = await network_state(database)
    assert (state["outage"], state["open"], state["is_announced"], state["untold_end"]) == ("second", True, False, None)
    over = await come_back(database, NOW + 3 * MINUTE)
    await outages.announce_outage(database, over)
    assert await told(database) == [
        "network:first:carol:down", "network:first:carol:up", "network:second:carol:down", "network:second:carol:up",
    ]  # fmt: skip


async def test_an_outage_that_goes_on_before_its_end_is_told_is_not_told_as_over(database: Database) -> None:
    await add_admin("carol")
    await cut_off(database, NOW, "first")
    over = await come_back(database, NOW + MINUTE)
    await cut_off(database, NOW + 2 * MINUTE, "second")
    await outages.announce_outage(database, over)
    state = await network_state(database)
    assert (state["outage"], state["open"], state["is_end_announced"]) == ("first", True, False)
    assert await told(database) == ["network:first:carol:down"]
    await outages.announce_outage(database, await come_back(database, NOW + 3 * MINUTE))
    assert await told(database) == ["network:first:carol:down", "network:first:carol:up"]


async def test_the_end_that_a_process_that_died_was_about_to_tell_is_told_before_the_next_outage(
    database: Database,
) -> None:
    await add_admin("carol")
    await cut_off(database, NOW, "first")
    await come_back(database, NOW + MINUTE)
    await outages.change_state(database, lambda state: outage_plan.plan_end_notice(state, "first"))
    await outages.announce_outage(database, await cut_off(database, NOW + 2 * MINUTE, "second"))
    assert await told(database) == [
        "network:first:carol:down", "network:first:carol:up", "network:second:carol:down",
    ]  # fmt: skip


async def test_who_was_deactivated_meanwhile_is_told_of_the_end_for_alert_services(
    database: Database,
) -> None:
    for name in ("carol", "dave", "erin"):
        await add_admin(name)
    await deactivate(database, "erin")
    await cut_off(database, NOW, "first")
    over = await come_back(database, NOW + MINUTE)
    await deactivate(database, "dave")
    await outages.announce_outage(database, over)
    down, up = ([f"network:first:{name}:{end}" for name in ("carol", "dave")] for end in ("down", "up"))
    assert sorted(await told(database)) == sorted([*down, *up])


async def deactivate(database: Database, admin: str) -> None:
    await database.users.update_one({"_id": admin}, {"$set": {"is_active": False}})
