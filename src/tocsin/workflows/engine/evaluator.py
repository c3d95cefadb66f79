"""Evaluation of expensive values in separate processes, so that they do not hold up other users."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass

from tocsin import telemetry
from tocsin.compute.limits import MEBIBYTE
from tocsin.compute.limits import ComputeLimits as ComputeLimits
from tocsin.config import Settings
from tocsin.jobs.base import Compute, ComputeLimitReached, ComputeProcessEnded
from tocsin.workflows.engine.evaluation import (
    DEFAULT_EVALUATION_LIMITS,
    EvaluationKey,
    EvaluationLimits,
    EvaluationRequest,
    EvaluationResult,
    evaluate_request,
)

MAX_MEMORY = 256 * MEBIBYTE
"""Memory limit, in bytes, of a process that evaluates one value: several times what a budget can produce."""
_LESS = "Read less data, or split it into several steps."
log = telemetry.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Evaluates requests in a separate process, or in a thread without `compute` (for tests)."""

    limits: EvaluationLimits = DEFAULT_EVALUATION_LIMITS
    compute: Compute | None = None

    @classmethod
    def from_settings(cls, settings: Settings, compute: Compute) -> "Evaluator":
        """Return an evaluator with the limits of the settings."""
        return cls(EvaluationLimits(settings.expression_parts, settings.expression_seconds), compute)

    async def evaluate(self, request: EvaluationRequest, owner: str) -> Mapping[EvaluationKey, EvaluationResult]:
        """Return the results, at least the first. If the process dies, that is an error."""
        if self.compute is None:
            return await asyncio.to_thread(evaluate_request, request, self.limits)
        # The process checks the time itself and names the expression. These limits catch what keeps it from doing so.
        limits = ComputeLimits(memory_bytes=MAX_MEMORY, cpu_seconds=math.ceil(self.limits.seconds) + 1)
        try:
            return await self.compute(evaluate_request, request, self.limits, owner=owner, limits=limits)
        except (ComputeLimitReached, ComputeProcessEnded) as ended:
            log.warning("a process that evaluated expressions has ended", place=request.place, error=str(ended))
            first = request.items[0][0] if request.items else 0
            error = f"{request.place} cannot be evaluated. {ended} {_LESS}"
            return {(request.place, first): EvaluationResult(error=error)}
