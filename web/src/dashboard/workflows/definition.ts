// What a workflow's definition tells: its steps and what they depend on, and its inputs. Pure.

export type StepKind = "job" | "wait" | "approval";

/** A step of a graph. `detail` is its job, the time that it waits, or who is asked. */
export type GraphStep = {
  key: string;
  kind: StepKind;
  detail: string;
  dependsOn: string[];
  isForEach: boolean;
  isConditional: boolean;
};

export type InputType = "string" | "integer" | "number" | "boolean" | "array" | "object" | "any";

/** An input of a workflow. It is required unless it has a default. */
export type InputSpec = { name: string; type: InputType; description: string; isRequired: boolean; defaultValue: unknown };

type Data = Record<string, unknown>;
const INPUT_TYPES: readonly string[] = ["string", "integer", "number", "boolean", "array", "object"];

/** Reads the steps of a definition, which may still have errors: what is no step is left out. */
export function readSteps(definition: unknown): GraphStep[] {
  const written = isData(definition) && Array.isArray(definition["steps"]) ? definition["steps"] : [];
  const steps: GraphStep[] = [];
  for (const step of written) {
    if (isData(step) && typeof step["key"] === "string") steps.push(readStep(step, step["key"], steps.at(-1)));
  }
  const keys = new Set(steps.map(({ key }) => key));
  return steps.map((step) => ({ ...step, dependsOn: step.dependsOn.filter((key) => keys.has(key) && key !== step.key) }));
}

/** Reads the inputs of a definition, in their order. */
export function readInputs(definition: unknown): InputSpec[] {
  const inputs = isData(definition) && isData(definition["inputs"]) ? definition["inputs"] : {};
  return Object.entries(inputs).map(([name, written]) => {
    const spec = isData(written) ? written : {};
    const type = INPUT_TYPES.find((each) => each === spec["type"]) ?? "any";
    const description = typeof spec["description"] === "string" ? spec["description"] : "";
    return { name, type: type as InputType, description, isRequired: !("default" in spec), defaultValue: spec["default"] };
  });
}

/** Returns a step as it is written, without what the graph shows of it; null if there is none with this key. */
export function findStep(definition: unknown, key: string): Data | null {
  const steps = isData(definition) && Array.isArray(definition["steps"]) ? definition["steps"] : [];
  const step: unknown = steps.find((each) => isData(each) && each["key"] === key);
  return isData(step) ? step : null;
}

function readStep(step: Data, key: string, previous: GraphStep | undefined): GraphStep {
  const dependsOn = field(step, "dependsOn", "depends_on");
  const inherited = previous === undefined ? [] : [previous.key];
  return {
    key,
    ...readKind(step),
    dependsOn: Array.isArray(dependsOn) ? dependsOn.filter((each) => typeof each === "string") : inherited,
    isForEach: field(step, "forEach", "for_each") !== undefined,
    isConditional: step["when"] !== undefined,
  };
}

function readKind({ job, wait, approval }: Data): { kind: StepKind; detail: string } {
  if (approval !== undefined) return { kind: "approval", detail: isData(approval) ? text(approval["by"]) : "" };
  if (wait === undefined) return { kind: "job", detail: text(job) };
  return { kind: "wait", detail: isData(wait) ? text(wait["duration"] ?? wait["until"]) : text(wait) };
}

function field(step: Data, name: string, other: string): unknown {
  return step[name] ?? step[other];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isData(value: unknown): value is Data {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
