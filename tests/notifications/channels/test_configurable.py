"""The settings of all kinds: validation, secrets, storage."""

from ipaddress import ip_network
from typing import Any

import pytest

from tests.notifications.channels.helpers import RULES
from tests.notifications.channels.samples import SAMPLES, Sample
from tocsin.errors import InvalidInput
from tocsin.notifications.channels import CONFIGURABLE_CHANNELS
from tocsin.notifications.channels.configurable import ConfigurableChannel
from tocsin.notifications.channels.http_channel import HttpChannel
from tocsin.outbound.guard import ConnectionRules
from tocsin.security.secret_box import SecretBox

KINDS = [(CONFIGURABLE_CHANNELS[kind], sample) for kind, sample in SAMPLES.items()]
INTRANET = ConnectionRules(allowed_networks=(ip_network("10.0.0.0/8"),), denied_ports=frozenset({25}))


def refusal(kind: str, given: dict[str, Any], rules: ConnectionRules = RULES) -> tuple[str, tuple[str, ...]]:
    with pytest.raises(InvalidInput) as caught:
        CONFIGURABLE_CHANNELS[kind].parse_settings(given, rules)
    return caught.value.message, caught.value.path


def test_each_kind_that_calls_a_service_has_a_sample() -> None:
    calling = {kind for kind, channel in CONFIGURABLE_CHANNELS.items() if isinstance(channel, HttpChannel)}
    assert set(SAMPLES) == calling == set(CONFIGURABLE_CHANNELS) - {"live", "apprise"}


@pytest.mark.parametrize(("channel", "sample"), KINDS, ids=list(SAMPLES))
async def test_settings_survive_being_sealed_and_stored(channel: ConfigurableChannel[Any], sample: Sample) -> None:
    settings, box = channel.parse_settings(sample.given, RULES), SecretBox(bytes(32))
    sealed = {name: box.seal(value, "u1") for name, value in settings.secret_values().items()}
    stored = {**settings.plain_values(), **sealed}
    assert not any(secret in str(stored) for secret in sample.secrets)
    names = settings.secret_names()
    opened = {name: await box.unseal(str(stored[name]), "u1") for name in names if stored.get(name) is not None}
    plain = {name: value for name, value in stored.items() if name not in names}
    assert channel.settings_model.load(plain, opened) == settings


@pytest.mark.parametrize(("channel", "sample"), KINDS, ids=list(SAMPLES))
def test_no_secret_is_shown(channel: ConfigurableChannel[Any], sample: Sample) -> None:
    settings = channel.parse_settings(sample.given, RULES)
    for text in (repr(settings), str(settings), str(settings.show()), str(settings.plain_values())):
        assert not any(secret in text for secret in [*sample.secrets, *settings.secret_values().values()])


def test_of_a_secret_url_the_host_is_shown() -> None:
    channel, sample = CONFIGURABLE_CHANNELS["webhook"], SAMPLES["webhook"]
    assert channel.parse_settings(sample.given, RULES).show() == {
        "url": "https://hooks.example.org/***",
        "signingKey": "***",
        "formerKeyUntil": None,
        "oldestKeyUntil": None,
    }
    ntfy = CONFIGURABLE_CHANNELS["ntfy"].parse_settings(SAMPLES["ntfy"].given, RULES)
    assert ntfy.show() == {"server": "https://ntfy.example.org", "topic": "***", "token": "***"}


@pytest.mark.parametrize(("channel", "sample"), KINDS, ids=list(SAMPLES))
def test_a_misspelled_or_missing_name_is_an_error(channel: ConfigurableChannel[Any], sample: Sample) -> None:
    with pytest.raises(InvalidInput, match="There is no colour here"):
        channel.parse_settings({**sample.given, "colour": "red"}, RULES)
    with pytest.raises(InvalidInput, match="is missing"):
        channel.parse_settings({}, RULES)


@pytest.mark.parametrize(("channel", "sample"), KINDS, ids=list(SAMPLES))
@pytest.mark.parametrize(
    "wrong", ["s3cret-\x00", "ftp://s3cret.example/s3cret-path", ["s3cret-"], 12, "s3cret-" * 5000]
)
def test_errors_do_not_repeat_what_was_given(channel: ConfigurableChannel[Any], sample: Sample, wrong: Any) -> None:
    for name in sample.given:
        with pytest.raises(InvalidInput) as caught:
            channel.parse_settings({**sample.given, name: wrong}, RULES)
        assert "s3cret" not in str([(error.message, error.path) for error in caught.value.all_errors])
        assert caught.value.path == (name,)


