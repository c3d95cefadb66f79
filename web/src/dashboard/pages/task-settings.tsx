import type { ComponentChildren, JSX } from "preact";

import { formatIsoDuration } from "../iso-duration.ts";
import { Time } from "../ui/time.tsx";
import type { Task } from "./task-query.ts";

const OVERLAP: Record<string, string> = {
  SKIP: "skip the new run",
  QUEUE: "run it after the previous one",
  ALLOW: "run both at once",
};
const MISFIRE: Record<string, string> = {
  RUN_ONCE: "run once for all",
  RUN_ALL: "run each",
  SKIP: "run the last one, if it is not too late",
};
type Row = [name: string, value: ComponentChildren];

/** All settings of a task, in words. */
export function TaskSettings({ task }: { task: Task }): JSX.Element {
  const rows: Row[] = [...jobRows(task.job), ...timeRows(task), ...otherRows(task)];
  return (
    <dl class="settings">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function jobRows(job: Task["job"]): Row[] {
  if (job.__typename === "EmailJob") return [["Mail to", job.to.join(", ")], ["Subject", job.subject], ["Text", <Shown text={String(job.text)} />]];
  if (job.__typename === "ReportJob") return [["Report", `${job.title} (${job.format})`]];
  if (job.__typename !== "HttpJob") return [["Job", job.kind]];
  const secret = [...(job.hasToken ? ["Authorization: Bearer ***"] : []), ...job.secretHeaders.map((name) => `${name}: ***`)];
  const headers = [...job.headers.map(({ name, value }) => `${name}: ${value}`), ...secret];
  const body = job.bodyText ?? (job.bodyForm === null ? job.jsonBody : job.bodyForm);
  return [
    ["Request", <code>{`${job.method} ${job.url}`}</code>],
    ...(headers.length > 0 ? [["Headers", <Shown text={headers.join("\n")} />] satisfies Row] : []),
    ...(body === null ? [] : [["Body", <Shown text={typeof body === "string" ? body : JSON.stringify(body, null, 2)} />] satisfies Row]),
    ...(job.expectCallback ? [["Callback", `expected within ${formatIsoDuration(job.expectCallback.within)}`] satisfies Row] : []),
  ];
}

function Shown({ text }: { text: string }): JSX.Element {
  return <pre tabIndex={0}>{text}</pre>;
}

function timeRows({ schedule, misfire, overlap, retry, timeout, job }: Task): Row[] {
  const connect = job.__typename === "HttpJob" && job.connectTimeout ? `, ${formatIsoDuration(job.connectTimeout)} to connect` : "";
  const most = misfire.policy === "RUN_ALL" ? `, at most ${misfire.maxRuns}` : "";
  return [
    ["Schedule", <ScheduleSetting schedule={schedule} />],
    ["Retries", retryWords(retry)],
    ["Timeout", `${formatIsoDuration(timeout)}${connect}`],
    ["While one still runs", OVERLAP[overlap] ?? overlap.toLowerCase()],
    ["Missed times", `${MISFIRE[misfire.policy] ?? misfire.policy.toLowerCase()}${most}; up to ${formatIsoDuration(misfire.grace)} late is on time`],
  ];
}

/** A schedule with its times in the user's zone. */
function ScheduleSetting({ schedule }: { schedule: Task["schedule"] }): JSX.Element {
  if (schedule.__typename === "OnceSchedule") return <Time at={schedule.at} as="moment" />;
  if (schedule.__typename !== "IntervalSchedule") return <>{schedule.summary}</>;
  return (
    <>
      {schedule.description} from <Time at={schedule.start} as="moment" />
      {schedule.end && " until "}
      {schedule.end && <Time at={schedule.end} as="moment" />}
    </>
  );
}

function retryWords({ maxRetries, offsets, backoff, statuses }: Task["retry"]): string {
  if (maxRetries === 0) return "none";
  const waits = backoff
    ? `from ${formatIsoDuration(backoff.initial)}, each ${backoff.factor} times as long, at most ${formatIsoDuration(backoff.max)}`
    : offsets.map(formatIsoDuration).join(", ");
  return `${maxRetries}${waits && `, after ${waits}`}${statuses ? `, for status ${statuses.join(", ")}` : ""}`;
}

function otherRows(task: Task): Row[] {
  const { assignedQueue, priority, alertAfter, alertOnMissed, pauseAfter } = task;
  const told = alertAfter === 1 ? "at the first failure" : `after ${alertAfter} failures in a row`;
  return [
    ["Queue", `${assignedQueue?.name ?? "–"}${priority === 0 ? "" : `, priority ${priority}`}`],
    ["You are told", `${told}${alertOnMissed ? ", and of missed runs" : ""}`],
    ...(pauseAfter === null ? [] : [["Pauses itself", `after ${pauseAfter} failures in a row`] satisfies Row]),
    ...(task.uniqueName ? [["Name", "unique, so that it can be applied from a file"] satisfies Row] : []),
    [
      "Edited",
      <>
        <Time at={task.updatedAt} />, version {task.version}
      </>,
    ],
    ["Created", <Time at={task.createdAt} as="moment" />],
  ];
}
