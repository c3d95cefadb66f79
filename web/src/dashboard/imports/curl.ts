// A curl command as the request that it sends. Pure.

import { aroundReferences, hasReference, leadingReference, NOT_IN_BASIC, withoutReferences } from "../secret-references.ts";
import { type Option, readOptions, whyIgnored } from "./curl-options.ts";
import { type Authorization, type ImportedRequest, type Pair, shapeBody } from "./request.ts";
import { splitCommand, Unreadable } from "./shell-words.ts";

export type Reading = { request: ImportedRequest } | { fault: string };
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const DATA = new Set(["data", "data-ascii", "data-raw", "data-binary", "data-urlencode", "json"]);
/** Headers that the server sets itself. */
const SET_BY_SERVER =
  /^(?:content-length|transfer-encoding|connection|keep-alive|proxy-connection|te|trailer|upgrade|expect|host|accept-encoding|idempotency-key|tocsin-callback-url|x-tocsin-.*)$/i;

/** Reads a command line that begins with curl. */
export function readCurl(text: string, variables: Readonly<Record<string, string>> = {}): Reading {
  try {
    refuseWindows(text);
    const { words, rest } = splitCommand(text.replace(/^\s*\$\s+/, ""), variables);
    const request = readCurlWords(words);
    return { request: { ...request, notes: [...request.notes, ...noteRest(rest)] } };
  } catch (error) {
    if (error instanceof Unreadable) return { fault: error.message };
    throw error;
  }
}

/** Reads the words of a curl command. Throws Unreadable. */
export function readCurlWords(words: readonly string[]): ImportedRequest {
  const [program, ...rest] = words;
  if (!/(?:^|\/)curl(?:\.exe)?$/.test(program ?? "")) {
    throw new Unreadable(program ? `The command is ${program}, not curl.` : "Paste a command that begins with curl.");
  }
  return build(readOptions(rest));
}

function refuseWindows(text: string): void {
  if (/\^\s*\n|\^"/.test(text)) {
    throw new Unreadable("This command is for Windows (cmd). In the browser, choose “Copy as cURL (bash)”.");
  }
}

/** Says what was not taken of what follows the command. Throws Unreadable if that is another command. */
export function noteRest(rest: string): string[] {
  if (rest === "") return [];
  if (rest.startsWith("|") && !rest.startsWith("||")) return [`What follows the pipe is left out: ${rest.slice(0, 60)}`];
  if (/^(?:\|\||&&|;|\n|&)\s*(?:true|:|exit 0)?\s*$/.test(rest)) return [];
  if (/^&[^&\s]/.test(rest)) throw new Unreadable(`An & outside of quotation marks ends the command, before ${rest.slice(0, 30)}. Put the URL in quotation marks.`);
  throw new Unreadable(`Only one command can be imported. Another one follows: ${rest.slice(0, 60)}`);
}

function build(options: readonly Option[]): ImportedRequest {
  const notes = new Set<string>();
  const values = (name: string): string[] => options.filter((one) => one.name === name).map(({ value }) => value);
  const last = (name: string): string | undefined => values(name).at(-1);
  const has = (name: string): boolean => options.some((one) => one.name === name);
  for (const { name } of options) {
    const reason = whyIgnored(name);
    if (reason) notes.add(`--${name} is left out: ${reason}.`);
  }
  const data = readData(options);
  const isInUrl = has("get") || has("head");
  const headers = readHeaders(options, data !== null && !isInUrl, notes);
  const authorization = readAuthorization(last("user"), last("oauth2-bearer"), headers);
  const shaped = data === null || isInUrl ? { body: { kind: "none", text: "", fields: [] } as const, headers } : shapeBody(data, headers);
  if (shaped.body.kind === "text" && /^\s*[{[]/.test(shaped.body.text) && isForm(headers)) {
    notes.add("The body looks like JSON, but curl sends it as a form. Choose JSON as its kind if that is meant.");
  }
  return {
    method: readMethod(last("request"), has("head"), data !== null && !isInUrl),
    url: readUrl(values("url"), [...(isInUrl && data !== null ? [data] : []), ...values("url-query").map(readUrlQuery)], has("globoff")),
    authorization,
    body: { ...shaped.body, fields: [...shaped.body.fields] },
    headers: shaped.headers.filter(({ name }) => authorization.kind === "none" || name.toLowerCase() !== "authorization"),
    ...seconds("timeout", last("max-time")),
    ...seconds("connectTimeout", last("connect-timeout")),
    notes: [...notes],
  };
}

function isForm(headers: readonly Pair[]): boolean {
  return headers.some(({ name, value }) => name.toLowerCase() === "content-type" && value.includes("form-urlencoded"));
}

function readMethod(given: string | undefined, isHead: boolean, hasBody: boolean): string {
  const method = (given ?? (isHead ? "HEAD" : hasBody ? "POST" : "GET")).toUpperCase();
  if (!METHODS.includes(method)) throw new Unreadable(`The method ${method} is not supported; use one of ${METHODS.join(", ")}.`);
  return method;
}

function readUrl(urls: readonly string[], query: readonly string[], isLiteral: boolean): string {
  const [url] = urls;
  if (url === undefined || url === "") throw new Unreadable("The command has no URL.");
  if (urls.length > 1) throw new Unreadable(`The command has ${urls.length} URLs. Import one at a time.`);
  if (!isLiteral && hasPattern(url)) {
    throw new Unreadable("The URL has a pattern ({…} or [1-9]), for which curl makes several requests. Import one at a time.");
  }
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) || leadingReference(url) !== null ? url : `http://${url}`;
  const [, address = "", fragment = ""] = /^([^#]*)(#.*)?$/s.exec(whole) ?? [];
  const rooted = /^[^:]+:\/\/[^/?]*$/.test(address) ? `${address}/` : address.replace(/^([^:]+:\/\/[^/?]*)\?/, "$1/?");
  return query.reduce((before, part) => `${before}${before.includes("?") ? "&" : "?"}${part}`, rooted) + fragment;
}

/** Tells whether curl takes a URL for several: brackets are no pattern in the address of a host, nor braces in a reference. */
function hasPattern(url: string): boolean {
  return /\{[^{}]*\}|\[[^\]/]+-[^\]/]+\]/.test(withoutReferences(url).replace(/^[^/]*\/\/\[[^\]]*\]/, ""));
}