WRONG = [
    ("slack", {"url": "https://hooks.slack.com.evil.example/services/T0/B0/xx"}, "must be that of an incoming webhook"),
    ("slack", {"url": "http://hooks.slack.com/services/T0/B0/xx"}, "must be that of an incoming webhook"),
    ("slack", {"url": "https://hooks.slack.com/services/T0/B0"}, "must be that of an incoming webhook"),
    ("slack", {"url": "https://hooks.slack.com/triggers/T0/1/xx"}, "must be that of an incoming webhook"),
    ("discord", {"url": "https://discord.com/channels/1/2"}, "must be that of a channel's webhook"),
    ("discord", {"url": "https://discord.com/api/webhooks/1/../../users"}, "must be that of a channel's webhook"),
    ("teams", {"url": "https://x.webhook.office.com/webhookb2/1?sig=1"}, "connector, which Microsoft has ended"),
    ("teams", {"url": "https://outlook.office.com/webhook/1"}, "connector, which Microsoft has ended"),
    ("teams", {"url": "https://prod-1.logic.azure.com/workflows/1"}, "must be complete"),
    ("telegram", {"token": "123:short", "chatId": "1"}, "must be that of a bot"),
    ("telegram", {"token": SAMPLES["telegram"].given["token"] + "/../x", "chatId": "1"}, "must be that of a bot"),
    ("telegram", {**SAMPLES["telegram"].given, "chatId": "me"}, "must be a number"),
    ("ntfy", {"topic": "a/b"}, "1 to 64 letters"),
    ("ntfy", {"topic": "a", "server": "https://ntfy.sh/topic"}, "without a path"),
    ("ntfy", {"topic": "a", "token": "tk\r\nX-Evil: 1"}, "must be an access token"),
    ("pagerduty", {"routingKey": "abc"}, "32 letters and digits"),
    ("pagerduty", {**SAMPLES["pagerduty"].given, "region": "MARS"}, "region must be"),
    ("webhook", {"url": "ftp://example.org/"}, "must begin with http"),
    ("webhook", {"url": "https://user:s3cret@example.org/"}, "must not contain a user name"),
]


@pytest.mark.parametrize(("kind", "given", "message"), WRONG)
def test_each_kind_says_what_its_settings_must_be(kind: str, given: dict[str, Any], message: str) -> None:
    assert message in refusal(kind, given)[0]


@pytest.mark.parametrize("url", ["http://example.org/in", "http://10.0.0.5/in", "http://93.184.216.34/in"])
@pytest.mark.parametrize(("kind", "name"), [("webhook", "url"), ("ntfy", "server")])
def test_without_encryption_nothing_is_sent_to_other_networks(kind: str, name: str, url: str) -> None:
    given = {**SAMPLES[kind].given, name: url if kind == "webhook" else url.removesuffix("/in")}
    message, path = refusal(kind, given)
    assert path == (name,)
    assert message.startswith(f"The {name} cannot be called. It must begin with https://. Only an address in a network")


def test_an_address_in_an_allowed_network_can_be_called_without_encryption() -> None:
    channel = CONFIGURABLE_CHANNELS["webhook"]
    assert channel.parse_settings({"url": "http://10.0.0.5/in"}, INTRANET).called_url == "http://10.0.0.5/in"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://10.0.0.5/", "10.0.0.5 may not be called: it is not a public address."),
        ("https://localhost/", "may not be called: it is not a public address."),
        ("https://169.254.169.254/latest", "169.254.169.254 may not be called"),
    ],
)
def test_an_address_in_a_denied_network_is_refused(url: str, message: str) -> None:
    assert message in refusal("webhook", {"url": url})[0]


def test_a_denied_port_is_refused() -> None:
    assert "Port 25 may not be called" in refusal("webhook", {"url": "https://example.org:25/"}, INTRANET)[0]


@pytest.mark.parametrize("name", ["signingKey", "signing_key", "formerKey", "formerKeyUntil"])
def test_what_is_generated_cannot_be_given(name: str) -> None:
    message, _ = refusal("webhook", {"url": "https://example.org/", name: "x"})
    assert message.endswith("is generated. Leave it out.")


def test_an_update_keeps_only_what_is_generated() -> None:
    channel = CONFIGURABLE_CHANNELS["webhook"]
    before = channel.parse_settings({"url": "https://example.org/a"}, RULES)
    after = channel.parse_settings({"url": "https://example.com/b"}, RULES, before)
    assert (after.called_url, after.signing_key) == ("https://example.com/b", before.signing_key)
    assert channel.parse_settings({"url": "https://example.org/a"}, RULES).signing_key != before.signing_key

    ntfy = CONFIGURABLE_CHANNELS["ntfy"]
    with_token = ntfy.parse_settings(SAMPLES["ntfy"].given, RULES)
    moved = ntfy.parse_settings({"server": "https://evil.example", "topic": "a"}, RULES, with_token)
    assert moved.token is None
