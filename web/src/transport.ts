// Sends operations with the session's token, and keeps the socket of subscriptions open. Used by all pages.

import { createClient } from "graphql-ws";

import { type Answer, ENDPOINT } from "./api.ts";
import { Heartbeat, waitForNetwork } from "./heartbeat.ts";
import type { SessionStore } from "./session.ts";

const MEDIA_TYPES = "application/graphql-response+json, application/json;q=0.9";
const FORBIDDEN = 4403;
const REFUSALS = ["UNAUTHENTICATED", "TOKEN_EXPIRED", "TOKEN_INVALID"];
const LONGEST_WAIT_S = 10;

export type SocketClient = ReturnType<typeof createClient>;
export type SocketEvents = { opened?: () => void; lost?: () => void; needsUser?: boolean };

/** Sends a request as the signed-in user, unless a header says otherwise. Renews a rejected token and retries once. With
 * `keepalive`, it is completed even if the page is left meanwhile. */
export async function send(session: SessionStore, body: string, given: HeadersInit = {}, keepalive = false): Promise<Answer> {
  const headers = new Headers({ accept: MEDIA_TYPES, "content-type": "application/json", ...given });
  const post = (token: string | null): Promise<Answer> => postAs(token, { body, headers, keepalive });
  if (headers.has("authorization")) return post(null);
  const token = await session.token();
  const answer = await post(token);
  if (token === null || !wasRefused(answer)) return answer;
  const renewed = await session.tokenAfter(token);
  return renewed === null ? answer : post(renewed);
}

type Request = { body: string; headers: Headers; keepalive: boolean };

async function postAs(token: string | null, { body, headers, keepalive }: Request): Promise<Answer> {
  if (token !== null) headers.set("authorization", `Bearer ${token}`);
  const response = await fetch(ENDPOINT, { method: "POST", headers, body, keepalive });
  return (await response.json()) as Answer;
}

/** Returns whether the request failed because its token is missing or invalid. */
function wasRefused({ data, errors }: Answer): boolean {
  return !data && Boolean(errors?.some(({ extensions }) => REFUSALS.includes(String(extensions?.code))));
}

/** The client for subscriptions. The server closes its socket with 4403 when the token ends; it reconnects with a new token.
 * A socket that does not answer is given up, and another one is opened.
 * If it `needsUser`, it waits while nobody is signed in, and goes on with its subscriptions when somebody is again. */
export function socketClient(session: SessionStore, events: SocketEvents = {}): SocketClient {
  let used: string | null = null;
  let refused = false;
  const heartbeat = new Heartbeat(() => client.terminate());
  const client = createClient({
    url: ENDPOINT.replace(/^http/, "ws"),
    connectionParams: async () => {
      used = await (refused && used !== null ? session.tokenAfter(used) : session.token());
      if (used === null && events.needsUser) used = await session.signedIn().then(() => session.token());
      refused = false;
      return used === null ? {} : { authorization: `Bearer ${used}` };
    },
    on: {
      connected: (socket) => {
        heartbeat.begin(socket as WebSocket);
        events.opened?.();
      },
      ping: (isReceived) => isReceived || heartbeat.asked(),
      pong: (isReceived) => isReceived && heartbeat.answered(),
      closed: (event) => {
        heartbeat.end();
        refused = (event as CloseEvent).code === FORBIDDEN;
        events.lost?.();
      },
    },
    keepAlive: 20_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: async (retries) => {
      const longest = Math.min(2 ** retries, LONGEST_WAIT_S);
      await waitForNetwork(retries === 0 ? 0 : longest * (1 - Math.random() / 4)); // tabs of a server that comes back do not all ask at once
      if (events.needsUser) await session.signedIn();
    },
  });
  return client;
}
