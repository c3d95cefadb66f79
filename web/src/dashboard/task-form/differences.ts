// What differs between two forms, setting by setting. Pure.

import { fieldsOf, JOB_KINDS } from "./job-fields.ts";
import type { ScheduleForm, TaskForm } from "./model.ts";

export type Difference = { name: string; before: string; after: string };
const MAX_LENGTH = 120;

/** Returns the settings that differ, with what each form says. */
export function differences(before: TaskForm, after: TaskForm): Difference[] {
  const [one, other] = [describe(before), describe(after)];
  const names = [...new Set([...one.keys(), ...other.keys()])];
  return names.flatMap((name) => {
    const [said, says] = [one.get(name) ?? "", other.get(name) ?? ""];
    return said === says ? [] : [{ name, before: shorten(said), after: shorten(says) }];
  });
}

/** Returns what a form says, by the words of its labels. */
function describe(form: TaskForm): Map<string, string> {
  const { retry } = form;
  return new Map([
    ["Name", form.name],
    ["Tags", form.tags],
    ["Job", JOB_KINDS[form.kind].name],
    ...(form.kind === "http" ? describeHttp(form.http) : describeJob(form)),
    ["Schedule", describeSchedule(form.schedule)],
    ["Retries", [retry.kind, retry.maxRetries, retry.kind === "offsets" ? retry.offsets : "", ...(retry.kind === "backoff" ? [retry.initial, `× ${retry.factor}`, retry.max] : []), retry.statuses].filter(Boolean).join(", ")],
    ["Timeout", form.timeout],
    ["Overlap", form.overlap.toLowerCase()],
    ["Misfire", [form.misfirePolicy.toLowerCase(), form.misfireGrace, form.misfireMaxRuns].filter(Boolean).join(", ")],
    ["Queue", form.queue],
    ["Priority", form.priority],
    ["Tell me after", form.alertAfter],
    ["Tell me of missed runs", form.alertOnMissed ? "yes" : ""],
    ["Pause after", form.pauseAfter],
  ]);
}

function describeHttp(http: TaskForm["http"]): [string, string][] {
  const body = { none: "", json: http.json, text: http.text, form: http.fields.map(({ name, value }) => `${name}=${value}`).join("&") }[http.bodyKind];
  return [
    ["Request", `${http.method} ${http.url}`],
    ["Headers", http.headers.map(({ name, value, isSecret }) => `${name}: ${isSecret ? "***" : value}`).join(", ")],
    ["Authentication", http.auth === "none" ? "" : http.auth],
    ["Body", body],
    ["Callback", http.expectsCallback ? `within ${http.callbackWithin}` : ""],
    ["Timeout of connecting", http.connectTimeout],
  ];
}

function describeJob({ kind, jobs }: TaskForm): [string, string][] {
  return Object.entries(fieldsOf(kind)).map(([name, { label }]) => [label, jobs[kind]?.[name] ?? ""]);
}

function describeSchedule({ kind, at, interval, start, end, expression, timeZone }: ScheduleForm): string {
  if (kind === "cron") return `${expression}, ${timeZone}`;
  if (kind === "every") return [`every ${interval}`, start && `from ${start}`, end && `to ${end}`].filter(Boolean).join(" ");
  return kind === "at" ? `once at ${at}` : "now";
}

function shorten(text: string): string {
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 1)}…`;
}
