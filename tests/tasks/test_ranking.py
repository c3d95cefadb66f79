"""Ranks and lanes of runs: priorities are head starts, and runs that call one host share a lane."""

from datetime import timedelta

import pytest

from tests.harness import http_job
from tests.tasks.helpers import add_run, load_run, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, RunStatus
from tocsin.named_secrets.references import make_secret_marker, mark_text
from tocsin.tasks.ranking import compute_rank, find_job_target, lane_range, queue_placement, rank_expression


@pytest.mark.parametrize(
    ("urls", "host"),
    [
        (["https://api.example.com/a", "https://API.example.com.:443/b?c"], "api.example.com:443"),
        (["http://bücher.example", "http://xn--bcher-kva.example:80/"], "xn--bcher-kva.example:80"),
        (["http://[2001:db8::1]/", "http://[2001:DB8:0:0::0:1]:80/x"], "[2001:db8::1]:80"),
        (["http://192.0.2.1:81/", "http://[::ffff:192.0.2.1]:81/"], "192.0.2.1:81"),
    ],
)
def test_one_host_is_one_lane_in_all_its_spellings(urls: list[str], host: str) -> None:
    places = [queue_placement("alice", http_job(url), None, None) for url in urls]
    assert {place["host"] for place in places} == {host}
    assert len({place["lane"] for place in places}) == 1
    assert queue_placement("bob", http_job(urls[0]), None, None)["lane"] != places[0]["lane"]


@pytest.mark.parametrize("url", ["no url", "ftp://a.example/", "http://", None, 7])
def test_what_is_no_url_calls_no_host(url: object) -> None:
    assert find_job_target({"kind": "http", "params": {"url": url}}) is None
    assert find_job_target({"kind": "email", "params": {"url": "http://a.example"}}) is None


@pytest.mark.parametrize("host", ["{}", "a.{}", "{}:8443", "{}.example.com", "a{}", "{}{}"])
def test_a_host_with_a_secret_is_not_known_before_the_call(host: str) -> None:
    """Nor is the text that stands for it in the run of a step, of which each run has another one."""
    marker = make_secret_marker()
    url = f"https://{host.replace('{}', mark_text(marker, 'tenant'))}/"
    params = {"url": url, "named_secrets": {"marker": marker}}
    assert find_job_target({"kind": "http", "params": params}) is None
    known = {**params, "url": f"https://A.example/{mark_text(marker, 'key')}"}
    assert find_job_target({"kind": "http", "params": known}) == "a.example:443"


def test_a_level_of_priority_is_a_head_start_of_a_minute() -> None:
    now = clock.now()
    assert compute_rank(now, 1) == compute_rank(now - timedelta(minutes=1), 0)
    assert compute_rank(now, -2) == compute_rank(now + timedelta(minutes=2), 0)


@pytest.mark.parametrize(("rank", "always", "is_ranked"), [(1, False, True), (None, False, False), (None, True, True)])
async def test_the_database_computes_the_same_rank(
    database: Database, rank: int | None, always: bool, is_ranked: bool
) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.QUEUED, priority=5)
    await database.runs.update_one({"_id": run_id}, {"$set": {"rank": rank}})
    await database.runs.update_one({"_id": run_id}, [{"$set": {"rank": rank_expression(always=always)}}])
    run = await load_run(database, run_id)
    assert run["queued_at"] is not None
    assert run["rank"] == (compute_rank(run["queued_at"], 5) if is_ranked else None)


def test_the_range_of_a_queue_holds_its_lanes_and_no_others() -> None:
    def lane(queue: str, owner: str) -> str:
        return queue_placement(owner, http_job("http://a.example/"), queue, None)["lane"]

    def holds(bounds: dict[str, str], value: str) -> bool:
        return bounds["$gte"] <= value < bounds["$lt"]

    for queue, owner in (("fast", "alice"), ("fast", "bob"), ("faster", "alice"), ("fas", "alice"), ("fast", "alice2")):
        assert holds(lane_range("fast"), lane(queue, owner)) == (queue == "fast")
        assert holds(lane_range("fast", "alice"), lane(queue, owner)) == ((queue, owner) == ("fast", "alice"))
