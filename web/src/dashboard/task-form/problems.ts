// Errors of the server at the fields of the form. Pure.

import { type Problems, toProblems } from "../ui/form.tsx";

type UserError = { field?: readonly string[] | null; message: string };
const FIELDS: ReadonlySet<string> = new Set([
  ..."name tags timeout queue priority overlap alertAfter alertOnMissed pauseAfter".split(" "),
  ..."misfire.policy misfire.grace misfire.maxRuns".split(" "),
  ..."schedule.at schedule.every.interval schedule.every.start schedule.every.end schedule.cron.expression schedule.cron.timeZone".split(" "),
  ..."retry.maxRetries retry.offsets retry.statuses retry.backoff.initial retry.backoff.factor retry.backoff.max retry.backoff.jitter".split(" "),
  ..."method url headers token user password body bodyText bodyForm connectTimeout expectCallback.within".split(" ").map((name) => `job.http.${name}`),
]);

/** Returns the problems at the fields that the form has: a path below a field belongs to it. */
export function placeProblems(errors: readonly UserError[]): Problems {
  return toProblems(errors.map(({ field, message }) => (field ? { field: nearest(field), message } : { message })));
}

/** Adds the error that the preview found, unless the field has one already. */
export function withError(problems: Problems, error: { field: readonly string[]; message: string } | null): Problems {
  const path = error && nearest(error.field).join(".");
  if (!error || !path || problems.fields.has(path)) return problems;
  return { ...problems, fields: new Map([...problems.fields, [path, error.message]]) };
}

function nearest(field: readonly string[]): string[] {
  for (let length = field.length; length > 0; length--) {
    const path = field.slice(0, length);
    if (FIELDS.has(path.join("."))) return path;
  }
  return [...field];
}
