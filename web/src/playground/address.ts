// Requests in the page's address, as in the links of mails: /playground?query=…&variables=…

export type Request = { query?: string; variables?: string };

/** Returns the request in the address. It is only shown; the user decides whether to send it. */
export function requestIn(address: Location): Request {
  const given = new URLSearchParams(address.search);
  const query = given.get("query");
  if (query === null) return {};
  return { query, variables: indented(given.get("variables") ?? "") };
}

function indented(variables: string): string {
  try {
    return JSON.stringify(JSON.parse(variables), null, 2);
  } catch {
    return variables; // the editor shows the syntax error
  }
}
