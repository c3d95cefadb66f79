"""The quota of mails that jobs send."""

import pytest

from tests.harness import make_settings
from tests.outbound.smtp import Inbox, mail_server, smtp_settings
from tocsin import clock
from tocsin.outbound.mail_errors import MailRefused
from tocsin.outbound.mail_message import MailMessage
from tocsin.outbound.mail_transport import make_mail_transport
from tocsin.quotas import Quota, QuotaLimits, UsageMeter
from tocsin.quotas.metered_mail import MAIL_QUOTA_EXCEEDED, MeteredMailTransport

MAIL = MailMessage("ann@example.org", "A subject", "x" * 500, "id")


async def test_the_mails_of_an_owner_are_counted_up_to_their_quota() -> None:
    inbox, meter = Inbox(), UsageMeter(QuotaLimits(make_settings(quota_mails_per_day=2)))
    async with mail_server(inbox) as port:
        transport = make_mail_transport(smtp_settings(port))
        alice, bob = (MeteredMailTransport(lambda _: transport, meter, owner) for owner in ("alice", "bob"))
        for _ in range(2):
            await alice.send(MAIL)
        with pytest.raises(MailRefused, match="MAILS_PER_DAY is used up") as refused:
            await alice.send(MAIL)
        await bob.send(MAIL)
    assert str(refused.value) == MAIL_QUOTA_EXCEEDED
    assert len(inbox.mails) == 3
    assert meter.get_usage("alice", Quota.MAILS_PER_DAY, clock.now()) == 2


async def test_the_record_of_a_mail_counts_as_stored() -> None:
    meter = UsageMeter()
    async with mail_server(Inbox()) as port:
        transport = make_mail_transport(smtp_settings(port))
        await MeteredMailTransport(lambda _: transport, meter, "alice").send(MAIL)
    (pending,) = meter.drain_pending()
    assert (pending.owner, pending.storage) == ("alice", 1_500)


async def test_a_mail_beyond_the_quota_counts_as_nothing() -> None:
    meter = UsageMeter(QuotaLimits(make_settings(quota_mails_per_day=1)))
    meter.consume("alice", Quota.MAILS_PER_DAY, clock.now())
    meter.drain_pending()
    transport = make_mail_transport(smtp_settings(9))
    with pytest.raises(MailRefused):
        await MeteredMailTransport(lambda _: transport, meter, "alice").send(MAIL)
    assert meter.drain_pending() == []
