// A field for JSON. Loaded with the first one that is shown.

import { json } from "@codemirror/lang-json";
import { type Diagnostic, linter } from "@codemirror/lint";
import { EditorView } from "@codemirror/view";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import { readJson } from "../json-text.ts";
import { CodeEditor } from "./code-editor.tsx";

const EXTENSIONS = [json(), EditorView.lineWrapping, linter(check)];

type Props = { label: string; initial: string; change: (text: string) => void; describedBy?: string | undefined; isWrong?: boolean };

/** Tab leaves it, as any field of a form. `isWrong` marks it for screen readers, and for the form that looks for what to mend. */
export function JsonEditor({ describedBy, isWrong = false, ...props }: Props): JSX.Element {
  const extensions = useMemo(
    () => [...EXTENSIONS, EditorView.contentAttributes.of({ "aria-invalid": String(isWrong), ...(describedBy && { "aria-describedby": describedBy }) })],
    [isWrong, describedBy],
  );
  return <CodeEditor {...props} extensions={extensions} />;
}

function check({ state: { doc } }: EditorView): Diagnostic[] {
  if (doc.length === 0) return [];
  const { fault } = readJson(doc.toString());
  if (!fault) return [];
  const from = Math.min(fault.at, doc.length);
  return [{ from, to: Math.min(from + 1, doc.length), severity: "error", message: fault.message }];
}
