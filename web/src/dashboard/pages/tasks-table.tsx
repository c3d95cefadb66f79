import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { graphql, type FragmentOf } from "../graphql.ts";
import { Status, StatusShape } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";

export const TASK_ROW = graphql(`
  fragment TaskRow on Task {
    id
    name
    tags
    status
    nextRunAt
    consecutiveFailures
    schedule {
      summary
    }
    lastRun {
      id
      status
      finishedAt
      dueAt
    }
  }
`);
export type TaskRow = FragmentOf<typeof TASK_ROW>;

/** Tasks as a table. */
export function TasksTable({ tasks }: { tasks: TaskRow[] }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Status</th>
            <th>Task</th>
            <th class="wide">Schedule</th>
            <th>Next due</th>
            <th>Last run</th>
          </tr>
        </thead>
        <tbody>
          {tasks.map((task) => (
            <tr key={task.id}>
              <td>
                <Status status={task.status} />
              </td>
              <td class="name">
                <Link href={`/tasks/${task.id}`} class="row-link">
                  {task.name}
                </Link>
                {task.tags.map((tag) => (
                  <span key={tag} class="tag">
                    {tag}
                  </span>
                ))}
              </td>
              <td class="wide faint">{task.schedule.summary}</td>
              <td class="nowrap">{task.nextRunAt ? <Time at={task.nextRunAt} /> : <span class="faint">–</span>}</td>
              <td class="nowrap">
                <LastRun run={task.lastRun} failures={task.consecutiveFailures} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function LastRun({ run, failures }: { run: TaskRow["lastRun"]; failures: number }): JSX.Element {
  if (run === null) return <span class="faint">not yet</span>;
  return (
    <Link href={`/runs/${run.id}`} class="last-run">
      <StatusShape status={run.status} /> <Time at={run.finishedAt ?? run.dueAt} />
      {failures > 1 && <span class="bad-text"> · {failures} failures in a row</span>}
    </Link>
  );
}
