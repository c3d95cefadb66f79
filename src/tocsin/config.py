"""Settings: environment variables with the prefix `TOCSIN_`, or lines of a `.env` file in the working directory.

`.env.example` lists all of them with meaning, unit and default; a test compares the two.
"""

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict

from tocsin.errors import SettingsError
from tocsin.secret_files import FILE_SUFFIX, list_secret_settings, read_secret_files
from tocsin.setting_values import decode_keys, parse_canary_url, parse_offset, parse_origin, parse_ports, split_list

PREFIX = "TOCSIN_"
IPNetwork = IPv4Network | IPv6Network
_FOREIGN = re.compile(rf"{PREFIX}(TEST|BENCH|SERVICE)_|{PREFIX}PORT_[0-9]+_")
"""Variables of tests and benchmarks, and those that Kubernetes and Docker set for a service named tocsin."""
_MAX_UNKNOWN = 5

# A URL or an email address that is valid in the comment of a User-Agent (RFC 9110 section 5.6.5).
_CONTACT = r"^(https?://[!#-'*-;=?-\[\]-~]+|[!#-'*-;=?A-\[\]-~]+@[A-Za-z0-9.-]+)$"
_MAX_INT = 2**31 - 1


class Settings(BaseSettings):
    """The settings of a process."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str | None = Field(None, pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$", max_length=2000)
    data_dir: Path = Path("data")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "console"
    access_log: bool = False
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: Annotated[tuple[IPNetwork, ...], NoDecode] = ()
    body_limit: int = Field(1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(None, ge=0, le=65535)
    metrics_token: SecretStr | None = None

    mongodb_uri: SecretStr | None = None
    mongodb_database: str = Field("tocsin", pattern=r"^[A-Za-z0-9_-]{1,63}$")
    embedded_durability: Literal["process", "power"] = "process"

    jwt_secret: SecretStr | None = None
    encryption_key: SecretStr | None = None
    access_token_minutes: int = Field(60, ge=1, le=60 * 24 * 30)
    refresh_token_days: int = Field(30, ge=1, le=3660)
    sign_up: Literal["open", "closed"] = "open"
    public_links: bool = True

    max_document_tokens: int = Field(2000, ge=100, le=100_000)
    max_depth: int = Field(20, ge=1, le=100)
    max_aliases: int = Field(50, ge=0, le=10_000)
    max_root_fields: int = Field(20, ge=1, le=1000)
    max_cost: int = Field(50_000, ge=100, le=100_000_000)
    cost_limit: int = Field(500_000, ge=1000, le=1_000_000_000)
    execution_timeout: float = Field(30.0, gt=0, le=3600)
    max_operations: int = Field(100, ge=1, le=100_000)
    max_subscriptions: int = Field(100, ge=1, le=100_000)
    max_connections: int = Field(4096, ge=64, le=1_000_000)
    connections_per_address: int = Field(256, ge=1, le=1_000_000)
    attempts_per_address: int = Field(30, ge=1, le=1_000_000)
    attempts_per_account: int = Field(20, ge=1, le=1_000_000)
    introspection: Literal["everyone", "users", "nobody"] = "everyone"
    suggestions: Literal["everyone", "users", "nobody"] = "users"

    wait_timeout: float = Field(10.0, gt=0, le=3600)
    job_timeout: float = Field(60.0, gt=0, le=3600)
    connect_timeout: float = Field(5.0, gt=0, le=300)
    response_limit: int = Field(65_536, ge=0, le=8 * 1024 * 1024)
    max_redirects: int = Field(5, ge=0, le=20)
    allowed_networks: Annotated[tuple[IPNetwork, ...], NoDecode] = ()
    denied_ports: Annotated[frozenset[int], NoDecode] = Field(default_factory=lambda: parse_ports("standard"))
    allow_self_calls: bool = False
    canary_urls: Annotated[tuple[str, ...], NoDecode] = Field((), max_length=10)
    apprise: bool = False
    contact: str | None = Field(None, pattern=_CONTACT, max_length=300)

    retry_offsets: Annotated[tuple[timedelta, ...], NoDecode] = ()
    retry_offset: float | None = Field(None, gt=0, le=24 * 30)
    max_retries: int = Field(3, ge=0, le=99)
    retry_after_limit: int = Field(3600, ge=0, le=7 * 86_400)

    max_concurrency: int = Field(100, ge=1, le=10_000)
    prefetch: int | None = Field(None, ge=0, le=100_000)
    host_concurrency: int = Field(50, ge=1, le=10_000)
    host_rate: int = Field(0, ge=0, le=1_000_000)
    owner_host_rate: int = Field(600, ge=0, le=1_000_000)
    owner_share: float = Field(0.5, gt=0, le=1)
    circuit_failures: int = Field(10, ge=0, le=10_000)
    circuit_seconds: float = Field(5.0, gt=0, le=600)
    lease_seconds: float = Field(15.0, ge=1, le=600)
    shutdown_grace: float = Field(10.0, ge=0, le=600)
    retention_days: int = Field(90, ge=1, le=36_500)
    task_retention_days: int = Field(90, ge=1, le=36_500)
    audit_retention_days: int = Field(365, ge=1, le=36_500)
    incident_group_seconds: float = Field(10.0, ge=0, le=300)
    file_link_hours: int = Field(72, ge=1, le=87_600)
    compute_processes: int | None = Field(None, ge=1, le=1000)
    compute_memory: int = Field(512, ge=64, le=1024 * 1024)
    compute_seconds: int = Field(30, ge=1, le=3600)
    expression_parts: int = Field(1_000_000, ge=20_000, le=100_000_000)
    expression_seconds: float = Field(5.0, ge=0.1, le=600)
    max_open_runs: int = Field(100, ge=1, le=1000)

    quota_tasks: int = Field(10_000, ge=0, le=_MAX_INT)
    quota_workflows: int = Field(1_000, ge=0, le=_MAX_INT)
    quota_workflow_versions: int = Field(20_000, ge=0, le=_MAX_INT)
    quota_runs_per_minute: int = Field(6_000, ge=0, le=_MAX_INT)
    quota_runs_per_day: int = Field(1_000_000, ge=0, le=_MAX_INT)
    quota_storage: int = Field(5_000, ge=0, le=_MAX_INT)
    quota_mails_per_day: int = Field(500, ge=0, le=_MAX_INT)
    quota_api_tokens: int = Field(100, ge=0, le=_MAX_INT)
    quota_idempotency_keys_per_day: int = Field(100_000, ge=0, le=_MAX_INT)
    min_free_disk: int = Field(200, ge=0, le=1_000_000_000)

    smtp_host: str | None = None
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_user: str | None = None
    smtp_pass: SecretStr | None = None
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_timeout: float = Field(20.0, gt=0, le=300)
    email_from: str = "Tocsin <tocsin@localhost>"
    email_recipients: str = "owner"
    mails_per_recipient: int = Field(100, ge=1, le=10_000)
    account_mails_per_recipient: int = Field(80, ge=1, le=10_000)
    confirmations_per_address: int = Field(50, ge=1, le=10_000)
    admin_requests: Literal["accepted", "everyone"] = "accepted"

    @field_validator("allowed_networks", "trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        return tuple(ip_network(part, strict=False) for part in split_list(value))

    @field_validator("denied_ports", mode="before")
    @classmethod
    def _ports(cls, value: Any) -> Any:
        return parse_ports(value) if isinstance(value, str) else value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: Any) -> Any:
        return tuple(parse_origin(part) for part in split_list(value))

    @field_validator("canary_urls", mode="before")
    @classmethod
    def _canaries(cls, value: Any) -> Any:
        return tuple(dict.fromkeys(parse_canary_url(part) for part in split_list(value)))

    @field_validator("retry_offsets", mode="before")
    @classmethod
    def _offsets(cls, value: Any) -> Any:
        return tuple(parse_offset(part) for part in split_list(value))

    @field_validator("*", mode="before")
    @classmethod
    def _digits(cls, value: Any, info: ValidationInfo) -> Any:
        """Reject numbers such as 1_000: only Python accepts them."""
        annotation = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, str) and "_" in value and annotation in {int, float, float | None}:
            raise ValueError(f"{value!r} is not a number; use digits only")
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        token = value.get_secret_value() if value is not None else None
        if token is not None and (len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token):
            raise ValueError("must have at least 16 characters, all printable ASCII without spaces")
        return value

    @field_validator("encryption_key")
    @classmethod
    def _is_aes_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            decode_keys(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _allow_one_document(self) -> "Settings":
        if self.cost_limit < self.max_cost:
            raise ValueError(
                f"{PREFIX}COST_LIMIT must be at least {PREFIX}MAX_COST, or the most expensive documents could never run"
            )
        return self

    @property
    def uses_embedded_database(self) -> bool:
        """True if no database server is configured, so that Tocsin starts the embedded one."""
        return self.mongodb_uri is None

    @property
    def requires_confirmed_addresses(self) -> bool:
        """True if mail is sent only to confirmed addresses, which is so if an SMTP server is configured."""
        return self.smtp_host is not None

    def page_url(self, path: str) -> str:
        """Return the public URL of a page, for links in mails. `path` begins with a slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/") + path

    def default_timeout(self, kind: str) -> float:
        """Return the default timeout of an attempt at a job of this kind, in seconds."""
        return self.wait_timeout if kind == "http" else self.job_timeout

    def default_retry_offsets(self) -> tuple[timedelta, ...]:
        """Return the default waits between attempts; empty if they are derived from the task's interval."""
        if self.retry_offsets or self.retry_offset is None:
            return self.retry_offsets
        return (timedelta(hours=self.retry_offset),)


