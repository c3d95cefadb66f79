// The field for JSON in forms. Its editor is loaded when it is first shown.

import "../styles/json-field.css";

import type { JSX } from "preact";
import { lazy, Suspense } from "preact/compat";

import type { ControlProps } from "../ui/form.tsx";

const JsonEditor = lazy(async () => (await import("./json-editor.tsx")).JsonEditor);

type Props = { control: ControlProps; label: string; initial: string; change: (text: string) => void };

export function JsonControl({ control, label, initial, change }: Props): JSX.Element {
  const isWrong = control["aria-invalid"];
  return (
    <div class="json-field" data-invalid={isWrong || undefined}>
      <Suspense fallback={<div class="code-editor" />}>
        <JsonEditor label={label} initial={initial} change={change} describedBy={control["aria-describedby"]} isWrong={isWrong} />
      </Suspense>
    </div>
  );
}
