import { signal } from "@preact/signals";
import type { JSX } from "preact";

import { formatExact, formatMoment, formatRelative } from "../format.ts";

/** The present, which moves on once a second while the page is seen. */
export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1000);
document.addEventListener("visibilitychange", () => (now.value = Date.now()));

type Props = { at: string; as?: "relative" | "moment" };

/** A time, relative to now or of the day, with the exact instant on hover. */
export function Time({ at, as = "relative" }: Props): JSX.Element {
  const moment = Date.parse(at);
  const text = as === "relative" ? formatRelative(moment, now.value) : formatMoment(moment, now.value);
  return (
    <time dateTime={at} title={formatExact(moment)}>
      {text}
    </time>
  );
}
