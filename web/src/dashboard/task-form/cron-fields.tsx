import type { JSX } from "preact";

import { Line, Segments, Toggles } from "./controls.tsx";
import { ALL_HOURS, type CronParts, type Days, PRESETS, readCron, writeCron } from "./cron.ts";
import type { ScheduleForm } from "./model.ts";
import { BROWSER_ZONE } from "./moments.ts";

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const DATES = Array.from({ length: 31 }, (_, at) => at + 1);
const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone")];
type Props = { schedule: ScheduleForm; set: (changes: Partial<ScheduleForm>) => void };

/** Days and times, and the expression that they make. Each follows the other. */
export function CronFields({ schedule: { expression, timeZone }, set }: Props): JSX.Element {
  const parts = readCron(expression);
  const write = (changes: Partial<CronParts>): void => {
    if (parts) set({ expression: writeCron({ ...parts, ...changes }) });
  };
  return (
    <>
      <div class="presets" role="group" aria-label="Presets">
        {PRESETS.map((preset) => (
          <button key={preset.name} type="button" aria-pressed={preset.expression === expression.trim()} onClick={() => set({ expression: preset.expression })}>
            {preset.name}
          </button>
        ))}
      </div>
      {parts ? <Builder parts={parts} write={write} /> : <p class="hint faint">This expression says more than days and hours, so that it is edited as text.</p>}
      <div class="row">
        <Line
          name="schedule.cron.expression"
          label="Cron expression"
          isCode
          hint="Minute, hour, day of month, month, day of week"
          value={expression}
          set={(value) => set({ expression: value })}
        />
        <Line
          name="schedule.cron.timeZone"
          label="Time zone"
          list="time-zones"
          hint={timeZone === BROWSER_ZONE ? "That of this browser" : "Such as Europe/Berlin"}
          value={timeZone}
          set={(value) => set({ timeZone: value })}
        />
      </div>
      <datalist id="time-zones">
        {ZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}

type BuilderProps = { parts: CronParts; write: (changes: Partial<CronParts>) => void };

function Builder({ parts: { minutes, hours, days }, write }: BuilderProps): JSX.Element {
  return (
    <div class="cron">
      <div class="line">
        <span class="name">Days</span>
        <Segments<Days["kind"]>
          label="Days"
          value={days.kind}
          set={(kind) => write({ days: kind === "every" ? { kind } : { kind, days: kind === "weekdays" ? [1, 2, 3, 4, 5] : [1] } })}
          choices={[
            ["every", "Every day"],
            ["weekdays", "Days of the week"],
            ["dates", "Days of the month"],
          ]}
        />
      </div>
      {days.kind !== "every" && (
        <div class="line">
          <span class="name" />
          <Toggles
            label={days.kind === "weekdays" ? "Days of the week" : "Days of the month"}
            values={days.kind === "weekdays" ? [1, 2, 3, 4, 5, 6, 7] : DATES}
            isOn={(day) => days.days.includes(day)}
            toggle={(day) => write({ days: { ...days, days: toggled(days.days, day) } })}
            show={(day) => (days.kind === "weekdays" ? (WEEKDAYS[day - 1] ?? "").slice(0, 3) : String(day))}
            name={(day) => (days.kind === "weekdays" ? (WEEKDAYS[day - 1] ?? "") : `Day ${day}`)}
          />
        </div>
      )}
      <div class="line">
        <span class="name">Hours</span>
        <Toggles
          label="Hours"
          values={ALL_HOURS}
          isOn={(hour) => hours.includes(hour)}
          toggle={(hour) => write({ hours: hours.length === 24 ? [hour] : toggled(hours, hour) })}
          show={(hour) => String(hour).padStart(2, "0")}
          name={(hour) => `${hour} o'clock`}
        />
        <button type="button" class="link" disabled={hours.length === 24} onClick={() => write({ hours: ALL_HOURS })}>
          All
        </button>
      </div>
      <div class="line">
        <label class="name" for="cron-minutes">
          Minutes
        </label>
        <MinutesField minutes={minutes} set={(given) => write({ minutes: given })} />
      </div>
    </div>
  );
}

function MinutesField({ minutes, set }: { minutes: readonly number[]; set: (minutes: number[]) => void }): JSX.Element {
  const read = (text: string): void => {
    const given = text.split(/[\s,]+/).filter(Boolean).map(Number);
    if (given.length > 0 && given.every((minute) => Number.isInteger(minute) && minute >= 0 && minute < 60)) set([...new Set(given)].sort((a, b) => a - b));
  };
  const shown = minutes.length > 12 ? "all" : minutes.map((minute) => String(minute).padStart(2, "0")).join(", ");
  return <input id="cron-minutes" key={shown} class="mono short" defaultValue={shown} onChange={(event) => read(event.currentTarget.value)} aria-label="Minutes of the hour" />;
}

/** Turns one value on or off. The last one stays on. */
function toggled(values: readonly number[], value: number): readonly number[] {
  const rest = values.filter((each) => each !== value);
  if (rest.length === values.length) return [...values, value].sort((one, other) => one - other);
  return rest.length > 0 ? rest : values;
}
