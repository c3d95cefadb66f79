import json
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from tocsin.errors import InvalidInput
from tocsin.graphql.arguments import to_params
from tocsin.graphql.enums import HttpMethod
from tocsin.graphql.jobs.http import HttpJobInput
from tocsin.graphql.scalars import Url
from tocsin.input_models import parse_params
from tocsin.jobs.base import SaveContext
from tocsin.jobs.http.input import HttpInput, prepare_http_params
from tocsin.jobs.http.job import HttpJob
from tocsin.jobs.http.params import HttpParams, HttpParamsDocument
from tocsin.outbound.guard import ALL_NETWORKS, ConnectionRules
from tocsin.security.secret_box import SecretBox

BOX = SecretBox(bytes(32))
URL = "https://api.example/hook?x=1"


def store(previous: Mapping[str, Any] | None = None, **fields: Any) -> HttpParamsDocument:
    return prepare_http_params(parse_params(HttpInput, {"url": URL, **fields}), BOX, "alice", previous)


def unsealed(stored: str | None) -> str:
    assert stored is not None
    return BOX.unseal_without_reload(stored, "alice")


# --- stored parameters ---


def test_what_is_stored_has_the_shape_of_the_params() -> None:
    stored = store(method="post", headers={"A": "1", "B": 2.5}, body={"k": "v"}, token="t", connect_timeout=3)
    HttpParams.model_validate(stored)
    assert stored["url"] == URL
    assert stored["method"] == "POST"
    assert stored["headers"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2.5"}]
    assert stored["connect_timeout"] == 3
    assert unsealed(stored["token"]) == "t"


@pytest.mark.parametrize("name", ["Authorization", "COOKIE", "x-api-key", "Proxy-Authorization"])
def test_some_headers_are_always_secret(name: str) -> None:
    stored = store(headers={name: "hunter2"})
    assert "hunter2" not in json.dumps(stored)
    assert stored["headers"] == []
    assert unsealed(stored["secret_headers"][0]["sealed"]) == "hunter2"


# --- updates keep secrets that are not given ---


def test_an_absent_secret_is_kept() -> None:
    before = store(token="t", headers={"X-Hook": "s"}, secret_headers=["X-Hook"])
    by_null = store(before, url="https://API.example:443/other", headers={"x-hook": None}, secret_headers=["X-Hook"])
    by_name = store(before, secret_headers=["X-Hook"])
    for after in (by_null, by_name):
        assert after["token"] == before["token"]
        assert unsealed(after["secret_headers"][0]["sealed"]) == "s"


MOVES = ["https://b.example/", "http://api.example/hook", "https://api.example:8443/hook", "https://api.example./hook"]


@pytest.mark.parametrize("url", MOVES)
def test_a_stored_secret_does_not_go_to_another_server_unasked(url: str) -> None:
    with_token = store(token="t")
    with_header = store(headers={"X-Hook": "s"}, secret_headers=["X-Hook"])
    refused: list[tuple[HttpParamsDocument, dict[str, Any], tuple[str, ...], str]] = [
        (with_token, {}, ("token",), "Give the token again, or an empty one to remove it."),
        (with_header, {"secret_headers": ["X-Hook"]}, ("headers", "X-Hook"), "leave X-Hook out to remove it."),
        (with_header, {"headers": {"x-hook": None}, "secret_headers": ["X-Hook"]}, ("headers", "x-hook"), "again"),
    ]
    for before, fields, path, advice in refused:
        with pytest.raises(InvalidInput, match="another scheme, host or port than before") as caught:
            store(before, url=url, **fields)
        assert caught.value.path == path
        assert advice in caught.value.message


def test_a_task_moves_to_another_server_with_secrets_given_again_or_removed() -> None:
    before = store(token="t", headers={"X-Hook": "s"}, secret_headers=["X-Hook"])
    anew = store(before, url=MOVES[0], token="u", headers={"X-Hook": "v"}, secret_headers=["X-Hook"])
    assert (
        unsealed(anew["token"]),
        unsealed(anew["secret_headers"][0]["sealed"]),
    ) == ("u", "v")
    removed = store(before, url=MOVES[0], token="")
    assert (removed["token"], removed["secret_headers"]) == (None, [])
    instead = store(before, url=MOVES[0], headers={"Authorization": "Basic x"})
    assert instead["token"] is None
    assert store(store(), url=MOVES[0])["url"] == MOVES[0]


def test_a_stored_url_that_would_be_refused_today_still_keeps_its_secrets() -> None:
    before = store(token="t") | {"url": "http://0x7f.1/"}
    with pytest.raises(InvalidInput, match="another scheme, host or port than before"):
        store(before, url="https://b.example/")


def test_a_denied_port_is_refused() -> None:
    given = HttpInput(url="https://a.example:6379/")
    with pytest.raises(InvalidInput, match="Port 6379 may not be called") as caught:
        prepare_http_params(given, BOX, "alice", rules=ConnectionRules(denied_ports={6379}))
    assert caught.value.path == ("url",)
    assert prepare_http_params(given, BOX, "alice", rules=ConnectionRules(denied_ports={22}))["url"] == given.url


NEVER_CALLED = [
    "http://169.254.169.254/", "http://127.0.0.1/", "http://10.0.0.1:8080/x", "http://[::1]/", "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::10.0.0.1]/", "http://[2002:a00:1::]/", "http://0.0.0.0/", "http://[fd00:ec2::254]/",
    "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2461/", "http://100.64.0.1/", "http://168.63.129.16/", "http://224.0.0.1/",
    "http://localhost/", "http://LOCALHOST.:81/", "http://api.localhost/",
]  # fmt: skip


@pytest.mark.parametrize("url", NEVER_CALLED)
def test_an_address_that_can_never_be_called_is_refused(url: str) -> None:
    with pytest.raises(
        InvalidInput, match=r"may not be called: it is not a public address\..*TOCSIN_ALLOWED_"
    ) as caught:
        prepare_http_params(HttpInput(url=url), BOX, "alice", rules=ConnectionRules())
    assert caught.value.path == ("url",)
    assert prepare_http_params(HttpInput(url=url), BOX, "alice", rules=ConnectionRules(ALL_NETWORKS))["url"] == url


@pytest.mark.parametrize(
    "url", ["http://8.8.8.8/", "http://[2606:4700::1]/", "http://localhost.example/", "http://db/"]
)
def test_what_may_be_public_is_judged_when_it_is_called(url: str) -> None:
    assert prepare_http_params(HttpInput(url=url), BOX, "alice", rules=ConnectionRules())["url"] == url


def test_what_the_operator_allows_is_saved() -> None:
    rules = ConnectionRules((ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")))
    for url in ("http://127.0.0.1/", "http://localhost/", "http://10.1.2.3/", "http://[::ffff:10.0.0.1]/"):
        assert prepare_http_params(HttpInput(url=url), BOX, "alice", rules=rules)["url"] == url
    with pytest.raises(InvalidInput, match=r"192\.168\.0\.1 may not be called"):
        prepare_http_params(HttpInput(url="http://192.168.0.1/"), BOX, "alice", rules=rules)


def test_a_secret_can_be_replaced_and_removed() -> None:
    before = store(token="t", headers={"X-Hook": "s"}, secret_headers=["X-Hook"])
    assert unsealed(store(before, token="u")["token"]) == "u"
    removed = store(before, token="")
    assert (removed["token"], removed["secret_headers"]) == (None, [])
    replaced = store(before, headers={"Authorization": "Basic x"})
    assert replaced["token"] is None
    assert unsealed(replaced["secret_headers"][0]["sealed"]) == "Basic x"


# --- refused input ---

SURROGATE = "\ud800"
REFUSED: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"url": "ftp://a.example/"}, ("url",)),
    ({"url": "a.example/x"}, ("url",)),
    ({"url": "http:///x"}, ("url",)),
    ({"url": "http://user:pw@a.example/"}, ("url",)),
    ({"url": "http://user@a.example/"}, ("url",)),
    ({"url": "http://a.example/" + "x" * 8192}, ("url",)),
    ({"url": "http://a.example/\r\nX: y"}, ("url",)),
    ({"url": " http://a.example/"}, ("url",)),
    ({"url": "http://a.example:70000/"}, ("url",)),
    ({"url": f"http://a.example/{SURROGATE}"}, ("url",)),
    ({"url": "http://[::1/"}, ("url",)),
    ({"method": "TRACE"}, ("method",)),
    ({"connect_timeout": 0}, ("connectTimeout",)),
    ({"headers": {"X Y": "1"}}, ("headers", "X Y")),
    ({"headers": {"": "1"}}, ("headers", "")),
    ({"headers": {"X": "1\r\nY: 2"}}, ("headers", "X")),
    ({"headers": {"X": " 1"}}, ("headers", "X")),
    ({"headers": {"X": True}}, ("headers", "X")),
    ({"headers": {"X": ["1"]}}, ("headers", "X")),
    ({"headers": {"X": SURROGATE}}, ("headers", "X")),
    ({"headers": {"X": None}}, ("headers", "X")),
    ({"headers": {"X": "1", "x": "2"}}, ("headers",)),
    ({"headers": {"Content-Length": "5"}}, ("headers", "Content-Length")),
    ({"headers": {"transfer-encoding": "chunked"}}, ("headers", "transfer-encoding")),
    ({"headers": {"Connection": "close"}}, ("headers", "Connection")),
    ({"headers": {"Host": "b.example"}}, ("headers", "Host")),
    ({"headers": {"Idempotency-Key": "1"}}, ("headers", "Idempotency-Key")),
    ({"headers": {"X-Tocsin-Attempt": "1"}}, ("headers", "X-Tocsin-Attempt")),
    ({"headers": {f"X-{number}": "1" for number in range(51)}}, ("headers",)),
    ({"headers": {"X": "v" * 16_384}}, ("headers",)),
    ({"headers": {"X": None}, "secret_headers": ["X"]}, ("headers", "X")),
    ({"secret_headers": ["X-Gone"]}, ("headers", "X-Gone")),
    ({"token": "a b"}, ("token",)),
    ({"token": "a\n"}, ("token",)),
    ({"token": "t", "headers": {"authorization": "Basic x"}}, ("token",)),
    ({"body": {"a": float("nan")}}, ("body",)),
    ({"body": SURROGATE}, ("body",)),
    ({"body": "x" * 262_144}, ("body",)),
    ({"body_text": "é" * 131_073}, ("bodyText",)),
    ({"body_text": SURROGATE}, ("bodyText",)),
    ({"body_form": {"a": {"b": 1}}}, ("bodyForm", "a")),
    ({"body_form": {"a": None}}, ("bodyForm", "a")),
    ({"body": 1, "body_text": "1"}, ("bodyText",)),
    ({"body_text": "1", "body_form": {}}, ("bodyForm",)),
]


@pytest.mark.parametrize(
    ("fields", "path"), REFUSED, ids=lambda value: str(value)[:50].encode("ascii", "replace").decode()
)
def test_wrong_input_is_refused_where_it_is_wrong(fields: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as caught:
        store(**fields)
    assert caught.value.path == path
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::ffff:a00:1]/", "https://bücher.example/ü?q=ä#top"])
def test_whether_an_address_is_allowed_is_decided_when_it_is_called(url: str) -> None:
    assert store(url=url)["url"] == url


# --- one reader ---


@pytest.mark.parametrize("method", ["post", "Post", "POST"])
@pytest.mark.parametrize("timeout", ["PT3S", 3, 3.0])
def test_the_same_input_means_the_same_in_the_api_in_yaml_and_on_the_command_line(method: str, timeout: Any) -> None:
    job, given = HttpJob(), {"url": URL, "method": method, "connectTimeout": timeout, "bodyText": "a"}
    assert job.find_faults(given) == []
    by_api = HttpJobInput(url=Url(URL), method=HttpMethod.POST, body_text="a", connect_timeout=timedelta(seconds=3))
    saving = SaveContext("alice", BOX)
    assert job.prepare(given, saving) == job.prepare(to_params(by_api), saving)
