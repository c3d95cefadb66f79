// The past and the next hour by minutes: what has become of the due times, and which are to come.

import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { formatCount, formatRelative } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { type Change, isOfTasks, isOfWorkflows, useLive } from "../live.ts";
import { now } from "../ui/time.tsx";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const TICK_MS = 15 * MINUTE_MS;
const PACE_MS = 800;
const LABEL_MS = 9 * MINUTE_MS;
const SOON = 4;
const MAX_NAMES = 5;
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const PAST_HOUR = graphql(`
  query PastHour($past: RunStatisticsFilter!) {
    runStatistics(filter: $past, bucket: MINUTE) {
      buckets {
        from
        total
        completed
        failed
      }
    }
  }
`);
const NEXT_HOUR = graphql(`
  query NextHour($hour: TimeWindow!) {
    tasks(filter: { nextRunAt: $hour }, orderBy: { field: NEXT_RUN_AT, direction: ASC }, first: 40) {
      totalCount
      totalCountIsExact
      nodes {
        id
        name
        nextDueTimes(count: 60)
      }
    }
    workflows(first: 50) {
      nodes {
        name
        nextRunAt
      }
    }
  }
`);
type Minute = { at: number; good: number; bad: number; other: number; due: number; names: string[] };
type Due = { name: string; href: string; at: number };
type Statistics = ResultOf<typeof PAST_HOUR>["runStatistics"];
type Upcoming = ResultOf<typeof NEXT_HOUR>;
const HOUR = { slot: "hour", concerns: (change: Change): boolean => isOfTasks(change) || isOfWorkflows(change), pace: PACE_MS };

/** The due times of the past and the next hour on a line, and those that are next. */
export function Timeline(): JSX.Element {
  const present = Math.floor(now.value / MINUTE_MS) * MINUTE_MS;
  const begin = present - HOUR_MS;
  const end = present + HOUR_MS;
  const past = { dueAt: { from: iso(begin), to: iso(present + MINUTE_MS) } };
  const statistics = useLive(PAST_HOUR, { past }, HOUR).data?.runStatistics;
  const upcoming = useLive(NEXT_HOUR, { hour: { from: iso(present), to: iso(end) } }, HOUR).data;
  const dues = upcoming ? dueTimes(upcoming, end) : [];
  const minutes = byMinute(statistics, dues, begin, end);
  return (
    <div class="timeline">
      <Track minutes={minutes} begin={begin} end={end} />
      <p class="caption">
        <Next dues={dues} isLoaded={upcoming !== undefined} />
        {upcoming && <Omitted tasks={upcoming.tasks} />}
      </p>
    </div>
  );
}

function Omitted({ tasks: { totalCount, totalCountIsExact, nodes } }: Pick<Upcoming, "tasks">): JSX.Element | null {
  if (totalCount <= nodes.length) return null;
  return (
    <span class="faint">
      {" "}
      Of {formatCount(totalCount, totalCountIsExact)} tasks, the first {nodes.length} are shown.
    </span>
  );
}

function iso(moment: number): string {
  return new Date(moment).toISOString();
}

function dueTimes({ tasks, workflows }: Upcoming, end: number): Due[] {
  const ofTasks = tasks.nodes.flatMap(({ id, name, nextDueTimes }) => nextDueTimes.map((at) => ({ name, href: `/tasks/${id}`, at: Date.parse(at) })));
  const ofWorkflows = workflows.nodes.flatMap(({ name, nextRunAt }) => (nextRunAt ? [{ name, href: "/workflows", at: Date.parse(nextRunAt) }] : []));
  return [...ofTasks, ...ofWorkflows].filter(({ at }) => at < end).sort((one, other) => one.at - other.at);
}

