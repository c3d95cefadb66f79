// Cron expressions that can be put together from days and hours, and back. Pure.

export type Days = { kind: "every" } | { kind: "weekdays"; days: readonly number[] } | { kind: "dates"; days: readonly number[] };

/** Due at each of these minutes of each of these hours, on these days. Weekdays are 1 (Monday) to 7 (Sunday). */
export type CronParts = { minutes: readonly number[]; hours: readonly number[]; days: Days };

export const ALL_HOURS: readonly number[] = Array.from({ length: 24 }, (_, hour) => hour);
const NAMES = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
const NICKNAMES: Readonly<Record<string, string>> = { "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *" };

export const PRESETS: readonly { name: string; expression: string }[] = [
  { name: "Every 15 minutes", expression: "*/15 * * * *" },
  { name: "Every hour", expression: "0 * * * *" },
  { name: "Every day at 09:00", expression: "0 9 * * *" },
  { name: "Weekdays at 09:00", expression: "0 9 * * 1-5" },
  { name: "Mondays at 09:00", expression: "0 9 * * 1" },
  { name: "First of the month", expression: "0 9 1 * *" },
];

/** Returns the parts of an expression; null if it says more than they can. */
export function readCron(expression: string): CronParts | null {
  const text = expression.trim();
  const [minute = "", hour = "", date = "", month = "", weekday = "", ...more] = (NICKNAMES[text.toLowerCase()] ?? text).split(/\s+/);
  if (more.length > 0 || month !== "*" || weekday === "" || (date !== "*" && weekday !== "*")) return null;
  const minutes = readField(minute, 0, 59);
  const hours = readField(hour, 0, 23);
  const days = readDays(date, weekday);
  return minutes && hours && days ? { minutes, hours, days } : null;
}

/** Tells whether an expression names a time of day; true if that cannot be told. */
export function namesTime(expression: string, clock: string): boolean {
  const [minute = "", hour = "", ...rest] = (NICKNAMES[expression.trim().toLowerCase()] ?? expression.trim()).split(/\s+/);
  const [minutes, hours] = [readField(minute, 0, 59), readField(hour, 0, 23)];
  if (rest.length !== 3 || minutes === null || hours === null) return true;
  const [h, m] = clock.split(":").map(Number);
  return hours.includes(h ?? -1) && minutes.includes(m ?? -1);
}

/** Writes an expression. */
export function writeCron({ minutes, hours, days }: CronParts): string {
  const date = days.kind === "dates" ? writeField(days.days, 31) : "*";
  const weekday = days.kind === "weekdays" ? writeField(days.days, 7) : "*";
  return `${writeMinutes(minutes)} ${hours.length === 24 ? "*" : writeField(hours, 24)} ${date} * ${weekday}`;
}

function readDays(date: string, weekday: string): Days | null {
  if (weekday === "*") {
    const days = date === "*" ? null : readField(date, 1, 31);
    return date === "*" ? { kind: "every" } : days && { kind: "dates", days };
  }
  const named = NAMES.reduce((text, name, at) => text.replaceAll(name, String(at + 1)), weekday.toUpperCase());
  const days = readField(named, 0, 7);
  return days && { kind: "weekdays", days: sorted(days.map((day) => day || 7)) };
}

/** Returns the values of a field: a list of values, ranges and steps; null if it is written otherwise. */
function readField(text: string, lowest: number, highest: number): number[] | null {
  const found: number[] = [];
  for (const term of text.split(",")) {
    const [, first = "", last = "", step = ""] = /^(\*|\d+)(?:-(\d+))?(?:\/(\d+))?$/.exec(term) ?? [];
    const begin = first === "*" ? lowest : Number(first);
    const end = last ? Number(last) : first === "*" || step ? highest : begin;
    const stride = step ? Number(step) : 1;
    if (first === "" || stride < 1 || begin < lowest || end > highest || begin > end) return null;
    for (let value = begin; value <= end; value += stride) found.push(value);
  }
  return sorted(found);
}

function writeMinutes(minutes: readonly number[]): string {
  const step = 60 / minutes.length;
  const isRegular = minutes.length > 1 && Number.isInteger(step) && minutes.every((minute, at) => minute === at * step);
  if (minutes.length === 60) return "*";
  return isRegular ? `*/${step}` : writeField(minutes, 60);
}

/** Writes values with ranges of three or more. */
function writeField(values: readonly number[], count: number): string {
  if (values.length === 0 || (values.length === count && count === 7)) return "*";
  const runs: number[][] = [];
  for (const value of sorted(values)) {
    const run = runs.at(-1);
    if (run && run.at(-1) === value - 1) run.push(value);
    else runs.push([value]);
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]}-${run.at(-1)}` : run.join(","))).join(",");
}

function sorted(values: readonly number[]): number[] {
  return [...new Set(values)].sort((one, other) => one - other);
}
