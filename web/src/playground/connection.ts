// Connects GraphiQL to the API with the session's token: HTTP for queries and mutations, one WebSocket for subscriptions.

import type { Fetcher, FetcherOpts, FetcherParams } from "@graphiql/toolkit";
import { Kind, parse } from "graphql";
import { createClient } from "graphql-ws";

import { type Answer, ENDPOINT } from "../api.ts";
import type { SessionStore } from "../session.ts";
import { filledIn, keep, neededFirst } from "./examples.ts";

const MEDIA_TYPES = "application/graphql-response+json, application/json;q=0.9";
const FORBIDDEN = 4403;
const REFUSALS = ["UNAUTHENTICATED", "TOKEN_EXPIRED", "TOKEN_INVALID"];
const LONGEST_WAIT_S = 10;

type SocketClient = ReturnType<typeof createClient>;
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
      : send(session, params, options?.headers).catch(asAnswer);
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

/** Sends the request with the session's token, unless the user has set a header. Renews a rejected token and retries once. */
async function send(session: SessionStore, params: FetcherParams, given: HeadersInit = {}): Promise<Answer> {
  const headers = new Headers({ accept: MEDIA_TYPES, "content-type": "application/json", ...given });
  if (headers.has("authorization")) return post(params, headers);
  const token = await session.token();
  const answer = await post(params, headers, token);
  if (token === null || !wasRefused(answer)) return answer;
  const renewed = await session.tokenAfter(token);
  return renewed === null ? answer : post(params, headers, renewed);
}

async function post(params: FetcherParams, headers: Headers, token: string | null = null): Promise<Answer> {
  if (token !== null) headers.set("authorization", `Bearer ${token}`);
  const response = await fetch(ENDPOINT, { method: "POST", headers, body: JSON.stringify(params) });
  const answer = (await response.json()) as Answer;
  keep(answer.data);
  return answer;
}

/** Returns whether the request failed because its token is missing or invalid. */
function wasRefused({ data, errors }: Answer): boolean {
  return !data && Boolean(errors?.some(({ extensions }) => REFUSALS.includes(String(extensions?.code))));
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

/** The client for subscriptions. The server closes its socket with 4403 when the token ends; it reconnects with a new token. */
function socketClient(session: SessionStore): SocketClient {
  let used: string | null = null;
  let refused = false;
  return createClient({
    url: ENDPOINT.replace(/^http/, "ws"),
    connectionParams: async () => {
      used = await (refused && used !== null ? session.tokenAfter(used) : session.token());
      refused = false;
      return used === null ? {} : { authorization: `Bearer ${used}` };
    },
    on: { closed: (event) => (refused = (event as CloseEvent).code === FORBIDDEN) },
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: (retries) => wait(retries === 0 ? 0 : Math.min(2 ** retries, LONGEST_WAIT_S)),
  });
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
