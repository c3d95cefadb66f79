// What is deleted disappears at once, and is deleted at the server when it can no longer be undone: after ten seconds, or
// when the page is left. If the browser ends without a word, or the session does, it stays. ADR 68 has the reasons.

import { signal } from "@preact/signals";
import type { Client, DocumentInput } from "@urql/core";

import { session } from "./client.ts";
import { endToasts, forgetToasts, showToast } from "./ui/toast.tsx";

const PATIENCE_MS = 2_000;

type Refusals = readonly { message: string }[];
type Payload = { userErrors: Refusals; results?: readonly { userErrors: Refusals }[] };
type Deletion<Variables> = {
  /** The global IDs of what disappears. */
  ids: readonly string[];
  /** What the user is told. */
  text: string;
  /** Variables of each mutation that is needed. Together they have less than 64 kB: more cannot be sent by a page that is left. */
  calls: readonly Variables[];
};

const deleted = signal<ReadonlySet<string>>(new Set());
const sending = new Set<Promise<void>>();

/** Tells whether something is deleted already, as far as the user is concerned. */
export function isDeleted(id: string): boolean {
  return deleted.value.has(id);
}

/** Returns those that are not deleted. */
export function withoutDeleted<Item extends { id: string }>(items: readonly Item[]): Item[] {
  return items.filter(({ id }) => !deleted.value.has(id));
}

/** Deletes something, unless it is undone. */
export function deleteLater<Data extends Record<string, Payload>, Variables extends Record<string, unknown>>(
  client: Client,
  mutation: DocumentInput<Data, Variables>,
  { ids, text, calls }: Deletion<Variables>,
): void {
  void session.token().catch(() => null); // renews it now if it is about to end: a page that is left has no time for it
  deleted.value = new Set([...deleted.value, ...ids]);
  const send = async (): Promise<void> => {
    const problems = await Promise.all(calls.map((variables) => sendOne(client, mutation, variables)));
    const problem = problems.find(Boolean);
    if (problem === undefined) return;
    show(ids);
    showToast(`It could not be deleted. ${problem}`, { isProblem: true });
  };
  const ended = (): void => {
    const sent: Promise<void> = send().finally(() => sending.delete(sent));
    sending.add(sent);
  };
  showToast(text, { undo: () => show(ids), ended });
}

function show(ids: readonly string[]): void {
  const shown = new Set(ids);
  deleted.value = new Set([...deleted.value].filter((id) => !shown.has(id)));
}

/** Sends a deletion, even if the page is left meanwhile. Returns why it was refused; an empty text if it was not. */
async function sendOne<Data extends Record<string, Payload>, Variables extends Record<string, unknown>>(
  client: Client,
  mutation: DocumentInput<Data, Variables>,
  variables: Variables,
): Promise<string> {
  const { data, error } = await client.mutation(mutation, variables, { fetchOptions: { keepalive: true } }).toPromise();
  if (error) return error.graphQLErrors[0]?.message ?? "The server cannot be reached.";
  const refusals = Object.values(data ?? {}).flatMap(({ userErrors, results = [] }) => [...userErrors, ...results.flatMap((each) => each.userErrors)]);
  return refusals[0]?.message ?? "";
}

/** Deletes what can still be undone now, before something that its name or the session is needed for. Takes two seconds at most. */
export async function finishDeletions(): Promise<void> {
  endToasts();
  await Promise.race([Promise.all(sending), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
}

/** Forgets what was not deleted yet: the session in which it was to be done has ended. */
export function forgetDeletions(): void {
  forgetToasts();
  deleted.value = new Set();
}

addEventListener("pagehide", endToasts);
