"""The masking of the message with which the target of an HTTP call calls back."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from tocsin.documents import JobDocument
from tocsin.jobs.http.masking import SecretMasker
from tocsin.jobs.http.named_secrets import SecretsUnusable, find_referenced, insert_secrets
from tocsin.jobs.http.params import HttpParams
from tocsin.jobs.http.secret_headers import MASKED_IN_LOOP, Header, unseal_headers
from tocsin.named_secrets.references import secret_key
from tocsin.named_secrets.store import OpenSecrets
from tocsin.outbound.responses import MASK
from tocsin.security.secret_box import SecretBox, SecretUnreadable


@dataclass(frozen=True, slots=True)
class SentCall:
    """A call whose target calls back: its job and owner, when it began, and another secret that it had."""

    job: JobDocument
    owner: str
    began_at: datetime
    secret: Header = field(repr=False)


async def mask_callback_message(
    text: str, call: SentCall, secrets: SecretBox, open_secrets: OpenSecrets, *, cut: bool
) -> str:
    """Return a message with the secrets of the call masked. Text that was `cut` off may end within one.

    If the secrets are unknown, such as those of a job that was replaced since or cannot be read, all of it is masked.
    """
    if call.job["kind"] != "http":
        return MASK
    try:
        params = HttpParams.model_validate(call.job["params"])
        headers = await unseal_headers(params.secret_headers, params.token, secrets, call.owner)
        sent = await _find_sent(params, headers, call, open_secrets)
    except (SecretUnreadable, SecretsUnusable, ValidationError):
        return MASK
    if sent is None:
        return MASK
    all_secrets = [*sent, call.secret]
    if len(text) + sum(len(value) for _, value in all_secrets) <= MASKED_IN_LOOP:
        return SecretMasker(all_secrets).mask(text, cut=cut)
    return await asyncio.to_thread(lambda: SecretMasker(all_secrets).mask(text, cut=cut))


async def _find_sent(
    params: HttpParams, headers: list[Header], call: SentCall, open_secrets: OpenSecrets
) -> list[Header] | None:
    """Return the secrets of a call as they were sent; None if a named one was deleted or changed since it began."""
    if not (names := find_referenced(params, headers)):
        return headers
    found = await open_secrets(call.owner, names)
    is_known = found.keys() >= {secret_key(name) for name in names}
    if not is_known or any(secret.value_set_at >= call.began_at for secret in found.values()):
        return None
    filled = insert_secrets(params, headers, found)
    return [*filled.secret, *filled.echoes]
