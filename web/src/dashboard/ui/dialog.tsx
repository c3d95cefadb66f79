// Dialogs: the browser's own, which keep the focus and close by Escape.

import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

type Props = { title: string; close: () => void; children: ComponentChildren; class?: string };

/** A dialog over the page. It calls `close` by Escape and by a click beside it. */
export function Dialog({ title, close, children, class: look }: Props): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const dialog = element.current;
    dialog?.showModal();
    return () => {
      dialog?.close(); // nothing beside an open one takes the focus
      giveFocus(before);
    };
  }, []);
  const cancel = (event: Event): void => {
    event.preventDefault();
    close();
  };
  return (
    <dialog ref={element} class={look} aria-label={title} onCancel={cancel} onClick={(event) => event.target === element.current && close()}>
      <div class="contents">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

/** Returns the focus to where it was, or to the page if that is gone. */
function giveFocus(before: Element | null): void {
  const place = before instanceof HTMLElement && before.isConnected && before !== document.body ? before : document.getElementById("main");
  place?.focus({ preventScroll: true });
}

type Question = { title: string; text: ComponentChildren; action: string; isDestructive?: boolean };
type Asked = Question & { answer: (isConfirmed: boolean) => void };

const asked = signal<Asked | null>(null);

/** Asks before something that cannot be undone. `action` is the word on the button that does it. */
export function confirm(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (isConfirmed) => {
        asked.value = null;
        resolve(isConfirmed);
      },
    };
  });
}

/** Shows what `confirm` asks. There is one, in the frame around the pages. */
export function Confirmation(): JSX.Element | null {
  const question = asked.value;
  if (question === null) return null;
  const { title, text, action, isDestructive = true, answer } = question;
  return (
    <Dialog title={title} close={() => answer(false)}>
      <div class="text">{text}</div>
      <div class="buttons">
        <button type="button" autofocus onClick={() => answer(false)}>
          Cancel
        </button>
        <button type="button" class={isDestructive ? "destructive" : "main"} onClick={() => answer(true)}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}
