// A request that was imported, as the form of a new task. It is handed over in memory, since it can contain secrets.

import type { ImportedRequest } from "../imports/request.ts";
import { nameOf } from "../imports/crontab.ts";
import { showSeconds } from "./durations.ts";
import { EMPTY_HTTP, emptyForm, type TaskForm } from "./model.ts";

export type Imported = { form: TaskForm; notes: readonly string[] };
let handedOver: Imported | null = null;

/** Keeps an imported form until the page of a new task takes it. */
export function handOver(imported: Imported): void {
  handedOver = imported;
}

/** Returns what was imported last; null if nothing was, or it was taken. */
export function takeImported(): Imported | null {
  const imported = handedOver;
  handedOver = null;
  return imported;
}

/** Returns the form of a task that sends an imported request. */
export function formOfRequest(request: ImportedRequest, more: Partial<TaskForm> = {}): TaskForm {
  const { authorization, body, timeout, connectTimeout } = request;
  return {
    ...emptyForm(),
    name: nameOf(request).slice(0, 200),
    timeout: timeout === undefined ? "" : showSeconds(timeout),
    http: {
      ...EMPTY_HTTP,
      method: request.method,
      url: request.url,
      headers: request.headers.map(({ name, value }) => ({ name, value, isSecret: /^(?:authorization|cookie|.*(?:token|key|secret).*)$/i.test(name), isKept: false })),
      auth: authorization.kind,
      token: authorization.kind === "bearer" ? authorization.token : "",
      user: authorization.kind === "basic" ? authorization.user : "",
      password: authorization.kind === "basic" ? authorization.password : "",
      bodyKind: body.kind,
      json: body.kind === "json" ? body.text : "",
      text: body.kind === "text" ? body.text : "",
      fields: body.fields,
      connectTimeout: connectTimeout === undefined ? "" : showSeconds(connectTimeout),
    },
    ...more,
  };
}
