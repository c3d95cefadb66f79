// CodeMirror as a field. Loaded with the pages that need it.

import "../styles/editor.css";

import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView, tooltips } from "@codemirror/view";
import { basicSetup } from "codemirror";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { theme } from "./theme.ts";
import { typeOverSelection } from "./typing.ts";

type Props = {
  label: string;
  initial: string;
  change: (text: string) => void;
  extensions: Extension;
  describedBy?: string | undefined;
  ready?: (view: EditorView) => void;
};

/** A text editor that begins with `initial`, and holds the text from then on. */
export function CodeEditor({ label, initial, change, extensions, describedBy, ready }: Props): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changed = useRef(change);
  changed.current = change;
  const language = useRef(new Compartment());
  useEffect(() => {
    const listener = EditorView.updateListener.of((update) => update.docChanged && changed.current(update.state.doc.toString()));
    const made = new EditorView({
      parent: place.current as HTMLDivElement,
      state: EditorState.create({
        doc: initial,
        extensions: [...baseOf(label, describedBy), language.current.of(extensions), listener],
      }),
    });
    view.current = made;
    ready?.(made);
    return () => made.destroy();
  }, []);
  useEffect(() => view.current?.dispatch({ effects: language.current.reconfigure(extensions) }), [extensions]);
  return <div ref={place} class="code-editor" />;
}

/** Replaces the text, which can be undone. */
export function replaceText(view: EditorView, text: string): void {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}

function baseOf(label: string, describedBy?: string | undefined): Extension[] {
  return [
    EditorView.cspNonce.of(document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? ""),
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", ...(describedBy && { "aria-describedby": describedBy }) }),
    basicSetup,
    typeOverSelection,
    tooltips({ position: "absolute" }),
    theme,
  ];
}
