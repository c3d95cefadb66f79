// Forms that were not saved, kept for this tab: without secrets, and for the user who wrote them.

import { session } from "../client.ts";
import { type TaskForm, withoutSecrets } from "./model.ts";

/** What a form says when nothing is changed, and the version of the task that says so; null for a new task. */
export type Base = { form: TaskForm; version: number | null };
export type Draft = { form: TaskForm; base: Base; savedAt: number };

function keyOf(task: string): string {
  return `tocsin:draft:${session.current()?.user.email ?? ""}:${task}`;
}

/** Returns the draft of a task (`new` for a new one); null if there is none. */
export function readDraft(task: string): Draft | null {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(task)) ?? "null") as Draft | null;
  } catch {
    return null;
  }
}

export function writeDraft(task: string, form: TaskForm, base: Base): void {
  const draft: Draft = { form: withoutSecrets(form), base, savedAt: Date.now() };
  try {
    sessionStorage.setItem(keyOf(task), JSON.stringify(draft));
  } catch {
    // The storage is full. The form goes on without.
  }
}

export function forgetDraft(task: string): void {
  sessionStorage.removeItem(keyOf(task));
}
