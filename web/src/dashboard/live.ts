// Queries whose results stay current: changes of tasks and runs that the server tells of let them be read again.

import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { createContext } from "preact";
import { type Client, type CombinedError, createRequest, type DocumentInput, type GraphQLRequest, type OperationResult } from "@urql/core";
import type { DocumentNode } from "graphql";

import { graphql, type ResultOf } from "./graphql.ts";

const REREAD_MS = 400;
const BURST_MS = 40; // changes that come together are read together
const PATIENCE_MS = 10_000; // a reading that takes longer may have been lost with its connection
const LONGEST_RETRY_MS = 30_000;
const PASSING = new Set<unknown>(["UNAVAILABLE", "TIMEOUT", "RATE_LIMITED"]);
const EVENTS = graphql(`
  subscription Changes {
    taskEvents {
      kind
      taskId
      run {
        id
      }
    }
  }
`);

const WORKFLOW_EVENTS = graphql(`
  subscription WorkflowChanges {
    workflowRunEvents {
      kind
      workflowRunId
    }
  }
`);
const DEFINITION_EVENTS = graphql(`
  subscription DefinitionChanges {
    workflowEvents {
      kind
      workflowId
    }
  }
`);
const NOTICES = graphql(`
  subscription Notices {
    notificationReceived {
      id
    }
  }
`);
const ACKNOWLEDGEMENTS = graphql(`
  subscription Acknowledgements {
    notificationsAcknowledged {
      unacknowledgedCount
    }
  }
`);

/** A change of a task or run, of a workflow or its run, or of notifications: one was stored, or some were acknowledged. */
export type Change =
  | { of: "task"; isSnapshot: boolean; taskId: string | null; runId: string | null }
  | { of: "workflow run"; isSnapshot: boolean; workflowRunId: string | null }
  | { of: "workflow"; isSnapshot: boolean; workflowId: string | null }
  | { of: "notification"; isSnapshot: false };
type TaskEvent = ResultOf<typeof EVENTS>["taskEvents"];
type WorkflowEvent = ResultOf<typeof WORKFLOW_EVENTS>["workflowRunEvents"];
type DefinitionEvent = ResultOf<typeof DEFINITION_EVENTS>["workflowEvents"];
type Listener = (change: Change) => void;

/** Tells whether a change is about tasks or runs. */
export function isOfTasks(change: Change): boolean {
  return change.of === "task";
}

/** Tells whether a change is about workflow runs. */
export function isOfWorkflows(change: Change): change is Change & { of: "workflow run" } {
  return change.of === "workflow run";
}

/** Tells whether a change is about workflows or their runs. */
export function isOfDefinitions(change: Change): boolean {
  return change.of === "workflow" || change.of === "workflow run";
}

/** The changes of the account, told to all pages of this tab over one socket. */
export class Changes {
  readonly #listeners = new Set<Listener>();
  readonly #subscriptions: { unsubscribe: () => void }[];

