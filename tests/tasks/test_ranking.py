"""Lanes of runs: runs that call one host share a lane in all spellings of the host."""

import pytest

from tests.harness import http_job
from tocsin.tasks.ranking import find_job_target, queue_placement


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
