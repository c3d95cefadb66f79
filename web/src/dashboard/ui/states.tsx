// What is shown where there is nothing, nothing yet, or a fault.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

const SHORT_MS = 200;

export function EmptyState({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <p class="title">{title}</p>
      {children}
    </div>
  );
}

export function ErrorState({ message, retry }: { message: string; retry: () => void }): JSX.Element {
  return (
    <div class="empty" role="alert">
      <p class="title">This could not be loaded</p>
      <p>{message}</p>
      <button type="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

/** Lines in place of rows that are loading. Nothing is shown for a loading that takes a moment only. */
export function LoadingRows({ count = 5 }: { count?: number }): JSX.Element {
  const [isLong, setIsLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsLong(true), SHORT_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="loading" role="status" aria-label="Loading">
      {isLong && Array.from({ length: count }, (_, number) => <div key={number} class="line" />)}
    </div>
  );
}
