"""The recipients that the setting allows, in any spelling."""

import pytest

from tocsin.outbound.recipient_rules import RecipientRules


@pytest.mark.parametrize(
    ("allowed", "address", "is_allowed"),
    [
        ("owner", "Alice@Example.com", True),
        ("owner", "bob@example.com", False),
        ("owner", "alice@example.com.evil.test", False),
        (" bob@example.com , owner ", "bob@example.com", True),
        ("example.com", "anyone@EXAMPLE.com", True),
        ("example.com", "anyone@sub.example.com", False),
        ("bücher.de", "bob@xn--bcher-kva.de", True),
        ("xn--bcher-kva.de", "bob@BÜCHER.de", True),
        ("bob@example.com", "\uff42ob@example.com", True),
        ("any", "who@ever.test", True),
        ("any@example.com", "who@ever.test", False),
        ("", "alice@example.com", False),
    ],
)
def test_the_setting_names_the_owner_addresses_domains_or_any(allowed: str, address: str, is_allowed: bool) -> None:
    assert RecipientRules(allowed, "alice@example.com").is_allowed(address) is is_allowed


def test_a_refusal_names_the_address_and_those_that_are_allowed() -> None:
    rules = RecipientRules("owner,example.org", "alice@example.com")
    assert rules.explain_refusal("alice@example.com") is None
    assert rules.explain_refusal("eve@example.net") == (
        "Your jobs may not send mail to eve@example.net. This server lets your jobs send mail only to "
        "owner,example.org. The operator sets TOCSIN_EMAIL_RECIPIENTS."
    )
    assert "only to nobody." in RecipientRules(" ", "alice@example.com").hint
