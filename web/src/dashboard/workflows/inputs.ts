// The values that a person enters for the inputs of a workflow. Pure.

import { readJson, tellFault } from "../json-text.ts";
import type { InputSpec } from "./definition.ts";

/** What stands in the fields, by the name of the input. A value that is left out is not in it. */
export type Entries = Record<string, string>;
export type Faults = Record<string, string>;
export type ReadInputs = { input: Record<string, unknown>; faults: Faults };

const FRACTION = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const INTEGER = /^-?(0|[1-9]\d*)$/;

/** Returns the entries with which a form begins: the defaults, or the inputs of an earlier run. */
export function initialEntries(specs: InputSpec[], given: Record<string, unknown> = {}): Entries {
  const entries: Entries = {};
  for (const spec of specs) {
    const value = spec.name in given ? given[spec.name] : spec.defaultValue;
    entries[spec.name] = value === undefined ? (spec.type === "boolean" ? "false" : "") : toText(spec, value);
  }
  return entries;
}

/** Reads the entries as values of their types. */
export function readEntries(specs: InputSpec[], entries: Entries): ReadInputs {
  const input: Record<string, unknown> = {};
  const faults: Faults = {};
  for (const spec of specs) {
    const text = entries[spec.name] ?? "";
    const isEmpty = text.trim() === "";
    if (isEmpty && spec.isRequired) faults[spec.name] = "Enter a value.";
    if (isEmpty && (spec.isRequired || spec.type !== "string")) continue;
    const value = readEntry(spec, text);
    if (value.fault === undefined) input[spec.name] = value.value;
    else faults[spec.name] = value.fault;
  }
  return { input, faults };
}

function toText({ type }: InputSpec, value: unknown): string {
  return type === "string" && typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

type Entry = { value: unknown; fault?: undefined } | { fault: string };

function readEntry({ type }: InputSpec, text: string): Entry {
  if (type === "string") return { value: text };
  if (type === "integer") return readInteger(text.trim());
  if (type === "number") return FRACTION.test(text.trim()) ? { value: Number(text) } : { fault: "Enter a number, such as 2.5." };
  if (type === "boolean") return { value: text === "true" };
  return readDocument(type, text);
}

function readInteger(text: string): Entry {
  if (!INTEGER.test(text)) return { fault: "Enter a whole number." };
  return Number.isSafeInteger(Number(text)) ? { value: Number(text) } : { fault: "This number is too large." };
}

function readDocument(type: "array" | "object" | "any", text: string): Entry {
  const { value, fault } = readJson(text);
  if (fault) return { fault: `This is not JSON. ${tellFault(fault)}` };
  if (type === "array" && !Array.isArray(value)) return { fault: "Enter a JSON array, such as [1, 2]." };
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (type === "object" && !isObject) return { fault: 'Enter a JSON object, such as {"a": 1}.' };
  return { value };
}
