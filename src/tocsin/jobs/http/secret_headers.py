"""The secret headers of an HTTP call."""

from collections.abc import Iterable

from tocsin.jobs.http.params import SealedHeader
from tocsin.security.secret_box import SecretBox

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