def load_settings(**overrides: Any) -> Settings:
    """Load the settings of this process. Raises SettingsError with a sentence that names the variable."""
    try:
        environment = _read_environment(overrides.get("_env_file", ".env"))
        _refuse_unknown(environment)
        secrets: dict[str, Any] = {**read_secret_files(Settings.model_fields, environment, prefix=PREFIX)}
        return Settings(**secrets | overrides)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The file .env cannot be read: {error}.") from None


def _read_environment(env_file: str | Path | None) -> dict[str, str | None]:
    """Read the variables of the file and of the environment, which takes precedence, by upper-case name."""
    found = {**DotEnvSettingsSource(Settings, env_file=env_file).env_vars, **os.environ}
    return {name.upper(): value for name, value in found.items()}


def _refuse_unknown(environment: Mapping[str, str | None]) -> None:
    """Raise SettingsError for unknown variables: a typo would otherwise silently leave a setting at its default."""
    names = sorted(name for name, value in environment.items() if value and name.startswith(PREFIX))
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known |= {f"{PREFIX}{name.upper()}{FILE_SUFFIX}" for name in list_secret_settings(Settings.model_fields)}
    unknown = [name for name in names if name not in known and not _FOREIGN.match(name)]
    if unknown:
        raise SettingsError(
            " ".join(f"{name} is not a setting.{_suggestion(name, known)}" for name in unknown[:_MAX_UNKNOWN])
        )


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.8)
    return f" Did you mean {near[0]}?" if near else " Remove it; docs/configuration.md lists all settings."


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return message + "."
    return f"{PREFIX}{str(first['loc'][0]).upper()} is invalid: {message[0].lower()}{message[1:]}."
