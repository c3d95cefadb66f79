import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { useAction } from "../actions.ts";
import { formatRelative } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Page, Section } from "../ui/page.tsx";
import { PauseIcon, PlayIcon } from "../ui/icons.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { now, Time } from "../ui/time.tsx";
import { NotFoundPage } from "./not-found.tsx";
import { OutcomeStrip } from "./outcome-strip.tsx";
import { RunCharts } from "./run-charts.tsx";
import { RUN_ROW, RunsTable } from "./runs-table.tsx";
import { DurationChart } from "./task-charts.tsx";

const TASK = graphql(
  `
    query Task($id: ID!) {
      task(id: $id) {
        id
        name
        status
        tags
        nextRunAt
        queue
        priority
        overlap
        timeout
        waitingText
        consecutiveFailures
        schedule {
          summary
        }
        retry {
          maxRetries
          offsets
        }
        job {
          kind
          ... on HttpJob {
            method
            url
          }
        }
        nextDueTimes(count: 5)
        recentOutcomes {
          runId
          status
          dueAt
          durationMs
        }
        runs(first: 20) {
          totalCount
          totalCountIsExact
          nodes {
            ...RunRow
          }
        }
      }
    }
  `,
  [RUN_ROW],
);
const PAUSE = graphql(`mutation PauseTask($id: ID!) { pauseTask(input: { id: $id }) { userErrors { message } } }`);
const RESUME = graphql(`mutation ResumeTask($id: ID!) { resumeTask(input: { id: $id }) { userErrors { message } } }`);
const RUN_NOW = graphql(`mutation RunTask($id: ID!) { runTask(input: { id: $id }) { userErrors { message } } }`);
type Task = NonNullable<ResultOf<typeof TASK>["task"]>;

export function TaskPage({ id }: { id: string }): JSX.Element {
  const { data, error, reread } = useLive(TASK, { id }, { concerns: (change) => change.of === "task" && change.taskId === id });
  const task = data?.task;
  if (data && !task) return <NotFoundPage />;
  return (
    <Page title={task?.name ?? "Task"} above={<Link href="/tasks">Tasks</Link>} actions={task && <Actions task={task} />}>
      {error && !task && <ErrorState message={error} retry={reread} />}
      {!error && !task && <LoadingRows count={8} />}
      {task && <Contents task={task} />}
    </Page>
  );
}

function Actions({ task: { id, status } }: { task: Task }): JSX.Element {
  const runNow = useAction(RUN_NOW, { id });
  const hold = useAction(status === "PAUSED" ? RESUME : PAUSE, { id });
  return (
    <>
      <span class="problem" role="alert">
        {runNow.problem || hold.problem}
      </span>
      <button type="button" disabled={hold.isBusy} onClick={() => void hold.run()}>
        {status === "PAUSED" ? <PlayIcon /> : <PauseIcon />}
        {status === "PAUSED" ? "Resume" : "Pause"}
      </button>
      <button type="button" class="main" disabled={runNow.isBusy} onClick={() => void runNow.run()}>
        <PlayIcon />
        Run now
      </button>
    </>
  );
}

function Contents({ task }: { task: Task }): JSX.Element {
  const runs = task.runs.nodes;
  return (
    <>
      <p class="summary">
        <Status status={task.status} />
        {task.nextRunAt && (
          <span>
            Next due <Time at={task.nextRunAt} />
          </span>
        )}
        {task.consecutiveFailures > 0 && <span class="bad-text">{task.consecutiveFailures} failures in a row</span>}
        {task.tags.map((tag) => (
          <span key={tag} class="tag">
            {tag}
          </span>
        ))}
      </p>
      {task.waitingText && <p class="notice warn">{task.waitingText}</p>}
      {task.recentOutcomes.length > 0 && (
        <Section title="Latest outcomes">
          <OutcomeStrip outcomes={task.recentOutcomes} />
          <DurationChart outcomes={task.recentOutcomes} />
        </Section>
      )}
      {task.recentOutcomes.length > 1 && <RunCharts title="Outcomes and durations" scope={{ taskId: task.id }} />}
      {task.nextDueTimes.length > 1 && (
        <Section title="Next due times">
          <ol class="due-times">
            {task.nextDueTimes.map((at) => (
              <li key={at}>
                <Time at={at} as="moment" /> <span class="faint">{formatRelative(Date.parse(at), now.value)}</span>
              </li>
            ))}
          </ol>
        </Section>
      )}
      <Section title="Settings">
        <Settings task={task} />
      </Section>
      <Section title="Runs">
        {runs.length > 0 ? <RunsTable runs={runs} /> : <p class="faint">It has not run yet.</p>}
      </Section>
    </>
  );
}

function Settings({ task }: { task: Task }): JSX.Element {
  const { job, schedule, retry } = task;
  const waits = retry.offsets.map((each) => each.replace(/^PT?/, "").toLowerCase()).join(", ");
  const rows: [string, string][] = [
    ["Schedule", schedule.summary],
    ["Job", job.__typename === "HttpJob" ? `${job.method} ${job.url}` : job.kind],
    ["Retries", retry.maxRetries === 0 ? "none" : `${retry.maxRetries}${waits ? `, after ${waits}` : ""}`],
    ["Timeout", task.timeout.replace(/^PT/, "").toLowerCase()],
    ["Overlap", task.overlap.toLowerCase()],
    ["Queue", task.priority === 0 ? task.queue : `${task.queue}, priority ${task.priority}`],
  ];
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
