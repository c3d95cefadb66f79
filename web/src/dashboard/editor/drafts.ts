// Texts that are not saved yet: kept in sessionStorage, for this tab only, so that no accident loses them.

export type Draft = { text: string; version: number; at: number };

const PREFIX = "tocsin:draft:";

/** Returns the draft of this name; null if there is none. */
export function readDraft(name: string): Draft | null {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + name) ?? "null") as Draft | null;
  } catch {
    return null;
  }
}

/** Keeps a draft, or nothing more of that name. */
export function keepDraft(name: string, draft: Draft | null): void {
  try {
    if (draft === null) sessionStorage.removeItem(PREFIX + name);
    else sessionStorage.setItem(PREFIX + name, JSON.stringify(draft));
  } catch {
    // the storage is full: the text is still in the editor
  }
}
