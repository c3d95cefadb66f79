import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { formatDuration, formatExact } from "../format.ts";
import { statusLook } from "../ui/status.tsx";
import type { Outcome } from "./task-charts.tsx";

/** The latest runs as a strip, the latest at its end. A bar's height is how long the run took, beside the others. */
export function OutcomeStrip({ outcomes }: { outcomes: readonly Outcome[] }): JSX.Element {
  const longest = Math.max(...outcomes.map(({ durationMs }) => durationMs ?? 0), 1);
  return (
    <ol class="strip" aria-label="Latest runs, the latest last">
      {outcomes.map(({ runId, status, dueAt, durationMs }) => {
        const { word, tone } = statusLook(status);
        const took = durationMs === null ? "" : ` after ${formatDuration(durationMs)}`;
        const height = `${Math.max(Math.sqrt((durationMs ?? 0) / longest) * 100, 18)}%`;
        return (
          <li key={runId}>
            <Link href={`/runs/${runId}`} title={`${word}${took}\n${formatExact(Date.parse(dueAt))}`} class={`bar ${tone}`} style={{ height }}>
              <span class="hidden">{word}</span>
            </Link>
          </li>
        );
      })}
    </ol>
  );
}
