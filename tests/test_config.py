"""Settings with rules beyond their type."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tocsin import config
from tocsin.config import Settings, load_settings
from tocsin.errors import SettingsError
from tocsin.setting_values import parse_ports


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ()),
        ("https://app.example.com", ("https://app.example.com",)),
        ("https://App.Example.com:443, http://localhost:5173", ("https://app.example.com", "http://localhost:5173")),
        ("http://[::1]:80", ("http://[::1]",)),
    ],
)
def test_origins(given: str, expected: tuple[str, ...]) -> None:
    assert settings(cors_origins=given).cors_origins == expected


@pytest.mark.parametrize(
    "given",
    [
        "*",
        "null",
        "app.example.com",
        "https://",
        "https://a/",
        "https://a/b",
        "ftp://a",
        "https://u@a",
        "https://a:99999",
    ],
)
def test_what_is_no_origin_stops_the_start(given: str) -> None:
    with pytest.raises(SettingsError, match=r"TOCSIN_CORS_ORIGINS is invalid: .* is not an origin such as"):
        config.load_settings(_env_file=None, cors_origins=given)


def test_trusted_proxies() -> None:
    assert settings(trusted_proxies="10.0.0.0/8,::1").trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    with pytest.raises(SettingsError, match="TOCSIN_TRUSTED_PROXIES is invalid"):
        config.load_settings(_env_file=None, trusted_proxies="*")


def ports(text: str) -> frozenset[int]:
    return load_settings(_env_file=None, denied_ports=text).denied_ports


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
    with pytest.raises(SettingsError, match=r"TOCSIN_DENIED_PORTS is invalid: .* is not a port, a range such as"):
        ports(text)


def test_canaries_are_up_to_ten_urls_each_once() -> None:
    urls = [f"https://canary{number}.example.org/" for number in range(11)]
    assert load_settings(_env_file=None).canary_urls == ()
    assert load_settings(_env_file=None, canary_urls=f"{urls[0]}, {urls[1]},{urls[0]}").canary_urls == tuple(urls[:2])
    with pytest.raises(SettingsError, match=r"^TOCSIN_CANARY_URLS is invalid: .* at most 10 items"):
        load_settings(_env_file=None, canary_urls=",".join(urls))
    with pytest.raises(SettingsError, match=r"^TOCSIN_CANARY_URLS is invalid: 'example.org' is not a URL such as"):
        load_settings(_env_file=None, canary_urls="example.org")


@pytest.mark.parametrize("name", ["port", "retry_offset", "max_retries", "wait_timeout"])
@pytest.mark.parametrize("text", ["1_0", "\u0661", "\uff11"])
def test_numbers_are_written_in_digits_alone(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"TOCSIN_{name.upper()} is invalid: .*(number|integer)"):
        load_settings(_env_file=None, **{name: text})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PT1M,PT\u0661M", "'PT\u0661M' is not an ISO 8601 duration such as"),
        ("P9999999D", "'P9999999D' is too long: at most P999999D"),
        ("P367D", "'P367D' is too long: a wait is at most P366D"),
        ("P1M", "'P1M' is not an ISO 8601 duration such as PT30S, PT1H30M or P1D; years and months"),
    ],
)
def test_a_wait_that_is_none_is_said(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"TOCSIN_RETRY_OFFSETS is invalid: {said}"):
        load_settings(_env_file=None, retry_offsets=text)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("TOCSIN_PROT", "TOCSIN_PROT is not a setting. Did you mean TOCSIN_PORT?"),
        ("TOCSIN_SIGNUP", "TOCSIN_SIGNUP is not a setting. Did you mean TOCSIN_SIGN_UP?"),
        ("tocsin_smtp_pas", "TOCSIN_SMTP_PAS is not a setting. Did you mean TOCSIN_SMTP_PASS?"),
        ("TOCSIN_XYZZY", "TOCSIN_XYZZY is not a setting. Remove it"),
    ],
)
def test_an_unknown_setting_stops_the_start(
    name: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{name}=1\n")
    with pytest.raises(SettingsError, match=re.escape(message)):
        load_settings(_env_file=tmp_path / ".env")
    (tmp_path / ".env").write_text(f"{name}=\n# {name}=1\nCOMPOSE_PROJECT_NAME=x\n")
    load_settings(_env_file=tmp_path / ".env")
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError, match=re.escape(message)):
        load_settings(_env_file=None)


def test_variables_of_others_are_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEST_MONGODB_URI", "BENCH_SECONDS", "SERVICE_HOST", "PORT_8000_TCP_ADDR", "SERVICE_PORT_HTTP"):
        monkeypatch.setenv(f"TOCSIN_{name}", "x")
    load_settings(_env_file=None)


def test_a_file_of_settings_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TOCSIN_PORT=8000 # caf\xe9\n")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(_env_file=tmp_path / ".env")


def test_what_is_no_secret_has_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PORT_FILE", "port")
    with pytest.raises(SettingsError, match="TOCSIN_PORT_FILE is not a setting"):
        load_settings(_env_file=None)


@pytest.mark.parametrize("text", ["https://example.com/tocsin", "http://[2001:db8::1]/?a=b", "ops+tocsin@example.com"])
def test_a_contact_is_a_url_or_a_mail_address(text: str) -> None:
    assert load_settings(_env_file=None, contact=text).contact == text


@pytest.mark.parametrize("text", ["me", "a b@c.de", "https://a/ b", "https://a/)x", "https://a/\r\nX: y", "mé@x.de"])
def test_what_cannot_stand_in_a_user_agent_stops_the_start(text: str) -> None:
    with pytest.raises(SettingsError, match="TOCSIN_CONTACT is invalid"):
        load_settings(_env_file=None, contact=text)
