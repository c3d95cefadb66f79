// A field for JSON. Loaded with the first one that is shown.

import { json, jsonParseLinter } from "@codemirror/lang-json";
import { linter } from "@codemirror/lint";
import { EditorView } from "@codemirror/view";
import type { JSX } from "preact";

import { CodeEditor } from "./code-editor.tsx";

const checkJson = jsonParseLinter();
const EXTENSIONS = [json(), EditorView.lineWrapping, linter((view) => (view.state.doc.length === 0 ? [] : checkJson(view)))];

type Props = { label: string; initial: string; change: (text: string) => void; describedBy?: string | undefined };

export function JsonEditor(props: Props): JSX.Element {
  return <CodeEditor {...props} extensions={EXTENSIONS} />;
}
