import type { JSX } from "preact";

import { statusLook } from "../ui/status.tsx";
import type { Outcome } from "./task-charts.tsx";

/** The latest outcomes of a task in a row of a list, the latest at the end: failures are as high as the row. */
export function SmallStrip({ outcomes }: { outcomes: readonly Outcome[] }): JSX.Element | null {
  if (outcomes.length === 0) return null;
  return (
    <span class="small-strip" role="img" aria-label={describe(outcomes)} title={describe(outcomes)}>
      {outcomes.map(({ runId, status }) => (
        <i key={runId} class={statusLook(status).tone} />
      ))}
    </span>
  );
}

function describe(outcomes: readonly Outcome[]): string {
  const counts = new Map<string, number>();
  for (const { status } of outcomes) counts.set(status, (counts.get(status) ?? 0) + 1);
  const parts = [...counts].map(([status, count]) => `${count} ${statusLook(status).word.toLowerCase()}`);
  return `Of the latest ${outcomes.length}: ${parts.join(", ")}`;
}
