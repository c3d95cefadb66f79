// Connects GraphiQL to the API with the session's token: HTTP for queries and mutations, one WebSocket for subscriptions.

import type { Fetcher, FetcherOpts, FetcherParams } from "@graphiql/toolkit";
import { Kind, parse } from "graphql";

import type { Answer } from "../api.ts";
import type { SessionStore } from "../session.ts";
import { type SocketClient, send, socketClient } from "../transport.ts";
import { filledIn, keep, neededFirst } from "./examples.ts";

type Observer<T> = { next: (value: T) => void; complete: () => void };
type Observable<T> = { subscribe: (observer: Observer<T>) => { unsubscribe: () => void } };
export type Connection = { fetcher: Fetcher; close: () => void };

/** Connects as the signed-in user. When the user changes, close the connection and make another one. */
export function connect(session: SessionStore): Connection {
  const client = socketClient(session);
  const running = new Set<() => void>();
  const fetcher = (given: FetcherParams, options?: FetcherOpts): Promise<Answer> | Observable<Answer> => {
    const { params, isSubscription } = understood({ ...given, variables: withIds(given.variables) });
    const [first] = neededFirst(JSON.stringify(params.variables ?? {}));
    if (first !== undefined) return Promise.resolve(asAnswer(new Error(`Send the example "${first}" first.`)));
    return isSubscription
      ? subscribe(client, params, running)
      : request(session, params, options?.headers).catch(asAnswer);
  };
  const close = (): void => {
    for (const stop of running) stop(); // first, or a starting subscription would write to a closed socket
    void client.dispose();
  };
  return { fetcher: fetcher as Fetcher, close };
}

/** Fills in the ids that other examples have returned since the variables were opened. */
function withIds(variables: unknown): unknown {
  return variables && JSON.parse(filledIn(JSON.stringify(variables)));
}

/** Selects the operation of a request. GraphiQL notices an edit with a delay, so its operation name can be outdated; if
 * the document has only one operation, use that one. */
function understood(params: FetcherParams): { params: FetcherParams; isSubscription: boolean } {
  try {
    const operations = parse(params.query).definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
    const only = operations.length === 1 ? operations[0] : undefined;
    const chosen = only ?? operations.find(({ name }) => name?.value === params.operationName);
    const name = only ? only.name?.value : params.operationName;
    return { params: { ...params, operationName: name ?? null }, isSubscription: chosen?.operation === "subscription" };
  } catch {
    return { params, isSubscription: false }; // the server's error message is better
  }
}

/** Sends a request, and keeps the ids that it returns for other examples. */
async function request(session: SessionStore, params: FetcherParams, headers?: HeadersInit): Promise<Answer> {
  const answer = await send(session, JSON.stringify(params), headers);
  keep(answer.data);
  return answer;
}

function subscribe(client: SocketClient, params: FetcherParams, running: Set<() => void>): Observable<Answer> {
  const payload = { ...params, operationName: params.operationName ?? null };
  return {
    subscribe: (observer) => {
      const end = (): void => {
        running.delete(unsubscribe);
        observer.complete();
      };
      const unsubscribe = client.subscribe<unknown>(payload, {
        next: (result) => observer.next(result as Answer),
        error: (error) => {
          observer.next(asAnswer(error));
          end();
        },
        complete: end,
      });
      running.add(unsubscribe);
      return { unsubscribe };
    },
  };
}

/** Turns an error into a GraphQL response, which GraphiQL can show. */
function asAnswer(error: unknown): Answer {
  if (Array.isArray(error)) return { errors: error as Answer["errors"] & object };
  if (error instanceof CloseEvent) return { errors: [{ message: `Connection closed: ${error.code} ${error.reason}` }] };
  return { errors: [{ message: error instanceof Error ? error.message : String(error) }] };
}
