import pytest

from tocsin.config import Settings, load, parse_ports
from tocsin.errors import SettingsError


def ports(text: str) -> frozenset[int]:
    return load(_env_file=None, denied_ports=text).denied_ports


def test_by_default_no_port_is_called_that_belongs_to_a_service_without_http() -> None:
    denied = Settings(_env_file=None).denied_ports
    assert {22, 23, 25, 53, 445, 587, 3306, 5432, 6379, 6665, 6669, 10080, 11211, 27017} < denied
    assert not denied & {80, 443, 2375, 8000, 8080, 8443, 9000, 9200, *range(32_768, 65_536)}


def test_denied_ports_are_numbers_ranges_and_words() -> None:
    assert ports("22, 80-82,81") == {22, 80, 81, 82}
    assert ports("Standard,9200") == parse_ports("standard") | {9200}
    assert ports("none") == frozenset()


@pytest.mark.parametrize("text", ["0", "65536", "9-3", "ssh", "none,22", "-1", "²", "1-70000"])
def test_what_is_no_port_is_said(text: str) -> None:
    with pytest.raises(SettingsError, match=r"TOCSIN_DENIED_PORTS is wrong: .* is not a port, a range such as"):
        ports(text)
