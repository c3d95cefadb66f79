// Short messages about what was done, which can be undone for ten seconds.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

const SHOWN_MS = 10_000;
const MAX_SHOWN = 3;

type Toast = { id: number; text: string; undo: (() => unknown) | undefined; ended: (() => unknown) | undefined; isProblem: boolean };
type Options = {
  undo?: () => unknown;
  /** Called when it can no longer be undone. */
  ended?: () => unknown;
  isProblem?: boolean;
};

const toasts = signal<readonly Toast[]>([]);
let lastId = 0;

/** Tells what was done, or that it was refused. `undo` is offered as long as that is shown. */
export function showToast(text: string, { undo, ended, isProblem = false }: Options = {}): void {
  lastId += 1;
  toasts.value = [...toasts.value, { id: lastId, text, undo, ended, isProblem }];
  for (const { id } of toasts.value.slice(0, -MAX_SHOWN)) end(id);
}

function hide(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id);
}

function end(id: number): void {
  const toast = toasts.value.find((each) => each.id === id);
  hide(id);
  toast?.ended?.();
}

/** Ends those that something waits for. */
export function endToasts(): void {
  for (const { id, ended } of toasts.value) if (ended) end(id);
}

/** Hides all toasts. What waits for their end is not done. */
export function forgetToasts(): void {
  toasts.value = [];
}

/** Shows the toasts. There is one, in the frame around the pages. */
export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <ToastLine key={toast.id} {...toast} />
      ))}
    </div>
  );
}

/** One toast. It stays while the pointer or the focus is on it. */
function ToastLine({ id, text, undo, isProblem }: Toast): JSX.Element {
  const [isHeld, setIsHeld] = useState(false);
  useEffect(() => {
    if (isHeld) return;
    const timer = setTimeout(() => end(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, isHeld]);
  const hold = { onMouseEnter: () => setIsHeld(true), onMouseLeave: () => setIsHeld(false) };
  return (
    <div class={isProblem ? "toast bad" : "toast"} {...hold} onFocusCapture={() => setIsHeld(true)} onBlurCapture={() => setIsHeld(false)}>
      <span>{text}</span>
      {undo && (
        <button type="button" class="link" onClick={() => (hide(id), void undo())}>
          Undo
        </button>
      )}
      <button type="button" class="quiet" aria-label="Dismiss" onClick={() => end(id)}>
        ✕
      </button>
    </div>
  );
}
