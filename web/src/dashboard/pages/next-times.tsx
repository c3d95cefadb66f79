import type { JSX } from "preact";

import { graphql, type VariablesOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import type { Task } from "./task-query.ts";

const PREVIEW = graphql(`query NextTimes($schedule: ScheduleInput!) { schedulePreview(schedule: $schedule, count: 8) }`);
type ScheduleInput = VariablesOf<typeof PREVIEW>["schedule"];

/** The next due times of a task. */
export function NextTimes({ task }: { task: Task }): JSX.Element {
  if (task.nextRunAt === null) return <p class="faint">{task.status === "PAUSED" ? "None while it is paused." : "None."}</p>;
  if (task.schedule.__typename === "OnceSchedule") return <Times times={[task.nextRunAt]} />;
  return <Preview key={task.nextRunAt} schedule={toInput(task.schedule)} />;
}

function Preview({ schedule }: { schedule: ScheduleInput }): JSX.Element {
  const { data, error } = useLive(PREVIEW, { schedule }, { concerns: () => false });
  if (!data) return error ? <p class="faint">{error}</p> : <LoadingRows count={4} />;
  return <Times times={data.schedulePreview} />;
}

function Times({ times }: { times: readonly string[] }): JSX.Element {
  return (
    <ol class="times">
      {times.map((at) => (
        <li key={at}>
          <Time at={at} as="moment" />
          <span class="faint">
            <Time at={at} />
          </span>
        </li>
      ))}
    </ol>
  );
}

/** Returns the input that describes a schedule. */
function toInput(schedule: Task["schedule"]): ScheduleInput {
  if (schedule.__typename === "CronSchedule") return { cron: { expression: schedule.expression, timeZone: schedule.timeZone } };
  if (schedule.__typename === "IntervalSchedule") {
    return { every: { interval: schedule.interval, start: schedule.start, end: schedule.end } };
  }
  return { now: true };
}
