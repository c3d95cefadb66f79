import type { Storage } from "@graphiql/toolkit";

const PREFIX = "graphiql:";
const LOOKS = new Set(["theme", "docExplorerFlex", "editorFlex", "secondaryEditorFlex"].map((name) => PREFIX + name));

/** Where GraphiQL keeps things: how it looks for good, but what was written only for this tab. Requests, variables and
 * history may hold passwords and tokens, which must not outlive the session. */
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
