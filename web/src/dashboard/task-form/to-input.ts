// The form as the input of a mutation, and what cannot be sent. Pure.

import type { InputOf } from "./documents.ts";
import { readSeconds, toIso } from "./durations.ts";
import { readJson, tellFault } from "../json-text.ts";
import { hasReference, NOT_IN_BASIC } from "../secret-references.ts";
import { fieldsOf, type FieldSpec } from "./job-fields.ts";
import type { FieldRow, HttpForm, RetryForm, ScheduleForm, TaskForm } from "./model.ts";
import { fromLocal } from "./moments.ts";

export type InputError = { field: string[]; message: string };
type Create = InputOf<"CreateTaskInput">;
/** All settings of a task; null is the default. */
export type Settings = Required<Omit<Create, "idempotencyKey" | "ifPast">>;
export type Read<Value> = { value: Value; errors: InputError[] };

/** Reads the whole form. */
export function readForm(form: TaskForm): Read<Settings> {
  const read = new Reader();
  const value: Settings = {
    name: read.name(form.name),
    description: form.description,
    uniqueName: form.uniqueName,
    tags: list(form.tags, /[,\n]/),
    job: read.job(form),
    schedule: read.schedule(form.schedule),
    retry: read.retry(form.retry),
    timeout: read.duration("timeout", form.timeout),
    overlap: form.overlap as Create["overlap"] & string,
    misfire: read.misfire(form),
    queue: form.queue.trim() || null,
    priority: read.number("priority", form.priority),
    alertAfter: read.number("alertAfter", form.alertAfter),
    alertOnMissed: form.alertOnMissed,
    pauseAfter: read.number("pauseAfter", form.pauseAfter),
  };
  return { value, errors: read.errors };
}

/** Reads the job and what else a trial needs. */
export function readTrial(form: TaskForm): Read<{ job: Settings["job"]; timeout: string | null }> {
  const read = new Reader();
  return { value: { job: read.job(form), timeout: read.duration("timeout", form.timeout) }, errors: read.errors };
}

/** Reads what the preview shows. */
export function readPreview(form: TaskForm): Read<{ schedule: Settings["schedule"]; retry: Settings["retry"] }> {
  const read = new Reader();
  return { value: { schedule: read.schedule(form.schedule), retry: read.retry(form.retry) }, errors: read.errors };
}

/** Returns the settings that differ from those of `base`. */
export function changedSettings(settings: Settings, base: Settings): Partial<Settings> {
  const differs = ([name, value]: [string, unknown]): boolean => JSON.stringify(value) !== JSON.stringify(base[name as keyof Settings]);
  return Object.fromEntries(Object.entries(settings).filter(differs));
}

class Reader {
  readonly errors: InputError[] = [];

