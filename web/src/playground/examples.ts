// The requests in docs/examples, included when the pages are built.

import fixed from "../../../docs/examples/variables.json";

const DIRECTORY = "../../../docs/examples/";
const PLACEHOLDER = /\{\{(\w+)\}\}/g;
const texts = import.meta.glob<string>("../../../docs/examples/*.graphql", {
  query: "?raw",
  import: "default",
  eager: true,
});
const inputs = import.meta.glob<string>("../../../docs/examples/[0-9]*.json", {
  query: "?raw",
  import: "default",
  eager: true,
});

export type Example = { name: string; title: string; about: string; query: string; variables: string };
type Kept = { name: string; path: string[] };

/** All examples, in the order in which they build on each other. */
export const EXAMPLES: Example[] = Object.entries(texts)
  .sort(([a], [b]) => a.localeCompare(b))
  .map(([path, query]) => read(path.slice(DIRECTORY.length, -".graphql".length), query));

const values: Record<string, string> = { ...fixed, baseUrl: new URL(".", location.href).href.slice(0, -1) };
const watched: Kept[] = Object.values(texts).flatMap(kept);

function read(name: string, query: string): Example {
  const comments = head(query).filter((line) => !/^(Keeps|Waits): /.test(line));
  const variables = inputs[`${DIRECTORY}${name}.json`] ?? "";
  return { name, title: comments[0] ?? name, about: comments.slice(1).join(" "), query, variables };
}

/** Returns the leading comments of an example. */
function head(query: string): string[] {
  const lines = query.split("\n");
  return lines.slice(0, lines.findIndex((line) => !line.startsWith("# "))).map((line) => line.slice(2));
}

/** Returns the titles of the examples that must be sent first, to get the missing ids of this text. */
export function neededFirst(text: string): string[] {
  const missing = new Set([...text.matchAll(PLACEHOLDER)].map(([, name = ""]) => name).filter((name) => !values[name]));
  const bringers = [...missing].map((name) => EXAMPLES.find(({ query }) => kept(query).some((one) => one.name === name)));
  return bringers.flatMap((bringer) => (bringer ? [bringer.title] : []));
}

function kept(query: string): Kept[] {
  return head(query)
    .filter((line) => line.startsWith("Keeps: "))
    .map((line) => line.slice("Keeps: ".length).split(" = "))
    .map(([name = "", path = ""]) => ({ name, path: path.split(".") }));
}

/** Replaces `{{name}}` with the id that an earlier example returned, if there is one. */
export function filledIn(text: string): string {
  return text.replace(PLACEHOLDER, (placeholder, name: string) => values[name] || placeholder);
}

/** Remembers the ids in a response that other examples need, until the page is closed. */
export function keep(data: unknown): void {
  for (const { name, path } of watched) {
    const value = path.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], data);
    if (typeof value === "string" && !name.endsWith("Token")) values[name] = value;
  }
}
