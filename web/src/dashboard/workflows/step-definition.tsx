import type { JSX } from "preact";
import { stringify } from "yaml";

/** A step as it is written. */
export function StepDefinition({ name, step }: { name: string; step: Record<string, unknown> }): JSX.Element {
  return (
    <section class="step-definition" aria-label={`Step ${name}`}>
      <h3>{name}</h3>
      <pre>{stringify(step, { lineWidth: 100 }).trimEnd()}</pre>
    </section>
  );
}
