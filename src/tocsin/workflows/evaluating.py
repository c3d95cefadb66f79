"""Values that take long to evaluate: in processes of their own, for others have workflows and queries of their own."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass

from tocsin import telemetry
from tocsin.config import Settings
from tocsin.jobs.base import Compute, LimitReached, ProcessEnded
from tocsin.jobs.compute_limits import MEBIBYTE
from tocsin.jobs.compute_limits import Limits as ComputeLimits
from tocsin.workflows.questions import DEFAULT, Answer, Limits, Place, Question, answer_question, failed

MEMORY = 256 * MEBIBYTE
"""Bytes that a process may take to evaluate one value: several times what a budget can make."""
_LESS = "Let it read less, or do it in several steps."
log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Finds the answers to questions. Without `compute`, a thread does it: for tests."""

    limits: Limits = DEFAULT
    compute: Compute | None = None

    @classmethod
    def of(cls, settings: Settings, compute: Compute) -> "Evaluator":
        """With the limits that the operator chose."""
        return cls(Limits(settings.expression_parts, settings.expression_seconds), compute)

    async def answer(self, question: Question, owner: str) -> Mapping[Place, Answer]:
        """The answers, at least the first. An evaluation that ends its process is an answer, too."""
        if self.compute is None:
            return await asyncio.to_thread(answer_question, question, self.limits)
        # The process looks at the time itself, and names the expression: these limits are for what keeps it from that.
        limits = ComputeLimits(memory=MEMORY, seconds=math.ceil(self.limits.seconds) + 1)
        try:
            return await self.compute(answer_question, question, self.limits, owner=owner, limits=limits)
        except (LimitReached, ProcessEnded) as ended:
            log.warning("a process that evaluated expressions has ended", place=question.place, error=str(ended))
            return failed(question, f"{question.place} cannot be evaluated. {ended} {_LESS}")
