// A request that the page's address brings, as links in mails do: /playground?query=…&variables=…

export type Request = { query?: string; variables?: string };

/** The request in the address. It is only shown: whoever follows a link decides whether to send it. */
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
    return variables; // the editor shows what is wrong with it
  }
}
