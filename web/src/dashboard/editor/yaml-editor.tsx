// The editor of a workflow: the server checks what is typed.

import { autocompletion } from "@codemirror/autocomplete";
import { indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { forceLinting, lintGutter, linter, type Diagnostic } from "@codemirror/lint";
import { EditorState, type Extension, type Text } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";

import { readOnce } from "../client.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { readSecretNames } from "../secret-names.ts";
import { CodeEditor } from "./code-editor.tsx";
import { completeWorkflow, explainOnHover } from "./completion.ts";

const TYPING_MS = 350;
const ERRORS = graphql(`
  query WorkflowErrors($yaml: String!) {
    workflowErrors(yaml: $yaml) {
      message
      path
      line
      column
    }
  }
`);
export type WorkflowError = ResultOf<typeof ERRORS>["workflowErrors"][number];

type Props = {
  initial: string;
  change: (text: string) => void;
  found: (errors: WorkflowError[]) => void;
  describedBy: string;
  ready: (view: EditorView) => void;
};

/** The YAML of a workflow. Escape, then Tab leaves it. `found` gets all errors, each time when they were looked for. */
export function YamlEditor({ found, ...field }: Props): JSX.Element {
  const tell = useRef(found);
  tell.current = found;
  const extensions = useMemo((): Extension => {
    const check = async (view: EditorView): Promise<Diagnostic[]> => {
      const text = view.state.doc;
      const { data } = await readOnce(ERRORS, { yaml: text.toString() });
      const errors = data?.workflowErrors ?? [];
      if (data && view.state.doc.eq(text)) tell.current(errors);
      return errors.map((error) => ({ ...rangeOf(text, error), severity: "error" as const, message: error.message }));
    };
    return [
      keymap.of([indentWithTab]),
      yaml(),
      EditorState.tabSize.of(2),
      EditorView.lineWrapping,
      lintGutter(),
      linter(check, { delay: TYPING_MS }),
      autocompletion({ override: [(context) => completeWorkflow(context, readSecretNames)], icons: false }),
      explainOnHover,
    ];
  }, []);
  return <CodeEditor {...field} label="Workflow as YAML" extensions={extensions} ready={(view) => start(view, field.ready)} />;
}

function start(view: EditorView, ready: (view: EditorView) => void): void {
  forceLinting(view);
  ready(view);
}

/** Returns the part of the text that an error is about: from its column to the end of the word. */
export function rangeOf(text: Text, { line, column }: Pick<WorkflowError, "line" | "column">): { from: number; to: number } {
  if (line === null || line > text.lines) return { from: 0, to: Math.min(text.line(1).length, text.length) };
  const { from, to, text: content } = text.line(line);
  const start = Math.min(from + Math.max((column ?? 1) - 1, 0), to);
  const length = /^("[^"]*"|'[^']*'|[^\s,{}[\]:]+|.)/.exec(content.slice(start - from))?.[0].length ?? 0;
  return { from: start, to: Math.min(start + length, to) };
}

/** Puts the cursor at an error. */
export function goTo(view: EditorView, error: WorkflowError): void {
  const { from } = rangeOf(view.state.doc, error);
  view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
  view.focus();
}
