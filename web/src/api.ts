// Sends one request to the API and turns its errors into messages for the user.

export const ENDPOINT = new URL("graphql", location.href).href;
/** The same for the session of pages: the server keeps its refresh token in a cookie that is sent only there. */
export const SESSION_ENDPOINT = new URL("session/graphql", location.href).href;

export type Fault = { message: string; extensions?: { code?: string; retryAfter?: number } };
export type Answer = { data?: unknown; errors?: Fault[] };
type Variables = Record<string, unknown>;
type Options = { endpoint?: string; keepalive?: boolean };

/** The request failed. The message is shown to the user. */
export class Refused extends Error {
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** Returns the data of one operation. Throws Refused. */
export async function ask<Data>(query: string, variables: Variables, options: Options = {}): Promise<Data> {
  const answer = await post(JSON.stringify({ query, variables }), options);
  const fault = answer.errors?.[0];
  if (fault) throw new Refused(sentence(fault), fault.extensions?.code);
  return answer.data as Data;
}

async function post(body: string, { endpoint = ENDPOINT, keepalive = false }: Options): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(endpoint, { method: "POST", headers, body, keepalive }).catch(() => {
    throw new Refused("The server cannot be reached.");
  });
  try {
    return (await response.json()) as Answer;
  } catch {
    throw new Refused(`The server returned HTTP status ${response.status} instead of a GraphQL response.`);
  }
}

function sentence({ message, extensions }: Fault): string {
  const wait = extensions?.retryAfter;
  return wait === undefined ? message : `${message} Try again in ${wait} s.`;
}
