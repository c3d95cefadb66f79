// The latest run of each workflow of a list, read together.

import { isOfWorkflows, useLive } from "../live.ts";

export type LatestRun = { id: string; status: string; dueAt: string; progress: { done: number; all: number } };
type Data = Record<string, { nodes: LatestRun[] }>;

const FIELDS = "nodes { id status dueAt progress { done all } }";
const NOTHING = "query { __typename }";

/** Returns the latest runs of these workflows by name: at most 20, as many as one operation may ask for. */
export function useLatestRuns(names: string[]): Map<string, LatestRun> {
  const { data } = useLive<Data, Record<string, string>>(queryOf(names), variablesOf(names), { concerns: isOfWorkflows });
  return new Map(names.flatMap((name, place) => (data?.[`run${place}`]?.nodes ?? []).map((run) => [name, run])));
}

function queryOf(names: string[]): string {
  if (names.length === 0) return NOTHING;
  const parameters = names.map((_, place) => `$name${place}: String!`).join(", ");
  const fields = names.map((_, place) => `run${place}: workflowRuns(filter: {name: $name${place}}, first: 1) { ${FIELDS} }`);
  return `query LatestRuns(${parameters}) { ${fields.join(" ")} }`;
}

function variablesOf(names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, place) => [`name${place}`, name]));
}
