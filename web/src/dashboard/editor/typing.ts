// Typing over a selection, without the browser's help. Chromium would give the new text the look of the old one by an
// inline style, which the Content-Security-Policy forbids and reports.

import { EditorView } from "@codemirror/view";

export const typeOverSelection = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { data, inputType, isComposing, cancelable } = event;
    if (inputType !== "insertText" || !data || isComposing || !cancelable || view.state.selection.main.empty) return false;
    const { from, to } = view.state.selection.main;
    const insert = (): ReturnType<typeof view.state.update> =>
      view.state.update({ ...view.state.replaceSelection(data), userEvent: "input.type", scrollIntoView: true });
    const handlers = view.state.facet(EditorView.inputHandler); // such as the one that closes brackets
    if (!handlers.some((handle) => handle(view, from, to, data, insert))) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});
