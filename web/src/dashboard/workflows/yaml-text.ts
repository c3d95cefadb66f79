// The YAML of a workflow while it is being written, when it may be incomplete. Pure.

import { type Document, parseDocument } from "yaml";

/** Parses a text as far as it goes. The server tells of its errors. */
export function parseText(text: string): Document.Parsed {
  return parseDocument(text, { uniqueKeys: false, logLevel: "silent" });
}

/** Returns a text as a value: null if an alias has no anchor. */
export function toValue(text: string): unknown {
  try {
    return parseText(text).toJS({ maxAliasCount: 100 });
  } catch {
    return null;
  }
}

/** Returns the name of the workflow; null if it has none yet. */
export function nameIn(text: string): string | null {
  const value = toValue(text) as { name?: unknown } | null;
  return typeof value?.name === "string" ? value.name : null;
}
