"""URLs that are refused when they are saved, before any name is looked up."""

from ipaddress import ip_network

import pytest
from yarl import URL

from tocsin.documents import ErrorKind
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.own_services import OwnServices
from tocsin.outbound.url_guard import find_static_failure, is_in_allowed_network

RULES = ConnectionRules(
    allowed_networks=(ip_network("10.1.0.0/16"),),
    denied_ports=frozenset({25}),
    own_services=OwnServices(servers=[("db.example", 27017)]),
)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://a.example:25/", ErrorKind.BLOCKED_PORT),
        ("http://93.184.216.34:25/", ErrorKind.BLOCKED_PORT),
        ("http://db.example:27017/", ErrorKind.BLOCKED_PORT),
        ("http://10.2.0.1/", ErrorKind.BLOCKED_ADDRESS),
        ("http://[::1]/", ErrorKind.BLOCKED_ADDRESS),
        ("http://localhost/", ErrorKind.BLOCKED_ADDRESS),
        ("http://api.LOCALHOST./", ErrorKind.BLOCKED_ADDRESS),
    ],
)
def test_a_url_that_can_never_be_called_is_refused(url: str, kind: ErrorKind) -> None:
    failure = find_static_failure(URL(url), RULES)
    assert failure is not None
    assert failure.kind is kind


@pytest.mark.parametrize(
    "url",
    [
        *("http://a.example/", "https://93.184.216.34/", "http://10.1.2.3/", "http://db.example/"),
        *("http://notlocalhost/", "http://localhost.example/"),
    ],
)
def test_a_url_that_may_be_called_depends_on_its_addresses_at_that_time(url: str) -> None:
    assert find_static_failure(URL(url), RULES) is None


def test_loopback_is_callable_by_name_if_one_of_its_addresses_is_allowed() -> None:
    rules = ConnectionRules(allowed_networks=(ip_network("::1/128"),))
    assert find_static_failure(URL("http://localhost/"), rules) is None
    assert find_static_failure(URL("http://127.0.0.1/"), rules) is not None


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://10.1.2.3/", True),
        ("http://10.2.0.1/", False),
        ("http://93.184.216.34/", False),
        ("http://intranet.example/", False),
        ("http://[fe80::1]/", False),
        ("http://localhost/", False),
    ],
)
def test_an_allowed_network_is_recognized_without_a_look_up(url: str, allowed: bool) -> None:
    assert is_in_allowed_network(URL(url), RULES) is allowed


def test_localhost_is_in_an_allowed_loopback() -> None:
    assert is_in_allowed_network(URL("http://localhost:8080/"), ConnectionRules((ip_network("127.0.0.0/8"),)))
