"""The secret headers of an HTTP call, and the masking of what its target says after the response."""

import asyncio
from collections.abc import Iterable

from tocsin.documents import JobDocument
from tocsin.jobs.http.masking import SecretMasker
from tocsin.jobs.http.params import SealedHeader
from tocsin.outbound.responses import MASK
from tocsin.security.secret_box import SecretBox, SecretUnreadable

Header = tuple[str, str]
MASKED_IN_LOOP = 4096
"""Characters of a text and its secrets that are masked in the event loop. More are masked in a thread."""


async def unseal_headers(
    sealed: Iterable[SealedHeader], token: str | None, secrets: SecretBox, owner: str
) -> list[Header]:
    """Return the secret headers, with that of the token. Raises SecretUnreadable."""
    headers = [(header.name, await secrets.unseal(header.sealed, owner)) for header in sealed]
    if token is not None:
        headers.append(("Authorization", f"Bearer {await secrets.unseal(token, owner)}"))
    return headers


async def mask_said(text: str, job: JobDocument, owner: str, secrets: SecretBox, more: Header, *, cut: bool) -> str:
    """Return what a target said with the secrets of its call masked, and `more`. Text that was `cut` off may end within
    one. If the secrets are unknown, such as those of a job that was replaced since, all of it is masked.
    """
    if job["kind"] != "http":
        return MASK
    params = job["params"]
    sealed = [SealedHeader.model_validate(header) for header in params.get("secret_headers") or ()]
    try:
        headers = [*await unseal_headers(sealed, params.get("token"), secrets, owner), more]
    except SecretUnreadable:
        return MASK
    if len(text) + sum(len(value) for _, value in headers) <= MASKED_IN_LOOP:
        return SecretMasker(headers).mask(text, cut=cut)
    return await asyncio.to_thread(lambda: SecretMasker(headers).mask(text, cut=cut))
