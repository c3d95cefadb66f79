// The state of the task form: texts as they are typed. Pure.

import { EXAMPLE } from "../example-task.ts";
import { showIso } from "./durations.ts";
import { fieldsOf, JOB_KINDS, type JobKind } from "./job-fields.ts";
import { BROWSER_ZONE } from "./moments.ts";

/** `isKept` is true for a secret that is stored: an empty value keeps it. */
export type HeaderRow = { name: string; value: string; isSecret: boolean; isKept: boolean };
export type FieldRow = { name: string; value: string };
export type BodyKind = "none" | "json" | "text" | "form";
export type HttpForm = {
  method: string;
  url: string;
  headers: readonly HeaderRow[];
  auth: "none" | "bearer" | "basic";
  token: string;
  hasToken: boolean;
  user: string;
  password: string;
  bodyKind: BodyKind;
  json: string;
  text: string;
  fields: readonly FieldRow[];
  connectTimeout: string;
  expectsCallback: boolean;
  callbackWithin: string;
};
export type ScheduleForm = {
  kind: "now" | "at" | "every" | "cron";
  at: string;
  interval: string;
  start: string;
  end: string;
  expression: string;
  timeZone: string;
};
export type RetryForm = {
  kind: "default" | "none" | "offsets" | "backoff";
  maxRetries: string;
  offsets: string;
  initial: string;
  factor: string;
  max: string;
  jitter: string;
  statuses: string;
};
export type TaskForm = {
  name: string;
  description: string;
  uniqueName: boolean;
  tags: string;
  kind: JobKind;
  http: HttpForm;
  jobs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  schedule: ScheduleForm;
  retry: RetryForm;
  timeout: string;
  overlap: string;
  misfirePolicy: string;
  misfireGrace: string;
  misfireMaxRuns: string;
  queue: string;
  priority: string;
  alertAfter: string;
  alertOnMissed: boolean;
  pauseAfter: string;
};
/** Changes some fields of the form. */
export type Change = (changes: Partial<TaskForm>) => void;

export const EMPTY_HTTP: HttpForm = {
  method: "GET",
  url: "",
  headers: [],
  auth: "none",
  token: "",
  hasToken: false,
  user: "",
  password: "",
  bodyKind: "none",
  json: "",
  text: "",
  fields: [],
  connectTimeout: "",
  expectsCallback: false,
  callbackWithin: "1 h",
};

/** Returns the form of a new task. */
export function emptyForm(): TaskForm {
  return {
    name: "",
    description: "",
    uniqueName: false,
    tags: "",
    kind: "http",
    http: EMPTY_HTTP,
    jobs: Object.fromEntries(Object.keys(JOB_KINDS).map((kind) => [kind, emptyFields(kind as JobKind)])),
    schedule: { kind: "cron", at: "", interval: "1 h", start: "", end: "", expression: "0 9 * * 1-5", timeZone: BROWSER_ZONE },
    retry: { kind: "default", maxRetries: "", offsets: "1 min, 10 min, 1 h", initial: "10 s", factor: "2", max: "", jitter: "0", statuses: "" },
    timeout: "",
    overlap: "SKIP",
    misfirePolicy: "RUN_ONCE",
    misfireGrace: "",
    misfireMaxRuns: "",
    queue: "",
    priority: "",
    alertAfter: "",
    alertOnMissed: false,
    pauseAfter: "",
  };
}

/** Returns the form of a task to begin with. */
export function exampleForm(): TaskForm {
  const { name, tags, job, schedule } = EXAMPLE;
  const empty = emptyForm();
  const every = { ...empty.schedule, kind: "every" as const, interval: showIso(schedule.every.interval) };
  return { ...empty, name, tags: tags.join(", "), http: { ...EMPTY_HTTP, url: job.http.url }, schedule: every };
}

function emptyFields(kind: JobKind): Record<string, string> {
  return Object.fromEntries(Object.entries(fieldsOf(kind)).map(([name, { choices }]) => [name, choices?.[0] ?? ""]));
}

/** Returns the form without secrets, which are not kept in the browser. */
export function withoutSecrets(form: TaskForm): TaskForm {
  const headers = form.http.headers.map((row) => (row.isSecret ? { ...row, value: "" } : row));
  return { ...form, http: { ...form.http, headers, token: "", password: "" } };
}

/** Tells whether two forms say the same. */
export function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Takes the changes that others made to `base` into `mine`. What both changed stays as in `mine`. */
export function rebase<Value>(mine: Value, base: Value, theirs: Value): Value {
  if (isSame(mine, base)) return theirs;
  if (!isGroup(mine) || !isGroup(base) || !isGroup(theirs)) return mine;
  const names = Object.keys({ ...theirs, ...mine });
  return Object.fromEntries(names.map((name) => [name, rebase(mine[name], base[name], theirs[name])])) as Value;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
