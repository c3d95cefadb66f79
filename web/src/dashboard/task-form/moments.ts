// Times of form fields, which are in the zone of the browser, and those of previews, which have an offset. Pure.

export const BROWSER_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Returns the value of a datetime-local field for an instant. */
export function toLocal(instant: string | null | undefined): string {
  if (!instant) return "";
  const moment = new Date(instant);
  const shifted = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString();
  return shifted.slice(0, moment.getSeconds() || moment.getMilliseconds() ? 19 : 16);
}

/** Returns the instant of a datetime-local field; null if it has none. */
export function fromLocal(local: string): string | null {
  const moment = new Date(local);
  return local === "" || Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}

/** A due time: its instant, the offset of its zone in minutes, and its date and time of day there. */
export type DueTime = { instant: number; offset: number; text: string; clock: string; offsetText: string };
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** Reads a due time as the zone of its schedule shows it. */
export function readDue(text: string): DueTime {
  const [, time = "", sign = "", hours = "0", minutes = "0"] = /^([^.Z+]*?)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/.exec(text) ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  const [date = "", clock = ""] = time.split("T");
  const shown = clock.endsWith(":00") ? clock.slice(0, 5) : clock;
  return { instant: Date.parse(text), offset, text: `${DAY.format(Date.parse(date))}, ${shown}`, clock: clock.slice(0, 5), offsetText: sign ? `${sign}${hours}:${minutes}` : "UTC" };
}

/** Says how the clocks of a zone changed between two offsets in minutes; nothing if they did not. */
export function describeChange(before: number, after: number): string {
  const minutes = after - before;
  if (minutes === 0) return "";
  const size = Math.abs(minutes);
  const shown = size % 60 === 0 ? `${size / 60} h` : `${size} min`;
  return `Clocks go ${minutes > 0 ? "forward" : "back"} by ${shown}: ${showOffset(before)} becomes ${showOffset(after)}`;
}

/** Returns the offset of a zone at an instant in minutes; null for an unknown zone. */
export function offsetAt(instant: number, timeZone: string): number | null {
  try {
    const parts = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" }).formatToParts(instant);
    const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
    const [, sign = "+", hours = "0", minutes = "0"] = /^GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? [];
    return (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  } catch {
    return null;
  }
}

/** Writes an offset: "+01:00". */
export function showOffset(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${String(Math.floor(size / 60)).padStart(2, "0")}:${String(size % 60).padStart(2, "0")}`;
}
