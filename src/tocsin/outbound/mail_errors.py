"""The failures of sending a mail."""

from tocsin.errors import TocsinError


class MailRefused(TocsinError):
    """A permanent refusal of this mail for this recipient. A retry is useless."""


class RecipientRefused(MailRefused):
    """A permanent refusal of the address: the mail server accepts no mail to it, whatever the mail says."""


class MailUnavailable(TocsinError):
    """A temporary failure to send: the mail server is unreachable, busy or misconfigured. A retry may succeed."""


class MailSuppressed(MailRefused):
    """A mail that Tocsin itself does not send to this recipient. `hint` says what can be done about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
