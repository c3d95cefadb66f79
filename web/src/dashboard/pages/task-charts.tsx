import type { JSX } from "preact";
import { useLocation } from "wouter-preact";

import { formatDuration } from "../format.ts";
import { Chart, type Series } from "../ui/chart.tsx";

export type Outcome = { runId: string; status: string; dueAt: string; durationMs: number | null };

/** How long the latest runs of a task took. A click opens a run. */
export function DurationChart({ outcomes }: { outcomes: readonly Outcome[] }): JSX.Element | null {
  const [, go] = useLocation();
  const timed = outcomes.filter(({ durationMs }) => durationMs !== null);
  const times = timed.map(({ dueAt }) => Date.parse(dueAt));
  const first = times[0];
  const last = times[times.length - 1];
  if (first === undefined || last === undefined || times.length < 2) return null;
  const margin = Math.max((last - first) * 0.03, 1000);
  const isFailed = timed.map(({ status }) => status === "FAILED");
  const series: Series[] = [
    { name: "Failed", tone: "bad", kind: "points", values: timed.map(({ durationMs }, index) => (isFailed[index] ? durationMs : null)) },
    { name: "Took", tone: "accent", kind: "line", values: timed.map(({ durationMs }) => durationMs) },
  ];
  return (
    <Chart
      label="Duration of the latest runs"
      summary={`${timed.length} runs, ${isFailed.filter(Boolean).length} failed`}
      times={times}
      series={series}
      format={formatDuration}
      from={first - margin}
      to={last + margin}
      onPick={(index) => go(`/runs/${timed[index]?.runId ?? ""}`)}
    />
  );
}