  #refuse(path: string, message: string): void {
    this.errors.push({ field: path.split("."), message });
  }

  name(text: string): string {
    if (text.trim() === "") this.#refuse("name", "Give the task a name.");
    return text.trim();
  }

  duration(path: string, text: string): string | null {
    if (text.trim() === "") return null;
    const seconds = readSeconds(text);
    if (seconds === null) this.#refuse(path, "Write a duration such as 30 s, 5 min, 1 h 30 min or 2 d.");
    return seconds === null ? null : toIso(seconds);
  }

  number(path: string, text: string, isWhole = true): number | null {
    if (text.trim() === "") return null;
    const value = Number(text);
    if (Number.isFinite(value) && (!isWhole || (Number.isInteger(value) && Math.abs(value) < 2 ** 31))) return value;
    this.#refuse(path, isWhole ? "Write a whole number." : "Write a number.");
    return null;
  }

  json(path: string, text: string): unknown {
    const { value, fault } = readJson(text);
    if (fault) this.#refuse(path, `This is not valid JSON. ${tellFault(fault)}`);
    return value;
  }

  job(form: TaskForm): Settings["job"] {
    const { kind } = form;
    if (kind === "http") return { http: this.#http(form.http) } as Settings["job"];
    return { [kind]: this.#fields(kind, form.jobs[kind] ?? {}, fieldsOf(kind)) } as Settings["job"];
  }

  #http(http: HttpForm): InputOf<"HttpJobInput"> {
    const path = "job.http";
    const { headers, secretHeaders } = this.#headers(http);
    const connectTimeout = this.duration(`${path}.connectTimeout`, http.connectTimeout);
    const within = http.expectsCallback ? this.duration(`${path}.expectCallback.within`, http.callbackWithin) : null;
    if (http.expectsCallback && within === null && http.callbackWithin.trim() === "") this.#refuse(`${path}.expectCallback.within`, "Give a time.");
    if (http.url.trim() === "") this.#refuse(`${path}.url`, "Give the URL to call.");
    return {
      url: http.url.trim(),
      method: http.method as NonNullable<InputOf<"HttpJobInput">["method"]>,
      headers,
      ...(secretHeaders.length > 0 && { secretHeaders }),
      ...this.#body(http),
      ...this.#token(http),
      ...(connectTimeout && { connectTimeout }),
      ...(within && { expectCallback: { within } }),
    };
  }

  #headers({ headers, auth, user, password }: HttpForm): { headers: Record<string, string | null>; secretHeaders: string[] } {
    const rows = headers.filter(({ name, value }) => name.trim() !== "" || value !== "");
    if (rows.some(({ name }) => name.trim() === "")) this.#refuse("job.http.headers", "A header has no name.");
    const names = rows.map(({ name }) => name.trim().toLowerCase());
    if (new Set(names).size < names.length) this.#refuse("job.http.headers", "A header is given twice.");
    if (auth === "basic" && hasReference(user + password)) this.#refuse("job.http.password", NOT_IN_BASIC);
    const basic = auth === "basic" ? [["Authorization", `Basic ${base64(`${user}:${password}`)}`]] : [];
    const given = rows.map(({ name, value, isKept }) => [name.trim(), isKept && value === "" ? null : value]);
    return {
      headers: Object.fromEntries([...given, ...basic]) as Record<string, string | null>,
      secretHeaders: rows.flatMap(({ name, isSecret }) => (isSecret ? [name.trim()] : [])),
    };
  }

  #token({ auth, token, hasToken }: HttpForm): { token?: string } {
    if (auth === "bearer" && token === "" && !hasToken) this.#refuse("job.http.token", "Give the token.");
    if (auth === "bearer") return token === "" ? {} : { token };
    return hasToken ? { token: "" } : {};
  }

  #body({ bodyKind, json, text, fields }: HttpForm): Partial<InputOf<"HttpJobInput">> {
    if (bodyKind === "json") return { body: this.json("job.http.body", json) };
    if (bodyKind === "text") return { bodyText: text };
    return bodyKind === "form" ? { bodyForm: groupFields(fields) } : {};
  }

  #fields(kind: string, texts: Readonly<Record<string, string>>, specs: Record<string, FieldSpec>): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    for (const [name, spec] of Object.entries(specs)) {
      const text = texts[name] ?? "";
      const value = this.#value(`job.${kind}.${name}`, text, spec);
      if (spec.isRequired && text.trim() === "") this.#refuse(`job.${kind}.${name}`, `${spec.label} is required.`);
      const [first = "", second] = name.split(".");
      if (value === null || value === undefined) continue;
      if (second === undefined) found[first] = value;
      else found[first] = { ...(found[first] as object | undefined), [second]: value };
    }
    return found;
  }

  #value(path: string, text: string, { as }: FieldSpec): unknown {
    if (as === "check") return text === "true";
    if (as === "list") return text.trim() === "" ? null : list(text, /[\n,;]/);
    if (as === "duration") return this.duration(path, text);
    if (as === "moment") return fromLocal(text);
    if (as === "number") return this.number(path, text, false);
    if (as === "json") return text.trim() === "" ? null : this.json(path, text);
    return text === "" ? null : text;
  }

  schedule(form: ScheduleForm): Settings["schedule"] {
    if (form.kind === "now") return { now: true };
    if (form.kind === "cron") return { cron: { expression: form.expression.trim(), timeZone: form.timeZone.trim() || "UTC" } };
    if (form.kind === "at") {
      const at = fromLocal(form.at);
      if (at === null) this.#refuse("schedule.at", "Give the date and time.");
      return { at: at ?? "" };
    }
    const interval = this.duration("schedule.every.interval", form.interval);
    if (form.interval.trim() === "") this.#refuse("schedule.every.interval", "Give the interval, such as 15 min.");
    const [start, end] = [fromLocal(form.start), fromLocal(form.end)];
    return { every: { interval: interval ?? "", ...(start && { start }), ...(end && { end }) } };
  }

  retry(form: RetryForm): Settings["retry"] {
    const statuses = this.#statuses(form.statuses);
    if (form.kind === "none") return { maxRetries: 0 };
    const maxRetries = this.number("retry.maxRetries", form.maxRetries);
    const shared = { ...(maxRetries !== null && { maxRetries }), ...(statuses.length > 0 && { statuses }) };
    if (form.kind === "default") return Object.keys(shared).length > 0 ? shared : null;
    return form.kind === "offsets" ? { ...shared, offsets: this.#offsets(form.offsets) } : { ...shared, backoff: this.#backoff(form) };
  }

  #offsets(text: string): string[] {
    const offsets = list(text, /[,;\n]/).map((each) => this.duration("retry.offsets", each) ?? "");
    if (offsets.length === 0) this.#refuse("retry.offsets", "Give at least one wait, such as 1 min.");
    return offsets;
  }

  #backoff({ initial, factor, max, jitter }: RetryForm): InputOf<"BackoffInput"> {
    const first = this.duration("retry.backoff.initial", initial);
    if (initial.trim() === "") this.#refuse("retry.backoff.initial", "Give the first wait, such as 10 s.");
    const longest = this.duration("retry.backoff.max", max);
    return {
      initial: first ?? "",
      factor: this.number("retry.backoff.factor", factor, false) ?? 2,
      jitter: this.number("retry.backoff.jitter", jitter, false) ?? 0,
      ...(longest && { max: longest }),
    };
  }

  #statuses(text: string): number[] {
    return list(text, /[,;\s]/).flatMap((each) => this.number("retry.statuses", each) ?? []);
  }

  misfire({ misfirePolicy, misfireGrace, misfireMaxRuns }: TaskForm): Settings["misfire"] {
    const grace = this.duration("misfire.grace", misfireGrace);
    const maxRuns = this.number("misfire.maxRuns", misfirePolicy === "RUN_ALL" ? misfireMaxRuns : "");
    if (misfirePolicy === "RUN_ONCE" && grace === null && maxRuns === null) return null;
    const policy = misfirePolicy as NonNullable<InputOf<"MisfireInput">["policy"]>;
    return { policy, ...(grace && { grace }), ...(maxRuns !== null && { maxRuns }) };
  }
}

function list(text: string, separator: RegExp): string[] {
  return text.split(separator).map((each) => each.trim()).filter(Boolean);
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** Returns an object of values by name, with lists for names that are given several times. */
function groupFields(rows: readonly FieldRow[]): Record<string, string | string[]> {
  const found = new Map<string, string[]>();
  for (const { name, value } of rows) if (name !== "" || value !== "") found.set(name, [...(found.get(name) ?? []), value]);
  return Object.fromEntries([...found].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? "") : values]));
}
