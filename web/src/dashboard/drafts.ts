// What is not saved yet: kept in sessionStorage, for this tab only, so that no accident loses it. Signing out does.

const PREFIX = "tocsin:draft:";

/** Returns the draft of this name; null if there is none. */
export function readDraft<Draft extends object>(name: string): Draft | null {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + name) ?? "null") as Draft | null;
  } catch {
    return null;
  }
}

/** Keeps a draft, or nothing more of that name. */
export function keepDraft(name: string, draft: object | null): void {
  try {
    if (draft === null) sessionStorage.removeItem(PREFIX + name);
    else sessionStorage.setItem(PREFIX + name, JSON.stringify(draft));
  } catch {
    // The storage is full. It is still on the page.
  }
}

/** Forgets all drafts: somebody else may use this tab next. */
export function forgetDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}
