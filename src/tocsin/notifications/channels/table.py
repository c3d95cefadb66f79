"""The table of channels."""

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.notifications.channels import mail
from tocsin.notifications.channels.base import Channel, ChannelDependencies, Render

MAIL = "mail"


@dataclass(frozen=True, slots=True)
class ChannelType:
    """A kind of channel: `render` writes an event for it, `build` makes the channel that delivers."""

    render: Render
    build: Callable[[ChannelDependencies], Channel]


CHANNELS: dict[str, ChannelType] = {
    MAIL: ChannelType(mail.render, mail.MailChannel.build),
}
"""By the name that deliveries store. One without a name is a mail."""


def build_channels(dependencies: ChannelDependencies) -> dict[str, Channel]:
    """Return all channels by name."""
    return {name: channel.build(dependencies) for name, channel in CHANNELS.items()}
