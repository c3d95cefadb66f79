"""Queries of tasks and schedules."""

from tests.graphql.conftest import Api


async def test_previews(api: Api) -> None:
    query = "query($s: ScheduleInput!, $c: Int! = 5) { schedulePreview(schedule: $s, count: $c) }"
    cron = {"cron": {"expression": "30 12 1 1 *", "timeZone": "Asia/Kathmandu"}}
    (first, second) = (await api.alice.ask(query, s=cron, c=2))["schedulePreview"]
    assert first.endswith("-01-01T12:30:00+05:45")
    assert int(second[:4]) == int(first[:4]) + 1
    every = {"every": {"interval": "P1D", "start": "2999-01-01T00:00:00Z", "end": "2999-01-02T00:00:00Z"}}
    expected = ["2999-01-01T00:00:00Z", "2999-01-02T00:00:00Z"]
    assert (await api.alice.ask(query, s=every))["schedulePreview"] == expected
    assert len((await api.alice.ask(query, s={"now": True}))["schedulePreview"]) == 1
    for count in (0, 101):
        error = (await api.alice.post(query, {"s": cron, "c": count}))["errors"][0]
        assert (error["message"], error["extensions"]["field"]) == (
            f"count must be 1 to 100; it is {count}.",
            ["count"],
        )
