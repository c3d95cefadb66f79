// A stored task as the state of the form. Pure.

import type { StoredTask } from "./documents.ts";
import { showIso } from "./durations.ts";
import { fieldsOf, type FieldSpec, type JobKind } from "./job-fields.ts";
import { EMPTY_HTTP, emptyForm, type FieldRow, type HttpForm, type RetryForm, type ScheduleForm, type TaskForm } from "./model.ts";
import { toLocal } from "./moments.ts";

type Job = StoredTask["job"];
type StoredHttp = Extract<Job, { __typename: "HttpJob" }>;
const TYPES = { HttpJob: "http", EmailJob: "email", ReportJob: "report", PolygonAreaJob: "polygonArea", CountryLookupJob: "countryLookup", CustomJob: "custom" } as const;

/** Returns the form of a task. Secrets are not known; they are marked as kept. */
export function formOf(task: StoredTask): TaskForm {
  const empty = emptyForm();
  const { job, misfire } = task;
  const kind: JobKind = TYPES[job.__typename];
  return {
    name: task.name,
    tags: task.tags.join(", "),
    kind,
    http: job.__typename === "HttpJob" ? httpOf(job) : EMPTY_HTTP,
    jobs: { ...empty.jobs, [kind]: { ...empty.jobs[kind], ...fieldsFrom(kind, paramsOf(job)) } },
    schedule: scheduleOf(task.schedule, empty.schedule),
    retry: retryOf(task.retry, empty.retry),
    timeout: task.timeoutIsDefault ? "" : showIso(task.timeout),
    overlap: task.overlap,
    misfirePolicy: misfire.policy,
    misfireGrace: misfire.grace === "PT1M" ? "" : showIso(misfire.grace),
    misfireMaxRuns: misfire.maxRuns === 100 ? "" : String(misfire.maxRuns),
    queue: task.queue === "default" ? "" : task.queue,
    priority: task.priority === 0 ? "" : String(task.priority),
    alertAfter: task.alertAfter === 1 ? "" : String(task.alertAfter),
    alertOnMissed: task.alertOnMissed,
    pauseAfter: task.pauseAfter === null ? "" : String(task.pauseAfter),
  };
}

function httpOf(job: StoredHttp): HttpForm {
  const bodyKind = job.body !== null ? "json" : job.bodyForm !== null ? "form" : job.bodyText !== null ? "text" : "none";
  return {
    ...EMPTY_HTTP,
    method: job.method,
    url: job.url,
    headers: [
      ...job.headers.map(({ name, value }) => ({ name, value, isSecret: false, isKept: false })),
      ...job.secretHeaders.map((name) => ({ name, value: "", isSecret: true, isKept: true })),
    ],
    auth: job.hasToken ? "bearer" : "none",
    hasToken: job.hasToken,
    bodyKind,
    json: bodyKind === "json" ? JSON.stringify(job.body, null, 2) : "",
    text: job.bodyText ?? "",
    fields: bodyKind === "form" ? rowsOf(job.bodyForm) : [],
    connectTimeout: showIso(job.connectTimeout),
    expectsCallback: job.expectCallback !== null,
    callbackWithin: job.expectCallback ? showIso(job.expectCallback.within) : EMPTY_HTTP.callbackWithin,
  };
}

function rowsOf(form: unknown): FieldRow[] {
  return Object.entries(form as Record<string, unknown>).flatMap(([name, given]) =>
    (Array.isArray(given) ? given : [given]).map((value) => ({ name, value: String(value) })),
  );
}

/** Returns the parameters of a job by the names of its input. */
function paramsOf(job: Job): Record<string, unknown> {
  switch (job.__typename) {
    case "EmailJob":
      return { to: job.to, subject: job.subject, body: job.text, attachments: isEmpty(job.attachments) ? null : job.attachments };
    case "PolygonAreaJob":
      return { geojson: job.geojson, repair: job.repair };
    case "CountryLookupJob":
      return { geojson: job.geometry, repair: job.repair };
    case "ReportJob":
      return job.params as Record<string, unknown>;
    case "CustomJob":
      return { type: job.kind, params: job.params };
    case "HttpJob":
      return {};
  }
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function fieldsFrom(kind: JobKind, params: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fieldsOf(kind)).map(([path, spec]) => [path, showValue(path.split(".").reduce<unknown>(member, params), spec)]),
  );
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function showValue(value: unknown, { as, choices }: FieldSpec): string {
  if (value === null || value === undefined) return choices?.[0] ?? "";
  if (as === "json") return JSON.stringify(value, null, 2);
  if (as === "list") return (value as string[]).join("\n");
  if (as === "check") return value ? "true" : "";
  if (as === "duration") return showIso(String(value));
  if (as === "moment") return toLocal(String(value));
  return as === "choice" ? String(value).toUpperCase() : String(value);
}

function scheduleOf(schedule: StoredTask["schedule"], empty: ScheduleForm): ScheduleForm {
  switch (schedule.__typename) {
    case "OnceSchedule":
      return { ...empty, kind: "at", at: toLocal(schedule.at) };
    case "IntervalSchedule":
      return { ...empty, kind: "every", interval: showIso(schedule.interval), start: toLocal(schedule.start), end: toLocal(schedule.end) };
    case "CronSchedule":
      return { ...empty, kind: "cron", expression: schedule.expression, timeZone: schedule.timeZone };
  }
}

function retryOf(retry: StoredTask["retry"], empty: RetryForm): RetryForm {
  const { isDefault, maxRetries, offsets, backoff, statuses } = retry;
  if (isDefault) return empty;
  const shared = { ...empty, maxRetries: String(maxRetries), statuses: statuses?.join(", ") ?? "" };
  if (maxRetries === 0) return { ...shared, kind: "none", maxRetries: "" };
  if (backoff === null) {
    return { ...shared, kind: "offsets", maxRetries: maxRetries === offsets.length ? "" : shared.maxRetries, offsets: offsets.map(showIso).join(", ") };
  }
  return {
    ...shared,
    kind: "backoff",
    initial: showIso(backoff.initial),
    factor: String(backoff.factor),
    max: showIso(backoff.max),
    jitter: String(backoff.jitter),
  };
}
