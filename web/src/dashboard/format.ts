// Times, durations and numbers for people.

const SECOND = 1000;
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400 * SECOND],
  ["hour", 3600 * SECOND],
  ["minute", 60 * SECOND],
  ["second", SECOND],
];
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const TODAY = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const THIS_YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const NUMBER = new Intl.NumberFormat("en");

/** Formats the time between now and a moment, such as "in 5 min" or "3 h ago". */
export function formatRelative(moment: number, now: number): string {
  const distance = moment - now;
  if (Math.abs(distance) < SECOND) return "now";
  const [unit, size] = UNITS.find(([, each]) => Math.abs(distance) >= each) ?? ["second", SECOND];
  return RELATIVE.format(Math.trunc(distance / size), unit);
}

/** Formats a moment in the user's time zone: the time if it is today, else the date too. */
export function formatMoment(moment: number, now: number): string {
  const isToday = new Date(moment).toDateString() === new Date(now).toDateString();
  return (isToday ? TODAY : THIS_YEAR).format(moment);
}

/** Formats a moment completely, in the user's time zone and in UTC. */
export function formatExact(moment: number): string {
  return `${EXACT.format(moment)} · ${new Date(moment).toISOString()}`;
}

/** Formats milliseconds with a unit, such as "340 ms", "2.4 s" or "3 min 20 s". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < SECOND) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / SECOND;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Formats a count, with a plus if it is only a lower bound. */
export function formatCount(count: number, isExact = true): string {
  return `${NUMBER.format(count)}${isExact ? "" : "+"}`;
}

/** Formats the value of an enum as words, such as "Api tokens" for API_TOKENS. */
export function formatEnum(value: string): string {
  const words = value.toLowerCase().replaceAll("_", " ").replace("api", "API");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