function readData(options: readonly Option[]): string | null {
  let found: string | null = null;
  for (const { name, value } of options.filter((one) => DATA.has(one.name))) {
    const part = name === "data-urlencode" ? encodeQuery(value) : readPart(name, value);
    found = found === null ? part : `${found}${name === "json" ? "" : "&"}${part}`;
  }
  return found;
}

function readPart(name: string, value: string): string {
  if (value.startsWith("@") && name !== "data-raw") {
    throw new Unreadable(`--${name} ${value} reads a file, which the server does not have. Put its content into the command.`);
  }
  return value;
}

/** Encodes the value of --data-urlencode and --url-query: `content`, `=content` or `name=content`. */
function encodeQuery(value: string): string {
  if (/^[^=]*@/.test(value)) throw new Unreadable(`${value} reads a file, which the server does not have. Put its content into the command.`);
  const at = value.indexOf("=");
  if (at < 0) return percentEncode(value);
  return `${value.slice(0, at)}${at > 0 ? "=" : ""}${percentEncode(value.slice(at + 1))}`;
}

/** Reads a value of --url-query, which a plus leaves as it is. */
function readUrlQuery(value: string): string {
  return value.startsWith("+") ? value.slice(1) : encodeQuery(value);
}

function percentEncode(text: string): string {
  return aroundReferences(text, (part) =>
    encodeURIComponent(part).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll("%20", "+"),
  );
}

function readHeaders(options: readonly Option[], hasBody: boolean, notes: Set<string>): Pair[] {
  const found = new Map<string, Pair>();
  const removed = new Set<string>();
  for (const { name, value } of options) {
    const header = toHeader(name, value);
    if (header === null) continue;
    const key = header.name.toLowerCase();
    if (header.value === null) removed.add(key);
    else if (SET_BY_SERVER.test(header.name)) notes.add(`The header ${header.name} is left out: the server sets it itself.`);
    else found.set(key, { name: header.name, value: join(key, found.get(key)?.value, header.value) });
  }
  const setDefault = (name: string, value: string): void => {
    const key = name.toLowerCase();
    if (!found.has(key) && !removed.has(key)) found.set(key, { name, value });
  };
  if (options.some(({ name }) => name === "json")) {
    setDefault("Content-Type", "application/json");
    setDefault("Accept", "application/json");
  }
  if (hasBody) setDefault("Content-Type", "application/x-www-form-urlencoded");
  return [...found.values()];
}

function toHeader(option: string, value: string): { name: string; value: string | null } | null {
  if (option === "user-agent") return { name: "User-Agent", value };
  if (option === "referer") return { name: "Referer", value: value.replace(/;auto$/, "") };
  if (option === "range") return { name: "Range", value: `bytes=${value}` };
  if (option === "cookie") {
    if (!value.includes("=")) throw new Unreadable(`--cookie ${value} reads a file, which the server does not have.`);
    return { name: "Cookie", value };
  }
  return option === "header" ? splitHeader(value) : null;
}

function splitHeader(line: string): { name: string; value: string | null } {
  if (line.startsWith("@")) throw new Unreadable(`--header ${line} reads a file, which the server does not have.`);
  const at = line.indexOf(":");
  if (at < 0 && line.endsWith(";")) return { name: line.slice(0, -1), value: "" };
  if (at < 1) throw new Unreadable(`The header “${line}” has no name and value: write Name: value.`);
  const value = line.slice(at + 1).trim();
  return { name: line.slice(0, at).trim(), value: value === "" ? null : value };
}

function join(name: string, before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`;
}

function readAuthorization(user: string | undefined, bearer: string | undefined, headers: readonly Pair[]): Authorization {
  const header = headers.find(({ name }) => name.toLowerCase() === "authorization")?.value;
  const token = bearer ?? (/^Bearer (.+)$/i.exec(header ?? "") ?? [])[1];
  if (token !== undefined && !/\s/.test(withoutReferences(token))) return { kind: "bearer", token };
  if (header !== undefined) return decodeBasic(header);
  if (user === undefined) return { kind: "none" };
  if (hasReference(user)) throw new Unreadable(NOT_IN_BASIC);
  const at = user.indexOf(":");
  return { kind: "basic", user: at < 0 ? user : user.slice(0, at), password: at < 0 ? "" : user.slice(at + 1) };
}

function decodeBasic(header: string): Authorization {
  const encoded = (/^Basic ([A-Za-z0-9+/]+=*)$/i.exec(header) ?? [])[1];
  if (encoded === undefined) return { kind: "none" };
  try {
    const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
    const [user = "", ...password] = new TextDecoder("utf-8", { fatal: true }).decode(bytes).split(":");
    return { kind: "basic", user, password: password.join(":") };
  } catch {
    return { kind: "none" };
  }
}

function seconds(name: "timeout" | "connectTimeout", text: string | undefined): Partial<Record<typeof name, number>> {
  const value = Number(text);
  return text === undefined || !(value > 0) ? {} : { [name]: value };
}
