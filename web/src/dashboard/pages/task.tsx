import "../styles/task.css";

import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { isDeleted } from "../deletions.ts";
import { formatCount } from "../format.ts";
import { useLive } from "../live.ts";
import { Page, Section } from "../ui/page.tsx";
import { PublicLinks } from "../sharing/public-links.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { LiveRunsTable } from "./live-runs-table.tsx";
import { NextTimes } from "./next-times.tsx";
import { NotFoundPage } from "./not-found.tsx";
import { OutcomeStrip } from "./outcome-strip.tsx";
import { RunCharts } from "./run-charts.tsx";
import { TaskActions } from "./task-actions.tsx";
import { DurationChart } from "./task-charts.tsx";
import { SHOWN_RUNS, TASK, type Task } from "./task-query.ts";
import { TaskSettings } from "./task-settings.tsx";

const PAUSED_WORDS: Record<string, string> = {
  CONSECUTIVE_FAILURES: "The task paused itself after failures in a row. Resume it when their cause is mended.",
  UNREADABLE: "The task was paused because it cannot be read. Edit it, then resume it.",
};

export function TaskPage({ id }: { id: string }): JSX.Element {
  const { data, error, reread } = useLive(TASK, { id, runs: SHOWN_RUNS }, { concerns: (change) => change.of === "task" && change.taskId === id });
  const task = data?.task;
  if ((data && !task) || isDeleted(id)) return <NotFoundPage />;
  return (
    <Page title={task?.name ?? "Task"} above={<Link href="/tasks">Tasks</Link>} actions={task && <TaskActions task={task} done={reread} />}>
      {error && !task && <ErrorState message={error} retry={reread} />}
      {!error && !task && <LoadingRows count={8} />}
      {task && <Contents task={task} />}
    </Page>
  );
}

function Contents({ task }: { task: Task }): JSX.Element {
  const runs = task.runs.nodes;
  return (
    <>
      <Summary task={task} />
      {task.description && <p class="task-description">{task.description}</p>}
      {task.waitingText && <p class="notice warn">{task.waitingText}</p>}
      {task.pauseReason && PAUSED_WORDS[task.pauseReason] && <p class="notice warn">{PAUSED_WORDS[task.pauseReason]}</p>}
      {task.assignedQueue?.paused && (
        <p class="notice warn">
          The queue <Link href="/queues">{task.assignedQueue.name}</Link> is paused: no run of it starts.
        </p>
      )}
      {task.recentOutcomes.length > 0 && (
        <Section title="Latest outcomes">
          <OutcomeStrip outcomes={task.recentOutcomes} />
          <DurationChart outcomes={task.recentOutcomes} />
        </Section>
      )}
      {task.recentOutcomes.length > 1 && <RunCharts title="Outcomes and durations" scope={{ taskId: task.id }} />}
      <div class="task-columns">
        <Section title="Settings">
          <TaskSettings task={task} />
        </Section>
        <Section title="Next times">
          <NextTimes task={task} />
        </Section>
      </div>
      <Section title="Runs" aside={<AllRuns task={task} />}>
        {runs.length > 0 ? <LiveRunsTable list={task.id} runs={runs} /> : <p class="faint">It has not run yet.</p>}
      </Section>
      <PublicLinks subject={task.id} />
    </>
  );
}

function Summary({ task }: { task: Task }): JSX.Element {
  return (
    <p class="summary">
      <Status status={task.status} />
      <span title={task.schedule.summary}>{task.schedule.description}</span>
      {task.nextRunAt && (
        <span>
          Next due <Time at={task.nextRunAt} />
        </span>
      )}
      {task.consecutiveFailures > 0 && (
        <span class="bad-text">
          {task.consecutiveFailures} {task.consecutiveFailures === 1 ? "failure" : "failures in a row"}
        </span>
      )}
      <span>
        {task.tags.map((tag) => (
          <Link key={tag} href={`/tasks?tag=${encodeURIComponent(tag)}`} class="tag">
            {tag}
          </Link>
        ))}
      </span>
    </p>
  );
}

function AllRuns({ task: { id, runs } }: { task: Task }): JSX.Element | null {
  if (runs.totalCount <= SHOWN_RUNS) return null;
  return <Link href={`/runs?task=${id}`}>All {formatCount(runs.totalCount, runs.totalCountIsExact)} runs</Link>;
}
