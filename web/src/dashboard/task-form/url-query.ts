// The query of a URL as a table, and back. What is not changed stays as it was written. Pure.

import { aroundReferences } from "../secret-references.ts";

export type Parameter = { name: string; value: string; raw?: string };

/** Returns the parameters of a URL, in their order. */
export function readQuery(url: string): Parameter[] {
  const query = split(url)[1];
  if (query === "") return [];
  return query.split("&").map((raw) => {
    const at = raw.indexOf("=");
    return { name: decode(at < 0 ? raw : raw.slice(0, at)), value: at < 0 ? "" : decode(raw.slice(at + 1)), raw };
  });
}

/** Returns the URL with these parameters. One with `raw` is written as it was. */
export function withQuery(url: string, parameters: readonly Parameter[]): string {
  const [address, , fragment] = split(url);
  const query = parameters.map(({ name, value, raw }) => raw ?? `${encode(name)}=${encode(value)}`).join("&");
  return `${address}${query && `?${query}`}${fragment}`;
}

function split(url: string): [string, string, string] {
  const [, address = "", query = "", fragment = ""] = /^([^?#]*)(?:\?([^#]*))?(#.*)?$/s.exec(url) ?? [];
  return [address, query, fragment];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** Encodes a part of a query. The places of the callback URL and of secrets are kept. */
function encode(text: string): string {
  return text
    .split(/(\$\{\{ *callback\.url *\}\})/)
    .map((part, at) => (at % 2 ? part : aroundReferences(part, encodeURIComponent)))
    .join("");
}
