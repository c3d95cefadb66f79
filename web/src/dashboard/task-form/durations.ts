// Durations as people write them, such as "1 h 30 min", and as the API does: "PT1H30M". Pure.

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, sec: 1, second: 1, min: 60, m: 60, minute: 60, h: 3600, hour: 3600, d: 86_400, day: 86_400, w: 604_800, week: 604_800 };
const PART = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*,?/i;
const ISO = /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i;
const ISO_SECONDS = [604_800, 86_400, 3600, 60, 1];

/** Returns the seconds of a duration in either way; null if it is none. */
export function readSeconds(text: string): number | null {
  const iso = ISO.exec(text.trim());
  if (iso && /\d/.test(text)) return round(ISO_SECONDS.reduce((sum, size, at) => sum + Number(iso[at + 1] ?? 0) * size, 0));
  let rest = text.trim();
  let sum = 0;
  while (rest !== "") {
    const [whole = "", count = "", unit = ""] = PART.exec(rest) ?? [];
    const size = UNITS[unit.toLowerCase()] ?? UNITS[unit.toLowerCase().replace(/s$/, "")];
    if (size === undefined) return null;
    sum += Number(count) * size;
    rest = rest.slice(whole.length).trim();
  }
  return text.trim() === "" ? null : round(sum);
}

/** Returns a duration for the API. */
export function toIso(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = round(seconds % 60);
  const date = days ? `${days}D` : "";
  const time = [hours && `${hours}H`, minutes && `${minutes}M`, rest && `${rest}S`].filter(Boolean).join("");
  return date || time ? `P${date}${time && `T${time}`}` : "PT0S";
}

/** Returns a duration of the API for people, without loss. */
export function showIso(iso: string | null | undefined): string {
  const seconds = iso ? readSeconds(iso) : null;
  return seconds === null ? (iso ?? "") : showSeconds(seconds);
}

/** Returns seconds for people, without loss: "1 h 30 min". */
export function showSeconds(seconds: number): string {
  if (seconds === 0) return "0 s";
  if (seconds < 1) return `${round(seconds * 1000)} ms`;
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor((seconds % 86_400) / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "min"],
    [round(seconds % 60), "s"],
  ] as const;
  return parts.flatMap(([count, unit]) => (count ? [`${count} ${unit}`] : [])).join(" ");
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
