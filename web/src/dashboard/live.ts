// Queries whose results stay current: changes of tasks and runs that the server tells of let them be read again.

import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { createContext } from "preact";
import type { Client, DocumentInput, OperationResult } from "@urql/core";

import { graphql, type ResultOf } from "./graphql.ts";

const REREAD_MS = 400;
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

export type Live<Data> = { data: Data | undefined; error: string | undefined; isStale: boolean; reread: () => void };
/** `pace` is the shortest time between two readings because of changes, in milliseconds. */
type Options = { concerns?: (change: Change) => boolean; pace?: number };

/** Reads a query, and again when something that `concerns` it has changed, by default at most every 400 ms. */
export function useLive<Data, Variables extends Record<string, unknown>>(
  query: DocumentInput<Data, Variables>,
  variables: Variables,
  { concerns = isOfTasks, pace = REREAD_MS }: Options = {},
): Live<Data> {
  const { client, changes } = useApi();
  const [result, setResult] = useState<OperationResult<Data, Variables> | null>(null);
  const reread = useRef<() => void>(() => undefined);
  const key = JSON.stringify(variables);
  const isConcerned = useRef(concerns);
  isConcerned.current = concerns;
  useEffect(() => {
    const reader = new Reader(client, query, variables, pace, setResult);
    reread.current = () => reader.request(0);
    reader.read("cache-and-network");
    const unsubscribe = changes.subscribe((change) => {
      if (change.isSnapshot || isConcerned.current(change)) reader.request(pace);
    });
    return () => {
      unsubscribe();
      reader.close();
    };
  }, [client, changes, query, key]);
  const error = result?.error?.graphQLErrors[0]?.message ?? result?.error?.message;
  return { data: result?.data, error, isStale: result?.stale ?? false, reread: () => reread.current() };
}

/** Reads one query, one reading at a time. */
class Reader<Data, Variables extends Record<string, unknown>> {
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stop: (() => void) | null = null;
  #isReading = false;
  #isWanted = false;

  readonly #client: Client;
  readonly #query: DocumentInput<Data, Variables>;
  readonly #variables: Variables;
  readonly #pace: number;
  readonly #show: (result: OperationResult<Data, Variables>) => void;

  constructor(
    client: Client,
    query: DocumentInput<Data, Variables>,
    variables: Variables,
    pace: number,
    show: (result: OperationResult<Data, Variables>) => void,
  ) {
    this.#client = client;
    this.#query = query;
    this.#variables = variables;
    this.#pace = pace;
    this.#show = show;
  }

  /** Reads again after so many milliseconds, or after the present reading. */
  request(delay: number): void {
    if (this.#isReading) this.#isWanted = true;
    else this.#timer ??= setTimeout(() => this.read("network-only"), delay);
  }

  read(requestPolicy: "cache-and-network" | "network-only"): void {
    this.#timer = null;
    this.#isReading = true;
    this.#stop?.();
    const { unsubscribe } = this.#client.query(this.#query, this.#variables, { requestPolicy }).subscribe((result) => {
      this.#show(result);
      if (result.stale) return;
      this.#isReading = false;
      if (this.#isWanted) this.request(this.#pace);
      this.#isWanted = false;
    });
    this.#stop = unsubscribe;
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#stop?.();
  }
}
