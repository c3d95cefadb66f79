// The JSON Schema of workflows, which Tocsin ships, as an editor needs it: what may stand where. Pure.

import shipped from "../../../../src/tocsin/workflows/workflow.schema.json";

export type Schema = {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  examples?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
};

/** A place in a document: names of members and indexes of items. */
export type Path = readonly (string | number)[];

const ROOT: Schema = shipped as Schema;

/** Returns all schemas that what stands at this path may follow. */
export function schemasAt(path: Path, root: Schema = ROOT): Schema[] {
  let found = alternatives(root);
  for (const part of path) found = found.flatMap((schema) => within(schema, part)).flatMap(alternatives);
  return found;
}

/** Returns the members that an object at this path can have. */
export function membersAt(path: Path): Map<string, Schema> {
  const members = new Map<string, Schema>();
  for (const { properties = {} } of schemasAt(path)) {
    for (const [name, schema] of Object.entries(properties)) members.set(name, merge(schema));
  }
  return members;
}

/** Returns the values that are known for this path. */
export function valuesAt(path: Path): string[] {
  const values = schemasAt(path).flatMap(({ enum: listed, examples, type }) => [
    ...(listed ?? examples ?? []),
    ...(type === "boolean" ? [true, false] : []),
  ]);
  return [...new Set(values.map(String))];
}

/** Says what kind of value a schema asks for, such as "string" or "one of SKIP, QUEUE". */
export function describeType(schema: Schema): string {
  const kinds = alternatives(schema).map(({ type, enum: listed, properties }) => {
    if (listed) return listed.join(" | ");
    return type ?? (properties ? "object" : "any value");
  });
  const fallback = merge(schema).default;
  const isTold = fallback !== undefined && typeof fallback !== "object" && fallback !== "";
  return [...new Set(kinds)].join(" or ") + (isTold ? `, default ${String(fallback)}` : "");
}

/** Returns a schema with what it refers to: its own description goes first. */
export function merge(schema: Schema): Schema {
  const target = schema.$ref && ROOT.$defs?.[schema.$ref.replace("#/$defs/", "")];
  return target ? { ...target, ...schema } : schema;
}

function alternatives(schema: Schema): Schema[] {
  const whole = merge(schema);
  return whole.anyOf ? whole.anyOf.flatMap(alternatives) : [whole];
}

function within({ properties, patternProperties, items }: Schema, part: string | number): Schema[] {
  if (typeof part === "number") return items ? [items] : [];
  const named = properties?.[part];
  if (named) return [named];
  return Object.entries(patternProperties ?? {}).flatMap(([pattern, schema]) => (new RegExp(pattern).test(part) ? [schema] : []));
}
