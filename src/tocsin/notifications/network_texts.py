"""What notifications about the network say. Pure."""

from tocsin.notifications.content import UNLESS_CHOSEN, MailContent, Tone, format_time
from tocsin.notifications.network_events import NetworkDown, NetworkUp


def describe_network_down(event: NetworkDown) -> tuple[str, MailContent]:
    """Return the subject and the content of the notification that the network is down."""
    return "The network of your Tocsin server is down", MailContent(
        tone=Tone.FAILURE,
        headline="The network of your Tocsin server is down: none of its canaries answers.",
        facts=[("Down since:", format_time(event.since))],
        advice="Runs that fail by the network meanwhile are INCONCLUSIVE: their owners are not told, and they are "
        "tried again when it is back.",
        closing=f"{UNLESS_CHOSEN} another mail when it is back.",
    )


def describe_network_up(event: NetworkUp) -> tuple[str, MailContent]:
    """Return the subject and the content of the notification that the network works again."""
    return "The network of your Tocsin server is back", MailContent(
        tone=Tone.SUCCESS,
        headline="The network of your Tocsin server is back: a canary answers again.",
        facts=[("Down since:", format_time(event.since)), ("Back at:", format_time(event.at))],
        advice="Inconclusive runs are now tried again.",
    )
