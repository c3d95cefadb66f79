import type { Storage } from "@graphiql/toolkit";

const PREFIX = "graphiql:";
const LOOKS = new Set(["theme", "docExplorerFlex", "editorFlex", "secondaryEditorFlex"].map((name) => PREFIX + name));

/** GraphiQL's storage: its appearance is kept permanently, everything else for this tab only. Requests, variables and
 * history can contain passwords and tokens, which must not outlive the session. */
export const storage: Storage = {
  getItem: (key) => place(key).getItem(key),
  setItem: (key, value) => place(key).setItem(key, value),
  removeItem: (key) => place(key).removeItem(key),
  get length() {
    return keys(sessionStorage).length + keys(localStorage).length;
  },
  clear: () => {
    for (const where of [sessionStorage, localStorage]) keys(where).forEach((key) => where.removeItem(key));
  },
};

function place(key: string): globalThis.Storage {
  return LOOKS.has(key) ? localStorage : sessionStorage;
}

function keys(where: globalThis.Storage): string[] {
  return Object.keys(where).filter((key) => key.startsWith(PREFIX));
}
