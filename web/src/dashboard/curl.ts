// A request that was sent, as a command of curl for a POSIX shell.

type Header = { name: string; value: string };
export type Request = { method: string; url: string; headers: readonly Header[]; body: string | null };

/** Headers that curl makes by itself. */
const OWN = new Set(["host", "content-length", "accept-encoding", "connection", "transfer-encoding"]);

/** Returns the command. Secrets are not known: they stay `***`, to be replaced. */
export function toCurl({ method, url, headers, body }: Request): string {
  const how = method === "HEAD" ? ["--head"] : method === "GET" && body === null ? [] : ["--request", method];
  const shown = headers.filter(({ name }) => !OWN.has(name.toLowerCase())).map(({ name, value }) => (value === "" ? `${name};` : `${name}: ${value}`));
  const untyped = body !== null && !headers.some(({ name }) => name.toLowerCase() === "content-type") ? ["Content-Type:"] : []; // else curl says form
  const named = [...shown, ...untyped].map((header) => `--header ${quote(header)}`);
  const sent = body === null ? [] : [`--data-raw ${quote(body)}`];
  return [["curl", ...asItIs(url), ...how, quote(url)].join(" "), ...named, ...sent].join(" \\\n  ");
}

/** Returns the options without which curl would take brackets for patterns of many URLs, and shorten the path. */
function asItIs(url: string): string[] {
  return [...(/[[\]{}]/.test(url) ? ["--globoff"] : []), ...(/\/\.\.?(\/|$|\?)/.test(url) ? ["--path-as-is"] : [])];
}

/** Quotes an argument, so that the shell changes nothing in it. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
