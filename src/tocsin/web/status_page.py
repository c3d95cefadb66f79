"""The public status page of a task or workflow: without scripts, and without anything from elsewhere. Pure."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from html import escape

from tocsin.documents import RunStatus
from tocsin.public_links.status import MAX_OUTCOMES, Outcome, PublicState, PublicStatus, SuccessRate
from tocsin.schedules.iso8601 import format_datetime
from tocsin.web.status_style import STYLE

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_TONES = {
    PublicState.PASSING: "good",
    PublicState.FAILING: "bad",
    PublicState.LATE: "warn",
    PublicState.MISSED: "warn",
    PublicState.PAUSED: "idle",
    PublicState.CANCELLED: "idle",
    PublicState.NEVER_RUN: "idle",
}
_SENTENCES = {
    PublicState.PASSING: "The latest run succeeded.",
    PublicState.FAILING: "The latest run failed.",
    PublicState.LATE: "A run is overdue.",
    PublicState.MISSED: "The latest run did not take place.",
    PublicState.PAUSED: "It is paused. No run is due until it is resumed.",
    PublicState.CANCELLED: "It was cancelled. No further run is due.",
    PublicState.NEVER_RUN: "It has not run yet.",
}
_SHAPES = {
    "good": '<path d="m7 12.5 3.5 3.5L17 8.5"/>',
    "bad": '<path d="m8 8 8 8m0-8-8 8"/>',
    "warn": '<path d="M12 6.5v7M12 17v.01"/>',
    "idle": '<path d="M7.5 12h9"/>',
}
_OUTCOME_TONES = {RunStatus.COMPLETED: "good", RunStatus.FAILED: "bad", RunStatus.MISSED: "warn"}
_OUTCOME_WORDS = {
    RunStatus.COMPLETED: "succeeded",
    RunStatus.FAILED: "failed",
    RunStatus.MISSED: "missed",
    RunStatus.SKIPPED: "skipped",
    RunStatus.CANCELLED: "cancelled",
}


def format_status_page(status: PublicStatus) -> str:
    """Return the page as HTML."""
    title = escape(status.title)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}: {status.state.value}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{_format_state(status)}
{_format_strip(status.outcomes)}
{_format_rates(status.rates)}
{_format_times(status)}
</main>
<footer>Times are in UTC. <span>Monitored by Tocsin.</span></footer>
</body>
</html>
"""


def _format_state(status: PublicStatus) -> str:
    tone, word = _TONES[status.state], status.state.value
    sentence = _SENTENCES[status.state]
    if status.state is PublicState.FAILING and status.failing_since is not None:
        sentence = f"Since {_format_time(status.failing_since)}."
    return (
        f'<section class="state {tone}" aria-label="Current state">'
        f'<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11"/>{_SHAPES[tone]}</svg>'
        f'<div><p class="word">{word[0].upper()}{word[1:]}</p><p>{sentence}</p></div></section>'
    )


def _format_strip(outcomes: Sequence[Outcome]) -> str:
    """Return the latest outcomes as bars, the latest last, after empty places for those that are still to come."""
    if not outcomes:
        return ""
    empty = "<i></i>" * (MAX_OUTCOMES - len(outcomes))
    bars = "".join(map(_format_bar, outcomes))
    heading = "Latest run" if len(outcomes) == 1 else f"Latest {len(outcomes)} runs"
    return (
        f'<section><h2>{heading}</h2><div class="strip" role="img" aria-label="{_summarize(outcomes)}">{empty}{bars}'
        f'</div><p class="ends">{_format_ends(outcomes)}</p></section>'
    )


def _format_ends(outcomes: Sequence[Outcome]) -> str:
    """Return the times below a strip: at both ends if it is full, else below the bars, which are at the right."""
    first, last = _format_time(outcomes[0].due_at), _format_time(outcomes[-1].due_at)
    if len(outcomes) == MAX_OUTCOMES:
        return f"<span>{first}</span><span>{last}</span>"
    return f"<span></span><span>{last if len(outcomes) == 1 else f'{first} to {last}'}</span>"


def _format_bar(outcome: Outcome) -> str:
    tone = _OUTCOME_TONES.get(RunStatus(outcome.status), "idle")
    return f'<b class="{tone}" title="{_word_of(outcome.status)}, {_say_time(outcome.due_at)}"></b>'


def _summarize(outcomes: Sequence[Outcome]) -> str:
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[_word_of(outcome.status)] = counts.get(_word_of(outcome.status), 0) + 1
    return ", ".join(f"{count} {word}" for word, count in counts.items())


def _word_of(status: str) -> str:
    return _OUTCOME_WORDS.get(RunStatus(status), status.lower())


def _format_rates(rates: Sequence[SuccessRate]) -> str:
    cards = "".join(map(_format_rate, rates))
    return f'<section><h2>Success rate</h2><dl class="rates">{cards}</dl></section>'


def _format_rate(rate: SuccessRate) -> str:
    total = rate.completed + rate.failed
    if rate.percent is None:
        value, note = "-", "no runs"
    else:
        value = f"{rate.percent:.1f}".removesuffix(".0") + "<small> %</small>"
        runs = "run" if total == 1 else "runs"
        note = f"{rate.completed:,} of {total:,} {runs}" if rate.exact else f"of the latest {total:,} {runs}"
    return f'<div><dt>{rate.period}</dt><dd>{value}</dd><dd class="note">{note}</dd></div>'


def _format_times(status: PublicStatus) -> str:
    last = "never" if status.last_run_at is None else _format_time(status.last_run_at)
    rows = {"Last run": last, "Shown as of": _format_time(status.shown_at)}
    lines = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows.items())
    return f'<dl class="times">{lines}</dl>'


def _format_time(moment: datetime) -> str:
    return f'<time datetime="{format_datetime(moment)}">{_say_time(moment)}</time>'


def _say_time(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"
