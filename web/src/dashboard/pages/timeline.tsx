import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { formatExact, formatRelative } from "../format.ts";
import { now } from "../ui/time.tsx";

type DueTask = { id: string; name: string; nextRunAt: string | null };
type Props = { tasks: DueTask[]; begin: number; end: number };

const TICK_MS = 10 * 60_000;
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** The due times of an hour on a line, and the task that is due next. */
export function Timeline({ tasks, begin, end }: Props): JSX.Element {
  const place = (moment: number): string => `${((moment - begin) / (end - begin)) * 100}%`;
  const next = tasks.find(({ nextRunAt }) => nextRunAt !== null && Date.parse(nextRunAt) > now.value);
  return (
    <div class="timeline">
      <div class="track">
        {ticks(begin, end).map((tick) => (
          <span key={tick} class="tick" style={{ left: place(tick) }}>
            {TIME.format(tick)}
          </span>
        ))}
        {tasks.map(({ id, name, nextRunAt }) => {
          const moment = Date.parse(nextRunAt ?? "");
          return (
            <Link key={id} href={`/tasks/${id}`} class="due" style={{ left: place(moment) }} title={`${name}\n${formatExact(moment)}`}>
              <span class="hidden">{name}</span>
            </Link>
          );
        })}
        <span class="present" style={{ left: place(now.value) }} />
      </div>
      <p class="faint">
        {next ? (
          <>
            Next: <Link href={`/tasks/${next.id}`}>{next.name}</Link>{" "}
            {formatRelative(Date.parse(next.nextRunAt ?? ""), now.value)}
          </>
        ) : (
          "Nothing is due within the hour."
        )}
      </p>
    </div>
  );
}

function ticks(begin: number, end: number): number[] {
  const first = Math.ceil(begin / TICK_MS) * TICK_MS;
  return Array.from({ length: Math.ceil((end - first) / TICK_MS) }, (_, number) => first + number * TICK_MS);
}
