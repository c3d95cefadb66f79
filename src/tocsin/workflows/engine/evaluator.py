"""Evaluation of expensive values in separate processes, so that they do not hold up other users."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass

from tocsin import telemetry
from tocsin.compute.limits import MEBIBYTE
from tocsin.compute.limits import Limits as ComputeLimits
from tocsin.config import Settings
from tocsin.jobs.base import Compute, LimitReached, ProcessEnded
from tocsin.workflows.engine.evaluation import DEFAULT, Answer, Limits, Place, Question, answer_question, failed

MEMORY = 256 * MEBIBYTE
"""Memory limit, in bytes, of a process that evaluates one value: several times what a budget can produce."""
_LESS = "Read less data, or split it into several steps."
log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Answers questions in a separate process, or in a thread without `compute` (for tests)."""

    limits: Limits = DEFAULT
    compute: Compute | None = None

    @classmethod
    def of(cls, settings: Settings, compute: Compute) -> "Evaluator":
        """Return an evaluator with the limits of the settings."""
        return cls(Limits(settings.expression_parts, settings.expression_seconds), compute)

    async def answer(self, question: Question, owner: str) -> Mapping[Place, Answer]:
        """Return the answers, at least the first. If the process dies, the answer is an error."""
        if self.compute is None:
            return await asyncio.to_thread(answer_question, question, self.limits)
        # The process checks the time itself and names the expression. These limits catch what keeps it from doing so.
        limits = ComputeLimits(memory=MEMORY, seconds=math.ceil(self.limits.seconds) + 1)
        try:
            return await self.compute(answer_question, question, self.limits, owner=owner, limits=limits)
        except (LimitReached, ProcessEnded) as ended:
            log.warning("a process that evaluated expressions has ended", place=question.place, error=str(ended))
            return failed(question, f"{question.place} cannot be evaluated. {ended} {_LESS}")
