// Forms that were not saved, kept for this tab: without secrets, and for the user who wrote them.

import { userEmail } from "../client.ts";
import * as drafts from "../drafts.ts";
import { type TaskForm, withoutSecrets } from "./model.ts";

/** What a form says when nothing is changed, and the version of the task that says so; null for a new task. */
export type Base = { form: TaskForm; version: number | null };
export type Draft = { form: TaskForm; base: Base; savedAt: number };

function nameOf(task: string): string {
  return `${userEmail.value}:task:${task}`;
}

/** Returns the draft of a task (`new` for a new one); null if there is none. */
export function readDraft(task: string): Draft | null {
  return drafts.readDraft<Draft>(nameOf(task));
}

export function writeDraft(task: string, form: TaskForm, base: Base): void {
  const draft: Draft = { form: withoutSecrets(form), base, savedAt: Date.now() };
  drafts.keepDraft(nameOf(task), draft);
}

export function forgetDraft(task: string): void {
  drafts.keepDraft(nameOf(task), null);
}
