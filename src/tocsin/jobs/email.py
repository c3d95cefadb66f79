"""The `email` job: send mail, with results of earlier steps. Result: `{recipients, subject, attachments}`."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from tocsin.documents import ErrorKind
from tocsin.jobs.base import Job, JobContext, Outcome, ParamsModel
from tocsin.jobs.file_storage import FileError, RunFiles
from tocsin.jobs.job_mails import JobMail, Recipient, check_recipients, find_addresses, send_mail
from tocsin.outbound.email_addresses import parse_distinct_addresses
from tocsin.outbound.mail_message import Attachment
from tocsin.value_bounds import ValuePath

MAX_RECIPIENTS = 20
MAX_ATTACHMENT_BYTES = 5 * 1024 * 1024
_CONTENT_TYPE = r"^[a-z0-9]+/[a-z0-9.+-]+$"


class AttachmentParams(ParamsModel):
    """An attachment: a file of an earlier step (`fileId`), which has a name, or content as text, JSON or base64."""

    name: Annotated[str | None, Field(min_length=1, max_length=120, pattern=r"^[^/\\\x00-\x1f]+$")] = None
    content_type: Annotated[str, Field(pattern=_CONTENT_TYPE)] = ""
    text: str | None = None
    json_: Annotated[Any, Field(alias="json")] = None
    base64: str | None = None
    file_id: str | None = None

    @model_validator(mode="after")
    def _require_one_content(self) -> "AttachmentParams":
        if len({"text", "json_", "base64", "file_id"} & self.model_fields_set) != 1:
            raise ValueError(
                f"The attachment {self.name or ''} must have exactly one of text, json, base64 and fileId."
            )
        if self.name is None and self.file_id is None:
            raise ValueError("An attachment must have a name, such as result.json.")
        return self

    async def load_attachment(self, files: RunFiles, most: int) -> Attachment:
        """Load the file. Raises ValueError for invalid base64, FileError if the file is missing or too large."""
        if self.file_id is not None:
            kept, content = await files.read(self.file_id, most)
            return Attachment(self.name or kept.name, self.content_type or kept.content_type, content)
        name = self.name or ""
        if self.base64 is not None:
            return Attachment(name, self.content_type or "application/octet-stream", _decode_base64(self.base64))
        if self.text is not None:
            return Attachment(name, self.content_type or "text/plain", self.text.encode())
        text = json.dumps(self.json_, ensure_ascii=False, indent=2)
        return Attachment(name, self.content_type or "application/json", text.encode())


class EmailParams(ParamsModel):
    """Parameters of a plain-text mail."""

    to: Annotated[list[Recipient], Field(min_length=1, max_length=MAX_RECIPIENTS)]
    subject: Annotated[str, Field(min_length=1, max_length=300)]
    body: Annotated[str, Field(max_length=200_000)]
    attachments: Annotated[list[AttachmentParams], Field(max_length=10)] = []

    @field_validator("to", mode="before")
    @classmethod
    def _wrap_in_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class EmailJob(Job[EmailParams]):
    """Sends one mail to each recipient. A retry sends the same Message-ID again."""

    kind = "email"
    Params = EmailParams

    def find_recipients(self, given: Mapping[str, Any]) -> list[tuple[ValuePath, str]]:
        """Return the recipients."""
        return find_addresses("to", given.get("to"))

    async def perform(self, params: EmailParams, context: JobContext) -> Outcome:
        """Send to each recipient once, however often and in whichever spelling the address is given."""
        if (refused := await check_recipients(context, params.to)) is not None:
            return refused
        recipients = parse_distinct_addresses(params.to)
        if not params.attachments:
            return await _send_mails(params, recipients, [], context)
        async with context.files.reserve_memory():
            try:
                files = await _load_attachments(params.attachments, context.files)
            except (ValueError, FileError) as error:
                return Outcome.failed(str(error), kind=ErrorKind.BAD_PARAMS)
            return await _send_mails(params, recipients, files, context)


async def _load_attachments(attachments: Sequence[AttachmentParams], kept: RunFiles) -> list[Attachment]:
    files, left = [], MAX_ATTACHMENT_BYTES
    for attachment in attachments:
        file = await attachment.load_attachment(kept, left)
        left -= len(file.content)
        if left < 0:
            raise ValueError(f"The attachments have more than {MAX_ATTACHMENT_BYTES} bytes.")
        files.append(file)
    return files


async def _send_mails(
    params: EmailParams, recipients: list[str], files: list[Attachment], context: JobContext
) -> Outcome:
    for to in recipients:
        failed = await send_mail(context, JobMail(to, params.subject, params.body, "", files))
        if failed is not None:
            return failed
    return Outcome(result={"recipients": recipients, "subject": params.subject, "attachments": len(files)})


def _decode_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("The base64 of an attachment is invalid.") from None
