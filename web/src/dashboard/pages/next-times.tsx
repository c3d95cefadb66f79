import type { JSX } from "preact";

import { Time } from "../ui/time.tsx";
import type { Task } from "./task-query.ts";

/** The next due times of a task. */
export function NextTimes({ task: { status, nextDueTimes } }: { task: Task }): JSX.Element {
  if (nextDueTimes.length === 0) return <p class="faint">{status === "PAUSED" ? "None while it is paused." : "None."}</p>;
  return (
    <ol class="times">
      {nextDueTimes.map((at) => (
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
