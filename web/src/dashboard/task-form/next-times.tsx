import type { JSX } from "preact";

import { now, Time } from "../ui/time.tsx";
import { namesTime } from "./cron.ts";
import type { ScheduleForm } from "./model.ts";
import { describeChange, type DueTime, offsetAt, readDue } from "./moments.ts";
import type { Previewed } from "./preview.ts";

type Props = Previewed & { schedule: ScheduleForm; zone: string };
const LOCAL = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

/** The next due times, in the zone of the schedule, with changes of its clocks. */
export function NextTimes({ preview, isCurrent, schedule, zone }: Props): JSX.Element {
  const { kind } = schedule;
  const dues = (preview?.dueTimes ?? []).map((text) => ({ text, due: readDue(text) }));
  const present = offsetAt(now.peek(), zone);
  return (
    <div class={isCurrent ? "next-times" : "next-times stale"} aria-live="polite">
      <p class="words">{kind === "now" ? "Once, as soon as it is saved" : sentence(preview?.summary ?? "")}</p>
      {kind !== "now" && (
        <ol aria-label="Next due times">
          {dues.map(({ text, due }, at) => (
            <NextTime key={text} text={text} due={due} before={dues[at - 1]?.due.offset ?? present ?? due.offset} schedule={schedule} />
          ))}
          {preview && dues.length === 0 && <li>It is never due.</li>}
        </ol>
      )}
      {kind !== "now" && <p class="faint">Times in {zone}</p>}
    </div>
  );
}

/** Returns the summary as a sentence, without the expression in it. */
export function sentence(summary: string): string {
  return (summary[0] ?? "").toUpperCase() + summary.slice(1).replace(/ \(cron [^)]*\)$/, "");
}

type TimeProps = { text: string; due: DueTime; before: number; schedule: ScheduleForm };

function NextTime({ text, due, before, schedule: { kind, expression } }: TimeProps): JSX.Element {
  const isCron = kind === "cron";
  const change = isCron ? describeChange(before, due.offset) : "";
  const isMoved = isCron && !namesTime(expression, due.clock);
  return (
    <>
      {change && <li class="clock-change">{change}</li>}
      <li>
        <span>{isCron ? due.text : LOCAL.format(due.instant)}</span>
        {isCron && <span class="faint">{due.offsetText}</span>}
        <span class="faint relative">
          <Time at={text} />
        </span>
      </li>
      {isMoved && <li class="clock-change">The clocks skip its time on this day, so that it is due when they change.</li>}
    </>
  );
}