  constructor(client: Client) {
    this.#subscriptions = [
      client.subscription(EVENTS, {}).subscribe(({ data }) => data && this.#tellTask(data.taskEvents)),
      client.subscription(WORKFLOW_EVENTS, {}).subscribe(({ data }) => data && this.#tellWorkflow(data.workflowRunEvents)),
      client.subscription(DEFINITION_EVENTS, {}).subscribe(({ data }) => data && this.#tellDefinition(data.workflowEvents)),
      client.subscription(NOTICES, {}).subscribe(({ data }) => data && this.#tell(NOTIFIED)),
      client.subscription(ACKNOWLEDGEMENTS, {}).subscribe(({ data }) => data && this.#tell(NOTIFIED)),
    ];
  }

  #tellTask({ kind, taskId, run }: TaskEvent): void {
    this.#tell({ of: "task", isSnapshot: kind === "SNAPSHOT", taskId, runId: run?.id ?? null });
  }

  #tellWorkflow({ kind, workflowRunId }: WorkflowEvent): void {
    this.#tell({ of: "workflow run", isSnapshot: kind === "SNAPSHOT", workflowRunId });
  }

  #tellDefinition({ kind, workflowId }: DefinitionEvent): void {
    this.#tell({ of: "workflow", isSnapshot: kind === "SNAPSHOT", workflowId });
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  close(): void {
    for (const { unsubscribe } of this.#subscriptions) unsubscribe();
  }
}

const NOTIFIED = { of: "notification", isSnapshot: false } as const;

export type Api = { client: Client; changes: Changes };
export const ApiContext = createContext<Api | null>(null);

/** Returns the client and the changes of the signed-in user. */
export function useApi(): Api {
  const api = useContext(ApiContext);
  if (api === null) throw new Error("There is no signed-in user.");
  return api;
}

/** `dataKey` says of which variables the data are: after a change of these, they are still of those before for a moment. */
export type Live<Data> = {
  data: Data | undefined;
  dataKey: string;
  error: string | undefined;
  isStale: boolean;
  reread: () => void;
};
/**
 * `pace` is the shortest time between two readings because of changes, in milliseconds. Variables that move with the time
 * need the name of a `slot`, in which each result replaces the one before: the cache would keep them all.
 */
type Options = { concerns?: (change: Change) => boolean; pace?: number; slot?: string };

/** Reads a query, and again when something that `concerns` it has changed, by default at most every 400 ms. */
export function useLive<Data, Variables extends Record<string, unknown>>(
  query: DocumentInput<Data, Variables>,
  variables: Variables,
  { concerns = isOfTasks, pace = REREAD_MS, slot }: Options = {},
): Live<Data> {
  const { client, changes } = useApi();
  const [result, setResult] = useState<OperationResult<Data, Variables> | null>(null);
  const reread = useRef<() => void>(() => undefined);
  const key = JSON.stringify(variables);
  const isConcerned = useRef(concerns);
  isConcerned.current = concerns;
  useEffect(() => {
    const request = createRequest(query, variables);
    if (slot !== undefined) request.key = createRequest(request.query as DocumentNode, { slot }).key;
    const reader = new Reader(client, request, pace, (next) => setResult((before) => withDataOf(before, next)));
    reread.current = () => reader.request(0);
    reader.read("cache-and-network");
    const unsubscribe = changes.subscribe((change) => {
      if (change.isSnapshot || isConcerned.current(change)) reader.request(pace);
    });
    return () => {
      unsubscribe();
      reader.close();
    };
  }, [client, changes, query, key, slot]);
  const error = result?.error?.graphQLErrors[0]?.message ?? result?.error?.message;
  const dataKey = JSON.stringify(result?.operation.variables ?? null);
  return { data: result?.data, dataKey, error, isStale: result?.stale ?? false, reread: () => reread.current() };
}

/** Returns a result with the data that was read before, if the server does not answer at present. */
function withDataOf<Result extends OperationResult>(before: Result | null, next: Result): Result {
  const isOfSame = before?.operation.key === next.operation.key;
  return isOfSame && isPassing(next.error) && !next.data ? { ...before, error: next.error, stale: next.stale } : next;
}

/** Tells whether a reading that failed so may succeed a little later. */
function isPassing(error: CombinedError | undefined): boolean {
  return Boolean(error?.networkError) || Boolean(error?.graphQLErrors.some(({ extensions }) => PASSING.has(extensions.code)));
}

/** Reads one query, one reading at a time, and again after a while if the server did not answer. */
class Reader<Data, Variables extends Record<string, unknown>> {
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stop: (() => void) | null = null;
  #dueAt = 0;
  #begunAt = 0;
  #isReading = false;
  #isWanted = false;
  #failures = 0;

  readonly #client: Client;
  readonly #request: GraphQLRequest<Data, Variables>;
  readonly #pace: number;
  readonly #show: (result: OperationResult<Data, Variables>) => void;

  constructor(
    client: Client,
    request: GraphQLRequest<Data, Variables>,
    pace: number,
    show: (result: OperationResult<Data, Variables>) => void,
  ) {
    this.#client = client;
    this.#request = request;
    this.#pace = pace;
    this.#show = show;
  }

  /** Reads again soon, but so many milliseconds after the last reading began at the earliest. */
  request(pace: number): void {
    if (this.#isReading && Date.now() - this.#begunAt < PATIENCE_MS) {
      this.#isWanted = true;
      return;
    }
    const dueAt = Math.max(Date.now() + BURST_MS, this.#begunAt + pace);
    if (this.#timer !== null && this.#dueAt <= dueAt) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.read("network-only"), dueAt - Date.now());
  }

  read(requestPolicy: "cache-and-network" | "network-only"): void {
    this.#timer = null;
    this.#begunAt = Date.now();
    this.#isReading = true;
    this.#stop?.();
    const { unsubscribe } = this.#client.executeQuery(this.#request, { requestPolicy }).subscribe((result) => {
      this.#show(result);
      if (!result.stale) this.#end(isPassing(result.error));
    });
    this.#stop = unsubscribe;
  }

  #end(hasFailed: boolean): void {
    this.#isReading = false;
    this.#failures = hasFailed ? this.#failures + 1 : 0;
    if (hasFailed) this.request(Math.min(1000 * 2 ** this.#failures, LONGEST_RETRY_MS));
    if (this.#isWanted) this.request(this.#pace);
    this.#isWanted = false;
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#stop?.();
  }
}
