"""Secrets in workflows: sealed when a workflow is saved, inserted when a step starts, never shown. Pure.

A stored definition has `***` in the place of each secret; the sealed secrets are stored separately, by place. So
nothing that a user writes, or that an expression returns, can be mistaken for a secret.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tocsin.documents import SealedSecretDocument, VersionSecretsDocument, WorkflowVersionDocument
from tocsin.errors import InvalidInput
from tocsin.jobs import registry
from tocsin.value_bounds import ValuePath

MASK = "***"
"""Shown in the place of a secret. Saving a workflow with it keeps the stored secret."""
_MARKER = "$secret"
"""Older stored definitions have objects `{"$secret": place}` in the places of secrets."""
_KEEPS = f"{MASK} keeps a stored secret, but"


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """The place of a secret: a path in the parameters of a step, or of its compensation."""

    step: str
    is_compensation: bool
    path: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join((self.step, *(("compensation",) if self.is_compensation else ()), *self.path))


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """A stored secret, and the job it was given for."""

    sealed: str
    kind: str
    params: Mapping[str, Any]


@dataclass(slots=True)
class SealedDefinition:
    """A definition without its secrets, the sealed secrets by place, and the faults of its masks."""

    data: dict[str, Any]
    secrets: dict[SecretPlace, str] = field(default_factory=dict)
    faults: list[tuple[ValuePath, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Part:
    """A job in a definition, and its place."""

    index: int
    step: str
    is_compensation: bool
    kind: str
    params: Mapping[str, Any]

    def place(self, path: tuple[str, ...]) -> SecretPlace:
        return SecretPlace(self.step, self.is_compensation, path)

    def path(self, path: tuple[str, ...]) -> ValuePath:
        return ("steps", self.index, *(("compensation",) if self.is_compensation else ()), "params", *path)


def seal_secrets(
    data: Mapping[str, Any], seal: Callable[[str], str], before: Mapping[SecretPlace, KeptSecret]
) -> SealedDefinition:
    """Replace the secrets of a validated definition with masks. A mask keeps a secret of `before`, if allowed."""
    sealed = SealedDefinition(dict(data))
    for part in _parts(data):
        params = part.params
        for path in registry.get_job(part.kind).find_secret_paths(part.params):
            place, given = part.place(path), _get_at(part.params, path)
            if given != MASK:
                text = given if isinstance(given, str) else json.dumps(given)  # a header may be a number
                sealed.secrets[place] = seal(text)
            elif (wrong := _why_not_kept(part, place, before.get(place))) is not None:
                sealed.faults.append((part.path(path), wrong))
            else:
                sealed.secrets[place] = before[place].sealed
            params = _replace_at(params, path, MASK)
        sealed.data = _with_params(sealed.data, part, params)
    return sealed


def read_stored_version(version: WorkflowVersionDocument) -> tuple[dict[str, Any], dict[SecretPlace, str]]:
    """Return the definition of a stored version, and its sealed secrets. Converts the older format."""
    data: dict[str, Any] = json.loads(version["definition"])
    secrets: dict[SecretPlace, str] = {}
    former: dict[str, str] = {}
    for entry in version["secrets"].get("all", ()):
        if "path" in entry:
            secrets[SecretPlace(entry["step"], entry["compensation"], tuple(entry["path"]))] = entry["sealed"]
        else:
            former[entry["place"]] = entry["sealed"]
    return _convert_markers(data, former, secrets) if former else data, secrets


def secrets_to_document(secrets: Mapping[SecretPlace, str]) -> VersionSecretsDocument:
    """Return sealed secrets in the form in which a version stores them."""
    entries: list[SealedSecretDocument] = [
        {"step": place.step, "compensation": place.is_compensation, "path": list(place.path), "sealed": sealed}
        for place, sealed in secrets.items()
    ]
    return {"all": entries}


def find_kept_secrets(version: WorkflowVersionDocument | None) -> dict[SecretPlace, KeptSecret]:
    """Return the secrets of a stored version that masks can keep; none without a version."""
    if version is None:
        return {}
    data, secrets = read_stored_version(version)
    jobs = {(part.step, part.is_compensation): part for part in _parts(data)}
    found: dict[SecretPlace, KeptSecret] = {}
    for place, sealed in secrets.items():
        if (part := jobs.get((place.step, place.is_compensation))) is not None:
            found[place] = KeptSecret(sealed, part.kind, part.params)
    return found


def insert_secrets(
    params: Mapping[str, Any],
    written: Mapping[str, Any],
    kind: str,
    secrets: Mapping[SecretPlace, str | None],
    where: tuple[str, bool],
) -> Mapping[str, Any]:
    """Return the parameters of a job with its secrets inserted.

    `secrets` are decrypted; None is one that could not be. `written` are the parameters before their expressions were
    evaluated, `where` the step's key and whether this is its compensation.

    Raises InvalidInput for a secret that could not be decrypted, or that is not stored.
    """
    step, is_compensation = where
    for path in registry.parse_kind(kind).find_secret_paths(written):
        place = SecretPlace(step, is_compensation, path)
        if place not in secrets and _get_at(written, path) == MASK:
            raise InvalidInput(f"The secret at {place} is not stored. Save the workflow with the secret again.")
    for place, secret in secrets.items():
        if (place.step, place.is_compensation) != where:
            continue
        if secret is None:
            raise InvalidInput(f"The secret at {place} cannot be decrypted with the current key. Save it again.")
        params = _replace_at(params, place.path, secret)
    return params


def _why_not_kept(part: _Part, place: SecretPlace, kept: KeptSecret | None) -> str | None:
    """Return why a mask cannot keep a secret, or None.

    A stored secret is bound to the job and the server it was given for. Otherwise, someone who may edit a workflow but
    not see its secrets could have them sent to their own server.
    """
    if kept is None:
        return f"{_KEEPS} there is none at {place}. Enter the secret."
    if kept.kind != part.kind:
        return f"{_KEEPS} the one at {place} was given for the job {kept.kind}, not for {part.kind}. Enter the secret."
    job = registry.get_job(part.kind)
    before, after = job.find_secrets_destination(kept.params), job.find_secrets_destination(part.params)
    if before is None or after is None:
        which = "was" if before is None else "is"
        return f"{_KEEPS} the destination of the one at {place} {which} set by an expression. Enter the secret."
    if before != after:
        return (
            f"{_KEEPS} the one at {place} stays with the server that it was given for; this is another one "
            "(scheme, host, port, or another parameter of the destination). Enter the secret."
        )
    return None


def _parts(data: Mapping[str, Any]) -> Iterator[_Part]:
    for index, step in enumerate(data["steps"]):
        for what, is_compensation in ((step, False), (step.get("compensation") or {}, True)):
            if isinstance(what.get("job"), str) and isinstance(what.get("params"), Mapping):
                yield _Part(index, str(step.get("key")), is_compensation, what["job"], what["params"])


def _with_params(data: dict[str, Any], part: _Part, params: Mapping[str, Any]) -> dict[str, Any]:
    steps = list(data["steps"])
    step = steps[part.index]
    if part.is_compensation:
        steps[part.index] = {**step, "compensation": {**step["compensation"], "params": params}}
    else:
        steps[part.index] = {**step, "params": params}
    return {**data, "steps": steps}


def _convert_markers(
    data: dict[str, Any], former: Mapping[str, str], secrets: dict[SecretPlace, str]
) -> dict[str, Any]:
    """Return the definition with masks instead of the older markers, and add their secrets to `secrets`.

    A marker names its own place; any other object is user data.
    """
    for part in _parts(data):
        params: Any = part.params
        for path in _find_markers(part.params, part):
            place = part.place(path)
            if (sealed := former.get(str(place))) is not None:
                secrets[place] = sealed
            params = _replace_at(params, path, MASK)
        data = _with_params(data, part, params)
    return data


def _find_markers(value: Any, part: _Part, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if not isinstance(value, Mapping):
        return
    if path and set(value) == {_MARKER} and value[_MARKER] == str(part.place(path)):
        yield path
        return
    for name, inner in value.items():
        yield from _find_markers(inner, part, (*path, name))


def _get_at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


def _replace_at(value: Any, path: tuple[str, ...], new: Any) -> dict[str, Any]:
    """Return a copy of the value with `new` at this path. Raises InvalidInput if there is no such path."""
    name, rest = path[0], path[1:]
    if not isinstance(value, Mapping) or name not in value:
        raise InvalidInput("There is no parameter for the secret that belongs here. Save the workflow again.", name)
    return {**value, name: _replace_at(value[name], rest, new) if rest else new}
