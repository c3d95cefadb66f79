// A request that was sent, as a command of curl for a POSIX shell.

type Header = { name: string; value: string };
export type Request = { method: string; url: string; headers: readonly Header[]; body: string | null };

/** Headers that curl makes by itself. */
const OWN = new Set(["host", "content-length", "accept-encoding", "connection", "transfer-encoding"]);

/** Returns the command. Secrets are not known: they stay `***`, to be replaced. */
export function toCurl({ method, url, headers, body }: Request): string {
  const how = method === "HEAD" ? ["--head"] : method === "GET" && body === null ? [] : ["--request", method];
  const named = headers.filter(({ name }) => !OWN.has(name.toLowerCase())).map(({ name, value }) => `--header ${quote(value === "" ? `${name};` : `${name}: ${value}`)}`);
  const sent = body === null ? [] : [`--data-raw ${quote(body)}`];
  return [["curl", ...how, quote(url)].join(" "), ...named, ...sent].join(" \\\n  ");
}

/** Quotes an argument, so that the shell changes nothing in it. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
