from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.security.ip_addresses import is_address_allowed

PUBLIC = [
    "93.184.216.34", "8.8.8.8", "2606:4700::1111", "2a00:1450:4001:80b::200e", "1.1.1.1",
]  # fmt: skip
REFUSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1",
    "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1", "2001:20::1",
    "4000::1", "e000::1",
]  # fmt: skip
CARRYING_PRIVATE = [
    "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "::10.0.0.1", "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::10.0.0.1", "2002:a00:1::", "2002:7f00:1::1",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe", "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:192.168.0.1",
]  # fmt: skip
NOT_AN_ADDRESS = [
    "",
    "localhost",
    "example.com",
    "127.1",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "2130706433",
    "1.2.3.4.5",
    " 1.1.1.1",
]
IPV4 = st.integers(0, 2**32 - 1).map(IPv4Address)


@pytest.mark.parametrize("address", [*PUBLIC, "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"])
def test_public_addresses_may_be_called(address: str) -> None:
    assert is_address_allowed(address, ())


@pytest.mark.parametrize("address", [*REFUSED, *CARRYING_PRIVATE, *NOT_AN_ADDRESS])
def test_all_else_is_refused(address: str) -> None:
    assert not is_address_allowed(address, ())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", "127.0.0.0/8"),
        ("::ffff:127.0.0.1", "127.0.0.0/8"),
        ("64:ff9b::10.1.2.3", "10.0.0.0/8"),
        ("2002:a00:1::", "10.0.0.0/8"),
        ("fd00::7", "fd00::/8"),
        ("fe80::1%eth0", "fe80::/10"),
    ],
)
def test_the_operator_may_allow_a_network(address: str, network: str) -> None:
    assert not is_address_allowed(address, ())
    assert is_address_allowed(address, (ip_network("192.168.0.0/16"), ip_network(network)))


def test_allowing_one_network_opens_no_other() -> None:
    allowed = (ip_network("127.0.0.0/8"),)
    assert not is_address_allowed("10.0.0.1", allowed)
    assert not is_address_allowed("::1", allowed)
    assert not is_address_allowed("64:ff9b::10.0.0.1", allowed)


@given(IPV4)
def test_however_an_ipv4_address_is_wrapped_it_is_judged_as_itself(inner: IPv4Address) -> None:
    wrapped = [
        IPv6Address(f"::ffff:{inner}"),
        IPv6Address(f"64:ff9b::{inner}"),
        IPv6Address(0x2002 << 112 | int(inner) << 80),
    ]
    assert {is_address_allowed(str(outer), ()) for outer in wrapped} == {is_address_allowed(str(inner), ())}


@given(IPV4)
def test_what_python_calls_not_global_is_never_allowed(address: IPv4Address) -> None:
    assert address.is_global or not is_address_allowed(str(address), ())
