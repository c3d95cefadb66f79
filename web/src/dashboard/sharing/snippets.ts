// Texts to copy: a badge for a README, and a call of a trigger URL.

import type { InputSpec } from "../workflows/definition.ts";

const EXAMPLES: Record<string, unknown> = { string: "…", integer: 1, number: 1.5, boolean: true, array: [], object: {}, any: "…" };

/** Returns the badge in Markdown, as a link to the status page. */
export function badgeMarkdown(title: string, badgeUrl: string, url: string): string {
  return `[![${title.replace(/[[\]\\]/g, "\\$&")}](${badgeUrl})](${url})`;
}

/** Returns a call of a trigger URL. `inputs` are those of a workflow that takes them from the body. */
export function curlCall(url: string, inputs: readonly InputSpec[], takesRequest: boolean): string {
  const shown = inputs.filter(({ isRequired }) => isRequired);
  const named = shown.length > 0 ? shown : inputs.slice(0, 1);
  if (takesRequest) return `curl '${url}' --json '{"any": "JSON"}'`;
  if (named.length === 0) return `curl -X POST '${url}'`;
  const body = Object.fromEntries(named.map(({ name, type }) => [name, EXAMPLES[type] ?? "…"]));
  return `curl '${url}' --json '${JSON.stringify(body).replaceAll("'", "\\u0027")}'`;
}
