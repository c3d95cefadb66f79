import "../styles/tasks.css";

import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { SortIcon } from "../ui/action-icons.tsx";
import { Status, StatusShape } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import type { Selection } from "./task-selection.ts";
import { SmallStrip } from "./small-strip.tsx";
import type { TaskRow } from "./task-list.ts";

export { TASK_ROW } from "./task-list.ts";

export type Sort = { by: string; change: (sort: string) => void };
type Props = {
  tasks: readonly TaskRow[];
  selection?: Selection;
  sort?: Sort;
  chooseTag?: (tag: string) => void;
};

/** Tasks as a table, whose rows can be selected, and which can be sorted, if the page wants that. */
export function TasksTable({ tasks, selection, sort, chooseTag }: Props): JSX.Element {
  return (
    <div class="table-frame">
      <table class="tasks">
        <thead>
          <tr>
            {selection && (
              <th class="select">
                <SelectAll ids={tasks.map(({ id }) => id)} selection={selection} />
              </th>
            )}
            <th>Status</th>
            <SortableHeading name="Task" column="name" sort={sort} />
            <th class="schedule">Schedule</th>
            <SortableHeading name="Next due" column="due" sort={sort} />
            <th class="last">Last run</th>
            <th class="outcomes">Latest outcomes</th>
          </tr>
        </thead>
        <tbody>
          {tasks.map((task) => (
            <tr key={task.id} class={selection?.has(task.id) ? "selected" : undefined}>
              {selection && (
                <td class="select">
                  <SelectOne task={task} tasks={tasks} selection={selection} />
                </td>
              )}
              <td class="status-cell">
                <Status status={task.status} />
              </td>
              <td class="name">
                <TaskName task={task} chooseTag={chooseTag} />
              </td>
              <td class="schedule" title={task.schedule.summary}>
                <ScheduleWords schedule={task.schedule} />
              </td>
              <td class="due nowrap">{task.nextRunAt ? <Time at={task.nextRunAt} /> : <span class="faint">–</span>}</td>
              <td class="last nowrap">
                <LastRun run={task.lastRun} failures={task.consecutiveFailures} />
              </td>
              <td class="outcomes">
                <SmallStrip outcomes={task.recentOutcomes} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type HeadingProps = { name: string; column: string; sort: Sort | undefined };

/** The heading of a column by which the list is sorted: upwards first, then downwards, then not. */
function SortableHeading({ name, column, sort }: HeadingProps): JSX.Element {
  if (!sort) return <th>{name}</th>;
  const direction = sort.by === column ? "ascending" : sort.by === `-${column}` ? "descending" : undefined;
  const next = direction === undefined ? column : direction === "ascending" ? `-${column}` : "";
  return (
    <th aria-sort={direction ?? "none"}>
      <button type="button" class="sort" onClick={() => sort.change(next)}>
        {name}
        {direction && <SortIcon direction={direction} />}
      </button>
    </th>
  );
}

type SelectProps = { task: TaskRow; tasks: readonly TaskRow[]; selection: Selection };

function SelectOne({ task, tasks, selection }: SelectProps): JSX.Element {
  return (
    <label class="box">
      <input
        type="checkbox"
        aria-label={`Select ${task.name}`}
        checked={selection.has(task.id)}
        onClick={(event) => selection.toggle(task.id, event.shiftKey, tasks)}
      />
    </label>
  );
}

function SelectAll({ ids, selection }: { ids: string[]; selection: Selection }): JSX.Element {
  const count = ids.filter((id) => selection.has(id)).length;
  const isAll = count === ids.length && count > 0;
  return (
    <label class="box">
      <input
        type="checkbox"
        aria-label="Select all tasks on this page"
        checked={isAll}
        indeterminate={count > 0 && !isAll}
        onChange={() => selection.set(isAll ? [] : ids)}
      />
    </label>
  );
}

type NameProps = { task: TaskRow; chooseTag: ((tag: string) => void) | undefined };

function TaskName({ task, chooseTag }: NameProps): JSX.Element {
  return (
    <>
      <Link href={`/tasks/${task.id}`} class="row-link" title={task.description || undefined}>
        {task.name}
      </Link>
      {task.tags.map((tag) =>
        chooseTag ? (
          <button key={tag} type="button" class="tag" title={`Show tasks with the tag ${tag}`} onClick={() => chooseTag(tag)}>
            {tag}
          </button>
        ) : (
          <span key={tag} class="tag">
            {tag}
          </span>
        ),
      )}
    </>
  );
}

/** A schedule in a few words. That of a single time has the time in the user's zone. */
export function ScheduleWords({ schedule }: { schedule: TaskRow["schedule"] }): JSX.Element {
  if (schedule.__typename !== "OnceSchedule") return <>{schedule.description}</>;
  return (
    <>
      once, <Time at={schedule.at} as="moment" />
    </>
  );
}

function LastRun({ run, failures }: { run: TaskRow["lastRun"]; failures: number }): JSX.Element {
  if (run === null) return <span class="faint">not yet</span>;
  return (
    <Link href={`/runs/${run.id}`} class="last-run">
      <StatusShape status={run.status} /> <Time at={run.finishedAt ?? run.dueAt} />
      {failures > 1 && <span class="bad-text" title={`${failures} failures in a row`}> · {failures} in a row</span>}
    </Link>
  );
}
