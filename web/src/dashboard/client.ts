// The session of this tab and its connection to the API.

import { batch, computed, signal } from "@preact/signals";
import { cacheExchange, Client, type DocumentInput, fetchExchange, type OperationResult, subscriptionExchange } from "@urql/core";

import { ENDPOINT } from "../api.ts";
import { type Session, type SessionStatus, SessionStore } from "../session.ts";
import { send, type SocketClient, socketClient } from "../transport.ts";
import { forgetDrafts } from "./drafts.ts";

export const session = new SessionStore();

/** Whether changes arrive: null before the first connection. */
export const isConnected = signal<boolean | null>(null);

/** The user who is signed in; null when signed out. */
export const user = signal<Session["user"] | null>(null);

/** Whether somebody is signed in. */
export const status = signal<SessionStatus>("restoring");

/** The e-mail address of the signed-in user; null when signed out. */
export const userEmail = computed(() => user.value?.email ?? null);

function follow(): void {
  const next = session.current()?.user ?? null;
  const hasLeft = session.status() === "signed out" && status.value !== "restoring";
  if (hasLeft) forgetDrafts(); // not if the server has ended the session
  batch(() => {
    if (JSON.stringify(next) !== JSON.stringify(user.value)) user.value = next;
    status.value = session.status();
  });
}
session.subscribe(follow);

/** Signs in as an earlier page of this browser. */
export function restoreSession(): void {
  session.restore();
  follow();
}

export type Connection = { client: Client; close: () => void };

/** Connects as the signed-in user. When the user changes, close the connection and make another one. */
export function connect(): Connection {
  const socket = socketClient(session, {
    opened: () => (isConnected.value = true),
    lost: () => (isConnected.value = false),
    needsUser: true,
  });
  const client = new Client({
    ...HTTP,
    requestPolicy: "cache-and-network",
    exchanges: [cacheExchange, fetchExchange, subscriptionExchange({ forwardSubscription: forwardTo(socket) })],
  });
  return { client, close: () => void socket.dispose() };
}

/** Reads a query once, past the cache, which would keep each result for as long as the page is open. */
export function readOnce<Data, Variables extends Record<string, unknown>>(
  query: DocumentInput<Data, Variables>,
  variables: Variables,
): Promise<OperationResult<Data, Variables>> {
  return uncached.query(query, variables).toPromise();
}

/** Fetches for urql, with a token that is renewed when it has ended. */
async function fetchWithToken(_: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const answer = await send(session, String(init?.body), {}, init?.keepalive);
  return new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } });
}

function forwardTo(socket: SocketClient): Parameters<typeof subscriptionExchange>[0]["forwardSubscription"] {
  return (request) => ({
    subscribe: (sink) => ({
      unsubscribe: socket.subscribe(
        { query: request.query ?? "", variables: request.variables as Record<string, unknown> },
        {
          next: (result) => sink.next(result as Parameters<typeof sink.next>[0]),
          error: (error) => sink.error(error),
          complete: () => sink.complete(),
        },
      ),
    }),
  });
}

const HTTP = { url: ENDPOINT, preferGetMethod: false, fetch: fetchWithToken } as const;
const uncached = new Client({ ...HTTP, requestPolicy: "network-only", exchanges: [fetchExchange] });
