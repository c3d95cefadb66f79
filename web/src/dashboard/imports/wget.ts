// A wget command as the request that it sends. Pure.

import { type Authorization, type ImportedRequest, type Pair, shapeBody } from "./request.ts";
import { Unreadable } from "./shell-words.ts";

const LETTERS: Readonly<Record<string, string>> = {
  O: "output-document", o: "output-file", t: "tries", T: "timeout", U: "user-agent", q: "quiet", v: "verbose", S: "server-response", P: "directory-prefix",
  c: "continue", N: "timestamping", b: "background", d: "debug", "4": "inet4-only", "6": "inet6-only", e: "execute", i: "input-file", a: "append-output",
};
const WITH_VALUE = new Set([
  "output-document", "output-file", "append-output", "tries", "timeout", "connect-timeout", "read-timeout", "dns-timeout", "user-agent", "directory-prefix",
  "header", "post-data", "post-file", "body-data", "body-file", "method", "user", "password", "http-user", "http-password", "referer", "execute",
  "input-file", "waitretry", "wait", "retry-on-http-error", "max-redirect", "ca-certificate", "certificate", "private-key", "load-cookies",
  "save-cookies", "secure-protocol", "bind-address", "limit-rate", "proxy-user", "proxy-password", "report-speed", "progress",
]);
const REFUSED: Readonly<Record<string, string>> = {
  "post-file": "sends a file, which the server does not have",
  "body-file": "sends a file, which the server does not have",
  "input-file": "reads URLs from a file",
  "load-cookies": "reads cookies from a file",
  certificate: "needs a client certificate",
  "private-key": "needs a client certificate",
  recursive: "downloads several pages",
  mirror: "downloads several pages",
};

/** Reads the words of a wget command. Throws Unreadable. */
export function readWgetWords(words: readonly string[]): ImportedRequest {
  const { urls, values } = readArguments(words.slice(1));
  const [url] = urls;
  if (url === undefined) throw new Unreadable("The command has no URL.");
  if (urls.length > 1) throw new Unreadable(`The command has ${urls.length} URLs. Import one at a time.`);
  const last = (...names: string[]): string | undefined => names.flatMap((name) => values.get(name) ?? []).at(-1);
  const data = last("post-data", "body-data");
  const headers = readHeaders(values, data !== undefined);
  const shaped = data === undefined ? { body: { kind: "none", text: "", fields: [] } as const, headers } : shapeBody(data, headers);
  const timeout = Number(last("timeout", "read-timeout"));
  const method = last("method") ?? (values.has("post-data") ? "POST" : values.has("spider") ? "HEAD" : "GET");
  return {
    method: method.toUpperCase(),
    url: /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`,
    headers: shaped.headers,
    authorization: readAuthorization(last("user", "http-user"), last("password", "http-password")),
    body: { ...shaped.body, fields: [...shaped.body.fields] },
    ...(timeout > 0 && { timeout }),
    notes: values.has("no-check-certificate") ? ["--no-check-certificate is left out: certificates are always checked."] : [],
  };
}

function readArguments(words: readonly string[]): { urls: string[]; values: Map<string, string[]> } {
  const left = [...words];
  const urls: string[] = [];
  const values = new Map<string, string[]>();
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (!word.startsWith("-") || word === "-") {
      urls.push(word);
      continue;
    }
    for (const [name, value] of word.startsWith("--") ? [readLong(word.slice(2), left)] : readShort(word.slice(1), left)) {
      const reason = REFUSED[name];
      if (reason) throw new Unreadable(`The option --${name} ${reason}. It cannot be imported.`);
      values.set(name, [...(values.get(name) ?? []), value]);
    }
  }
  return { urls, values };
}

function readLong(word: string, left: string[]): [string, string] {
  const at = word.indexOf("=");
  if (at > 0) return [word.slice(0, at), word.slice(at + 1)];
  return [word, WITH_VALUE.has(word) ? (left.shift() ?? "") : ""];
}

function readShort(letters: string, left: string[]): [string, string][] {
  if (letters === "nv" || letters === "nc" || letters === "nd") return [[letters, ""]];
  const found: [string, string][] = [];
  for (let at = 0; at < letters.length; at++) {
    const name = LETTERS[letters[at] ?? ""] ?? `-${letters[at]}`;
    if (name === "-r" || name === "-m") throw new Unreadable("wget downloads several pages here, which cannot be imported.");
    if (WITH_VALUE.has(name)) return [...found, [name, letters.slice(at + 1) || (left.shift() ?? "")]];
    found.push([name, ""]);
  }
  return found;
}

function readHeaders(values: ReadonlyMap<string, string[]>, hasBody: boolean): Pair[] {
  const found: Pair[] = (values.get("header") ?? []).map((line) => {
    const at = line.indexOf(":");
    return { name: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
  });
  const has = (name: string): boolean => found.some((one) => one.name.toLowerCase() === name);
  for (const [option, name] of [["user-agent", "User-Agent"], ["referer", "Referer"]] as const) {
    const value = values.get(option)?.at(-1);
    if (value) found.push({ name, value });
  }
  if (hasBody && !has("content-type")) found.push({ name: "Content-Type", value: "application/x-www-form-urlencoded" });
  return found.filter(({ name }) => name !== "");
}

function readAuthorization(user: string | undefined, password: string | undefined): Authorization {
  return user === undefined ? { kind: "none" } : { kind: "basic", user, password: password ?? "" };
}
