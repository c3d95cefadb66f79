"""The interface of channels that users configure: validated settings with secrets, and the delivery of a notice.

Whoever stores the settings seals the values that `secret_names` names, and never shows anything but `show`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar, get_args

from pydantic import ConfigDict, JsonValue, SecretStr
from pydantic.alias_generators import to_camel
from yarl import URL

from tocsin.errors import InvalidInput
from tocsin.input_models import ParamsModel, parse_params
from tocsin.notifications.channels.notice import Notice
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.http_client import HttpClient
from tocsin.outbound.url_guard import find_static_failure, is_in_allowed_network
from tocsin.outbound.urls import parse_url

MASK = "***"
_NO_TLS = (
    "It must begin with https://. Only an address in a network that the operator allows with TOCSIN_ALLOWED_NETWORKS, "
    "such as http://10.0.0.5/, can be called without encryption."
)


class ChannelSettings(ParamsModel):
    """The settings of one user's channel. The fields of type SecretStr are secrets.

    `generated` are the fields that are made here and never given by users; `url_field` is the one with the URL that is
    called, if users give it.
    """

    model_config = ConfigDict(hide_input_in_errors=True)
    generated: ClassVar[frozenset[str]] = frozenset()
    url_field: ClassVar[str | None] = None

    @classmethod
    def secret_names(cls) -> frozenset[str]:
        """Return the names of the fields to be sealed before they are stored."""
        fields = cls.model_fields.items()
        return frozenset(name for name, field in fields if SecretStr in (field.annotation, *get_args(field.annotation)))

    def secret_values(self) -> dict[str, str]:
        """Return the secrets that are set, unsealed."""
        given = {name: getattr(self, name) for name in self.secret_names()}
        return {name: value.get_secret_value() for name, value in given.items() if value is not None}

    def plain_values(self) -> dict[str, JsonValue]:
        """Return the other values, as JSON. Together with the secrets, they are what `load` reads."""
        return self.model_dump(mode="json", exclude=set(self.secret_names()))

    @classmethod
    def load(cls, plain: Mapping[str, Any], secrets: Mapping[str, str]) -> Self:
        """Return settings that were stored. Raises MultipleInvalid."""
        return parse_params(cls, {**plain, **secrets})

    def show(self) -> dict[str, JsonValue]:
        """Return the values as their owner may see them, with camelCase names: of a secret URL, only the host."""
        masked = {name: _mask(value) for name, value in self.secret_values().items()}
        return {to_camel(name): value for name, value in sorted({**self.plain_values(), **masked}.items())}

    @property
    def called_url(self) -> str:
        """The URL that users gave."""
        value = getattr(self, self.url_field or "")
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


S = TypeVar("S", bound=ChannelSettings)


class ConfigurableChannel(ABC, Generic[S]):
    """A kind of channel that users configure. It has no state: one object serves all users.

    With `keeps_alerts`, what opens an incident opens something in the service that stays until it is told of the end.
    So it is told of that whatever its events, and what it has opened is closed before its settings change.
    """

    settings_model: type[S]
    keeps_alerts: ClassVar[bool] = False

    def parse_settings(self, given: Mapping[str, Any], rules: ConnectionRules, before: S | None = None) -> S:
        """Validate what a user gives, without calling anything. Raises MultipleInvalid or InvalidInput.

        An update gives all settings again, because a secret that was kept could be sent to a server that must not have
        it. Only what is generated is kept from `before`.
        """
        model = self.settings_model
        for name in model.generated & {*given, *map(_to_snake, given)}:
            raise InvalidInput(f"{to_camel(name)} is generated. Leave it out.", to_camel(name))
        kept = {} if before is None else {name: getattr(before, name) for name in model.generated}
        settings = parse_params(model, {**given, **kept})
        if model.url_field is not None and (fault := find_url_fault(settings.called_url, rules)) is not None:
            raise InvalidInput(f"The {to_camel(model.url_field)} cannot be called. {fault}", to_camel(model.url_field))
        return settings

    @abstractmethod
    async def deliver(self, notice: Notice, settings: S, http: HttpClient) -> None:
        """Deliver a notice. Raises DeliveryRefused, EndpointGone or DeliveryUnavailable, without secrets."""


def find_url_fault(text: str, rules: ConnectionRules) -> str | None:
    """Return why nothing can be sent to a URL, without any look-up; None if that depends on one."""
    url = parse_url(text)
    if isinstance(url, str):
        return url
    if url.scheme != "https" and not is_in_allowed_network(url, rules):
        return _NO_TLS
    failure = find_static_failure(url, rules)
    return None if failure is None else f"{failure.message} {failure.hint}"


def require_url(value: SecretStr | str) -> URL:
    """Parse a URL in a validator of settings. Raises ValueError, without the URL."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    url = parse_url(text)
    if isinstance(url, str):
        raise ValueError(f"The URL cannot be called. {url}")
    return url


def _mask(secret: str) -> str:
    url = parse_url(secret)
    return MASK if isinstance(url, str) else f"{url.origin()}/{MASK}"


def _to_snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
