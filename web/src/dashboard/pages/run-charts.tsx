// What became of runs, and how long they took, over the last hour, day and week.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useLocation } from "wouter-preact";

import { formatCount, formatDuration } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { isOfTasks, isOfWorkflows, useLive } from "../live.ts";
import { Chart, type Series } from "../ui/chart.tsx";
import { Section } from "../ui/page.tsx";
import { ErrorState } from "../ui/states.tsx";
import { now } from "../ui/time.tsx";
import { addressOfPeriod } from "./history-list.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PACE_MS = 800;
const RUN_STATISTICS = graphql(`
  query RunCharts($filter: RunStatisticsFilter!, $bucket: StatisticsBucket!) {
    runStatistics(filter: $filter, bucket: $bucket) {
      total {
        total
        completed
        failed
        durationP50Ms
        durationP95Ms
        latenessP95Ms
      }
      buckets {
        from
        total
        completed
        failed
        durationP50Ms
        durationP95Ms
      }
    }
  }
`);
type Statistics = ResultOf<typeof RUN_STATISTICS>["runStatistics"];
type Period = { name: string; length: number; bucket: "MINUTE" | "HOUR" | "DAY"; span: number };
type Scope = { taskId?: string; workflow?: string; queue?: string };

const SHORT: Period[] = [
  { name: "1 h", length: HOUR_MS, bucket: "MINUTE", span: 60_000 },
  { name: "24 h", length: DAY_MS, bucket: "HOUR", span: HOUR_MS },
  { name: "7 d", length: 7 * DAY_MS, bucket: "HOUR", span: HOUR_MS },
];
/** Of one task or workflow there are no statistics by minutes. */
const LONG: Period[] = [...SHORT.slice(1), { name: "30 d", length: 30 * DAY_MS, bucket: "DAY", span: DAY_MS }];

/** Charts of all runs, or of those of a task or workflow. */
export function RunCharts({ title, scope = {} }: { title: string; scope?: Scope }): JSX.Element {
  const periods = scope.taskId || scope.workflow ? LONG : SHORT;
  const [chosen, setChosen] = useState(0);
  const period = periods[chosen] ?? LONG[0]!;
  const to = Math.ceil((now.value + 1) / period.span) * period.span;
  const from = to - period.length;
  const variables = { filter: { dueAt: { from: new Date(from).toISOString(), to: new Date(to).toISOString() }, ...scope }, bucket: period.bucket };
  const { data, error, reread } = useLive(RUN_STATISTICS, variables, {
    concerns: (change) => isOfTasks(change) || isOfWorkflows(change),
    pace: PACE_MS,
    slot: JSON.stringify([scope, period.name]),
  });
  const choice = (
    <span class="periods" role="group" aria-label="Period">
      {periods.map(({ name }, index) => (
        <button key={name} type="button" aria-pressed={index === chosen} onClick={() => setChosen(index)}>
          {name}
        </button>
      ))}
    </span>
  );
  return (
    <Section title={title} aside={choice}>
      {error && !data ? <ErrorState message={error} retry={reread} /> : <Charts key={period.name} statistics={data?.runStatistics} scope={scope} period={period} from={from} to={to} />}
    </Section>
  );
}

type ChartsProps = { statistics: Statistics | undefined; scope: Scope; period: Period; from: number; to: number };

/** The charts; empty ones of the same size while the statistics are loading. A click on a bar leads to its runs. */
function Charts({ statistics, scope, period, from, to }: ChartsProps): JSX.Element {
  const [, go] = useLocation();
  const buckets = statistics?.buckets ?? [];
  const times = buckets.map((each) => Date.parse(each.from));
  const pick = (index: number): void => {
    const begin = times[index];
    if (begin !== undefined) go(addressOfPeriod(begin, begin + period.span, scope.taskId));
  };
  const canPick = !scope.workflow && !scope.queue; // the history has no such filters
  const shared = { times, from, to, span: period.span, onPick: canPick ? pick : undefined };
  const outcomes: Series[] = [
    { name: "Failed", tone: "bad", kind: "bars", values: buckets.map(({ failed }) => failed || null) },
    { name: "Completed", tone: "good", kind: "bars", values: buckets.map(({ completed }) => completed || null) },
    { name: "Not run", tone: "idle", kind: "bars", values: buckets.map(({ total, completed, failed }) => total - completed - failed || null) },
  ];
  const durations: Series[] = [
    { name: "Median", tone: "accent", kind: "line", values: buckets.map(({ durationP50Ms }) => durationP50Ms) },
    { name: "95 %", tone: "busy", kind: "line", values: buckets.map(({ durationP95Ms }) => durationP95Ms) },
    { name: "With failures", tone: "bad", kind: "points", values: buckets.map(({ failed, durationP95Ms }) => (failed ? durationP95Ms : null)) },
  ];
  const rate = successRate(statistics?.total);
  const { durationP50Ms: median = null, durationP95Ms: high = null } = statistics?.total ?? {};
  return (
    <div class="charts">
      <Chart {...shared} label={`Success ${rate}`} summary={describe(statistics?.total)} series={outcomes} format={formatCount} />
      <Chart {...shared} label={`Median duration ${median === null ? "" : formatDuration(median)}`} summary={`median ${duration(median)}, 95 % ${duration(high)}`} series={durations} format={formatDuration} />
    </div>
  );
}

/** Returns the percentage of runs that completed among those that completed or failed. A failure is never rounded away. */
export function successRate(total: { completed: number; failed: number } | undefined): string {
  if (!total || total.completed + total.failed === 0) return "";
  const percent = (total.completed / (total.completed + total.failed)) * 100;
  return total.failed > 0 ? `${(Math.floor(percent * 10) / 10).toFixed(1)} %` : "100 %";
}

function describe(total: Statistics["total"] | undefined): string {
  return total ? `${formatCount(total.completed)} completed, ${formatCount(total.failed)} failed` : "loading";
}

function duration(milliseconds: number | null): string {
  return milliseconds === null ? "unknown" : formatDuration(milliseconds);
}
