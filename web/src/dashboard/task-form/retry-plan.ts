// Where retries stand on a line of time. Pure.

/** A moment on the line: `place` is 0 to 1, `at` the seconds from the due time. */
export type Point = { at: number; place: number; isLabelled: boolean; isOvertaken: boolean };
export type RetryPlan = { points: Point[]; nextDue: Point | null; isLogarithmic: boolean };

const LINEAR_UP_TO = 40;
const LABEL_DISTANCE = 0.09;

/** Places the first attempt, its retries, and the next due time after `gap` seconds: null if none follows. */
export function planRetries(waits: readonly number[], gap: number | null): RetryPlan {
  const times = waits.reduce<number[]>((sums, wait) => [...sums, (sums.at(-1) ?? 0) + wait], [0]);
  const last = times.at(-1) ?? 0;
  const end = Math.max(last, gap ?? 0) || 1;
  const shortest = Math.min(...waits.filter((wait) => wait > 0), end);
  const isLogarithmic = end / shortest > LINEAR_UP_TO;
  const place = (at: number): number => (isLogarithmic ? Math.log1p(at / shortest) / Math.log1p(end / shortest) : at / end);
  let labelled = -1;
  const points = times.map((at, index) => {
    const isLabelled = index === 0 || place(at) - labelled >= LABEL_DISTANCE;
    if (isLabelled) labelled = place(at);
    return { at, place: place(at), isLabelled, isOvertaken: gap !== null && at >= gap };
  });
  const nextDue = gap === null ? null : { at: gap, place: place(gap), isLabelled: true, isOvertaken: false };
  return { points, nextDue, isLogarithmic };
}
