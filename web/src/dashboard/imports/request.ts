// A request as it is imported, and how its body is best shown in the form. Pure.

export type Pair = { name: string; value: string };
export type BodyKind = "none" | "json" | "text" | "form";
export type Authorization = { kind: "none" } | { kind: "bearer"; token: string } | { kind: "basic"; user: string; password: string };

/** `timeouts` are in seconds. `notes` say what was left out or changed. */
export type ImportedRequest = {
  method: string;
  url: string;
  headers: Pair[];
  authorization: Authorization;
  body: { kind: BodyKind; text: string; fields: Pair[] };
  timeout?: number;
  connectTimeout?: number;
  notes: string[];
};

const JSON_TYPE = /^application\/json(?:\s*;\s*charset=utf-8)?$/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded$/i;

/** Chooses the kind of body that is sent with the same meaning. Removes the header Content-Type if the kind implies it. */
export function shapeBody(text: string, headers: Pair[]): { body: ImportedRequest["body"]; headers: Pair[] } {
  const type = headers.find(({ name }) => name.toLowerCase() === "content-type")?.value ?? "";
  const others = headers.filter(({ name }) => name.toLowerCase() !== "content-type");
  if (JSON_TYPE.test(type) && isPlainJson(text)) return { body: { kind: "json", text: indent(text), fields: [] }, headers: others };
  const fields = FORM_TYPE.test(type) ? decodeForm(text) : null;
  if (fields) return { body: { kind: "form", text: "", fields }, headers: others };
  return { body: { kind: "text", text, fields: [] }, headers };
}

/** Tells whether a JSON text survives being parsed: no number loses digits, and no name is given twice. */
export function isPlainJson(text: string): boolean {
  try {
    return withoutSpace(text) === JSON.stringify(JSON.parse(text)) && JSON.parse(text) !== null;
  } catch {
    return false;
  }
}

function indent(text: string): string {
  const short = JSON.stringify(JSON.parse(text));
  return short.length <= 60 ? text.trim() : JSON.stringify(JSON.parse(text), null, 2);
}

function withoutSpace(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\s+/g, (part) => (part.startsWith('"') ? part : ""));
}

/** Returns the fields of a form; null if they would be sent otherwise than they are written. */
function decodeForm(text: string): Pair[] | null {
  const parts = text.split("&");
  const fields = parts.map((part) => [...new URLSearchParams(part.replace(/\r|\n/g, "%0A"))][0]);
  if (parts.some((part) => !/^[^=]+=/.test(part)) || fields.some((field) => field === undefined)) return null;
  const pairs = fields.map((field) => ({ name: field?.[0] ?? "", value: field?.[1] ?? "" }));
  const isSame = pairs.every(({ name, value }, at) => normalize(parts[at] ?? "") === normalize(`${encode(name)}=${encode(value)}`));
  return isSame && areTogether(pairs) ? pairs : null;
}

/** The form is an object: fields with the same name are sent next to each other. */
function areTogether(pairs: readonly Pair[]): boolean {
  const names = pairs.map(({ name }) => name).filter((name, at, all) => name !== all[at - 1]);
  return new Set(names).size === names.length && names.every((name) => !/^\d+$/.test(name));
}

function encode(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

function normalize(text: string): string {
  try {
    return text
      .split("=")
      .map((part) => decodeURIComponent(part.replaceAll("+", "%20")))
      .join("=");
  } catch {
    return `\0${text}`;
  }
}
