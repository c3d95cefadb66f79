import type { JSX } from "preact";

import { CronFields } from "./cron-fields.tsx";
import { FormSection, Line, Segments } from "./controls.tsx";
import type { Change, ScheduleForm, TaskForm } from "./model.ts";
import { BROWSER_ZONE } from "./moments.ts";
import { NextTimes } from "./next-times.tsx";
import type { Previewed } from "./preview.ts";

type Props = { form: TaskForm; change: Change; previewed: Previewed; isNew: boolean };

/** When the task is due, and the next times of that. */
export function ScheduleSection({ form: { schedule }, change, previewed, isNew }: Props): JSX.Element {
  const set = (changes: Partial<ScheduleForm>): void => change({ schedule: { ...schedule, ...changes } });
  const kinds = [
    ["cron", "By the calendar"],
    ["every", "At an interval"],
    ["at", "Once"],
    ...(isNew ? ([["now", "Now"]] as const) : []),
  ] as const;
  return (
    <FormSection title="Schedule" about="When it is due.">
      <Segments<ScheduleForm["kind"]> label="Kind of schedule" value={schedule.kind} set={(kind) => set({ kind })} choices={kinds} />
      {schedule.kind === "cron" && <CronFields schedule={schedule} set={set} />}
      {schedule.kind === "every" && <IntervalFields schedule={schedule} set={set} />}
      {schedule.kind === "at" && (
        <Line name="schedule.at" label="Date and time" type="datetime-local" hint={`In ${BROWSER_ZONE}`} value={schedule.at} set={(at) => set({ at })} />
      )}
      <NextTimes {...previewed} schedule={schedule} zone={schedule.kind === "cron" ? schedule.timeZone : BROWSER_ZONE} />
    </FormSection>
  );
}

type PartProps = { schedule: ScheduleForm; set: (changes: Partial<ScheduleForm>) => void };

function IntervalFields({ schedule, set }: PartProps): JSX.Element {
  return (
    <div class="row">
      <Line
        name="schedule.every.interval"
        label="Every"
        hint="Such as 30 s, 15 min, 1 h 30 min or 2 d"
        value={schedule.interval}
        set={(interval) => set({ interval })}
      />
      <Line name="schedule.every.start" label="First" type="datetime-local" hint="Default: one interval from now" value={schedule.start} set={(start) => set({ start })} />
      <Line name="schedule.every.end" label="Not after" type="datetime-local" hint="Default: it does not end" value={schedule.end} set={(end) => set({ end })} />
    </div>
  );
}
