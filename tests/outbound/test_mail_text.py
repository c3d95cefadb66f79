"""Lines of mail headers: cleaned, and encoded exactly."""

from tocsin.outbound.mail_text import clean_line


def test_what_turns_the_direction_of_a_line_goes_and_joiners_stay() -> None:
    assert clean_line("\u202egpj.exe\u202c \u2066a\u2069 \u200dz\ud800") == "gpj.exe a \u200dz\ufffd"
