// Completion and explanations in the YAML of a workflow, from the JSON Schema of workflows.

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { hoverTooltip, type Tooltip } from "@codemirror/view";
import { isMap, isScalar, isSeq, type Node, type Pair } from "yaml";

import { parseText } from "../workflows/yaml-text.ts";
import { placeAt } from "./place.ts";
import { describeType, membersAt, type Path, type Schema, schemasAt, valuesAt } from "./schema.ts";

const EXPRESSION = /\$\{\{(?:(?!\}\}).)*$/;
const REFERENCE = /\b(inputs|steps|secrets)\.(\w*)$/;
const STEP_KEY = /^\s*-\s+(?:\{\s*)?key:\s*(\w+)/gm;
const LONG = new Set(["object", "array"]);

type ReadNames = () => Promise<string[]>;
type Completed = CompletionResult | null;

/** Completes members, values that are known, keys of steps, and what expressions refer to, secrets by their names too. */
export function completeWorkflow(context: CompletionContext, readSecretNames: ReadNames): Completed | Promise<Completed> {
  const before = context.state.sliceDoc(0, context.pos);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  if (line.trimStart().startsWith("#")) return null;
  const text = context.state.doc.toString();
  if (EXPRESSION.test(line)) return completeReference(line, text, context.pos, readSecretNames);
  const { path, key, word, isItem } = placeAt(before);
  const from = context.pos - word.length;
  if (word === "" && !context.explicit && line.trim() !== "" && !/[:{,[-]\s$/.test(line)) return null;
  const options = key === null ? [...members(path, line), ...items(path, isItem, text)] : values([...path, key], text);
  return options.length === 0 ? null : { from, options, validFor: /^[\w-]*$/ };
}

function members(path: Path, line: string): Completion[] {
  const isInBraces = /[{,]\s*[\w-]*$/.test(line);
  return [...membersAt(path)].map(([name, schema]) => {
    const more = !isInBraces && LONG.has(schema.type ?? "");
    return { label: name, type: "property", detail: describeType(schema), info: schema.description ?? "", apply: `${name}:${more ? "" : " "}` };
  });
}

function items(path: Path, isItem: boolean, text: string): Completion[] {
  return isItem && path.includes("dependsOn") ? stepKeys(text).map((label) => ({ label, type: "variable" })) : [];
}

function values(path: Path, text: string): Completion[] {
  if (path.at(-1) === "dependsOn") return stepKeys(text).map((label) => ({ label: `[${label}]`, type: "variable" }));
  return valuesAt(path).map((label) => ({ label, type: "enum" }));
}

function completeReference(line: string, text: string, at: number, readSecretNames: ReadNames): Completed | Promise<Completed> {
  const [, scope, word = ""] = REFERENCE.exec(line) ?? [];
  const offer = (names: readonly string[]): CompletionResult => ({
    from: at - word.length,
    options: names.map((label) => ({ label, type: "variable" })),
    validFor: /^\w*$/,
  });
  if (scope === "secrets") return readSecretNames().then(offer);
  if (scope === "steps") return offer(stepKeys(text).map((key) => `${key}.result`));
  return scope === "inputs" ? offer(inputNames(text)) : null;
}

function stepKeys(text: string): string[] {
  return [...text.matchAll(STEP_KEY)].map(([, key]) => key ?? "");
}

function inputNames(text: string): string[] {
  const inputs: unknown = parseText(text).get("inputs");
  return isMap(inputs) ? inputs.items.map(({ key }) => String(key)) : [];
}

/** Explains the member under the mouse. */
export const explainOnHover = hoverTooltip((view, at): Tooltip | null => {
  const found = memberAt(parseText(view.state.doc.toString()).contents, at, []);
  const schema = found && schemasAt(found.path)[0];
  if (!found || !schema) return null;
  const name = String(found.path.at(-1));
  return { pos: found.from, end: found.to, above: true, create: () => ({ dom: explanation(name, schema) }) };
});

type Member = { path: Path; from: number; to: number };

/** Finds the member whose name is at this position. */
export function memberAt(node: unknown, at: number, path: Path): Member | null {
  if (isSeq(node)) {
    const index = node.items.findIndex((item) => contains(item as Node, at));
    return index < 0 ? null : memberAt(node.items[index], at, [...path, index]);
  }
  if (!isMap(node)) return null;
  for (const { key, value } of node.items as Pair[]) {
    if (!isScalar(key) || !key.range) continue;
    const inner = [...path, String(key.value)];
    if (at >= key.range[0] && at <= key.range[1]) return { path: inner, from: key.range[0], to: key.range[1] };
    if (contains(value as Node, at)) return memberAt(value, at, inner);
  }
  return null;
}

function contains(node: Node | null, at: number): boolean {
  return Boolean(node?.range && at >= node.range[0] && at < node.range[2]);
}

function explanation(name: string, schema: Schema): HTMLElement {
  const dom = document.createElement("div");
  dom.className = "cm-schema";
  const [head, type] = [document.createElement("strong"), document.createElement("p")];
  head.textContent = name;
  type.className = "type";
  type.textContent = describeType(schema);
  dom.append(head, type);
  if (schema.description) {
    const text = document.createElement("p");
    text.textContent = schema.description;
    dom.append(text);
  }
  return dom;
}
