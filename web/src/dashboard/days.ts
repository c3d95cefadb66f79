// Days that the address names, such as `from=2026-11-30`, in the browser's time zone. Pure.

/** Returns the day with this name in the address; an empty text if there is none, or it is no day. */
export function readDay(filters: URLSearchParams, name: string): string {
  const day = filters.get(name) ?? "";
  return startOfDay(day) === null ? "" : day;
}

/** Returns the instant at which a day begins, or the one so many days later; null for what is no day. */
export function startOfDay(day: string, later = 0): string | null {
  const [year, month, date] = /^([1-9]\d{3})-(\d\d)-(\d\d)$/.exec(day)?.slice(1).map(Number) ?? [];
  if (year === undefined || month === undefined || date === undefined) return null;
  const isThere = new Date(Date.UTC(year, month - 1, date)).toISOString().startsWith(day);
  return isThere ? new Date(year, month - 1, date + later).toISOString() : null;
}
