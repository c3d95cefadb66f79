"""Values that take long to evaluate: in processes of their own, for others have workflows and queries of their own."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from tocsin import telemetry
from tocsin.jobs.base import Compute, ProcessEnded
from tocsin.workflows.questions import Answer, Limits, Place, Question, answer_question, failed

GRACE = 4.0
"""Times the limit of processor time that a process is waited for: others may use the processors, too."""
_LESS = "Let them read less, or do it in several steps."
log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Finds the answers to questions. Without `compute`, a thread does it: for tests and commands."""

    limits: Limits = Limits()
    compute: Compute | None = None

    async def answer(self, question: Question) -> Mapping[Place, Answer]:
        """The answers, at least the first. An evaluation that ends its process, or takes too long, is an answer, too."""
        if self.compute is None:
            return await asyncio.to_thread(answer_question, question, self.limits)
        deadline = asyncio.timeout(None)
        try:
            async with deadline:
                return await self.compute(answer_question, question, self.limits, on_begin=lambda: self._begin(deadline))
        except TimeoutError:
            log.warning("expressions took too long and were given up", place=question.place)
            message = f"The expressions of {question.place} were not evaluated within {self.limits.seconds:g} seconds."
            return failed(question, f"{message} {_LESS}")
        except ProcessEnded as ended:
            log.warning("a process that evaluated expressions has ended", place=question.place, error=str(ended))
            message = f"The process that evaluated the expressions of {question.place} ended before it was done."
            return failed(question, f"{message} They may need more memory than there is. {_LESS}")

    def _begin(self, deadline: asyncio.Timeout) -> None:
        deadline.reschedule(asyncio.get_running_loop().time() + GRACE * self.limits.seconds)
