// ISO 8601 durations, as the API writes them, for people.

const PARTS = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/;
const UNITS = ["d", "h", "min", "s"];

/** Formats a duration, such as "1 h 30 min" for "PT1H30M". Others are shown as they are. */
export function formatIsoDuration(duration: string): string {
  const found = PARTS.exec(duration);
  if (found === null) return duration;
  const parts = UNITS.flatMap((unit, place) => (Number(found[place + 1] ?? 0) ? [`${Number(found[place + 1])} ${unit}`] : []));
  return parts.join(" ") || "0 s";
}