function byMinute(statistics: Statistics | undefined, dues: Due[], begin: number, end: number): Minute[] {
  const minutes = Array.from({ length: (end - begin) / MINUTE_MS }, (_, index): Minute => ({ at: begin + index * MINUTE_MS, good: 0, bad: 0, other: 0, due: 0, names: [] }));
  for (const { from, total, completed, failed } of statistics?.buckets ?? []) {
    const minute = minutes[(Date.parse(from) - begin) / MINUTE_MS];
    if (minute) Object.assign(minute, { good: completed, bad: failed, other: total - completed - failed });
  }
  for (const { at, name } of dues) {
    const minute = minutes[Math.floor((at - begin) / MINUTE_MS)];
    if (!minute) continue;
    minute.due += 1;
    if (!minute.names.includes(name)) minute.names.push(name);
  }
  return minutes;
}

function Track({ minutes, begin, end }: { minutes: Minute[]; begin: number; end: number }): JSX.Element {
  const place = (moment: number): string => `${((moment - begin) / (end - begin)) * 100}%`;
  const most = Math.max(...minutes.map(({ good, bad, other, due }) => good + bad + other + due), 1);
  const height = (count: number): string => `${Math.max(Math.sqrt(count / most) * 100, 14)}%`;
  return (
    <div class="track" role="img" aria-label={describe(minutes)}>
      {ticks(begin, end).map((tick) => (
        <span key={tick} class="tick" style={{ left: place(tick) }}>
          {TIME.format(tick)}
        </span>
      ))}
      {minutes.map((minute) => {
        const count = minute.good + minute.bad + minute.other + minute.due;
        if (count === 0) return null;
        return (
          <span key={minute.at} class="minute" style={{ left: place(minute.at), height: height(count) }} title={explain(minute)}>
            {PARTS.map(([part, tone]) => minute[part] > 0 && <span key={part} class={`part ${tone}`} style={{ flexGrow: minute[part] }} />)}
          </span>
        );
      })}
      <span class="present" style={{ left: place(now.value) }} />
    </div>
  );
}

const PARTS: ["due" | "other" | "good" | "bad", string][] = [
  ["due", "due"],
  ["other", "idle"],
  ["good", "good"],
  ["bad", "bad"],
];

function explain({ at, good, bad, other, due, names }: Minute): string {
  const counts = [good && `${good} completed`, bad && `${bad} failed`, other && `${other} not run`, due && `${due} due`];
  const more = names.length > MAX_NAMES ? `\nand ${names.length - MAX_NAMES} more` : "";
  return [`${TIME.format(at)} · ${counts.filter(Boolean).join(", ")}`, ...names.slice(0, MAX_NAMES)].join("\n") + more;
}

function describe(minutes: Minute[]): string {
  const sum = (part: "good" | "bad" | "due"): number => minutes.reduce((total, minute) => total + minute[part], 0);
  return `In the past hour, ${sum("good")} runs completed and ${sum("bad")} failed. In the next hour, ${sum("due")} are due.`;
}

function Next({ dues, isLoaded }: { dues: Due[]; isLoaded: boolean }): JSX.Element {
  const next = firstOfEach(dues.filter(({ at }) => at > now.value)).slice(0, SOON);
  if (next.length === 0) return <span class="faint">{isLoaded ? "Nothing is due within the hour." : " "}</span>;
  return (
    <>
      <span class="faint">Next: </span>
      {next.map(({ name, href, at }, index) => (
        <span key={`${href} ${at}`} class="next">
          <Link href={href}>{name}</Link> <span class="faint">{formatRelative(at, now.value)}</span>
          {index < next.length - 1 && ", "}
        </span>
      ))}
    </>
  );
}

/** Returns the first due time of each task and workflow. */
function firstOfEach(dues: Due[]): Due[] {
  const seen = new Set<string>();
  return dues.filter(({ name, href }) => !seen.has(`${href} ${name}`) && seen.add(`${href} ${name}`));
}

function ticks(begin: number, end: number): number[] {
  const first = Math.ceil(begin / TICK_MS) * TICK_MS;
  return Array.from({ length: Math.ceil((end - first) / TICK_MS) }, (_, number) => first + number * TICK_MS).filter((tick) => end - tick > LABEL_MS);
}
