import type { ComponentChildren, JSX } from "preact";
import { useEffect, useErrorBoundary } from "preact/hooks";
import { useLocation } from "wouter-preact";

import { EmptyState } from "./states.tsx";

/** Shows a page. If it throws, a fault is in its place, while the rest of the dashboard goes on, until another page is shown. */
export function PageGuard({ children }: { children: ComponentChildren }): JSX.Element {
  const [location] = useLocation();
  const [error, reset] = useErrorBoundary((thrown) => console.error(thrown));
  useEffect(reset, [location]);
  if (error === undefined) return <>{children}</>;
  return (
    <div role="alert">
      <EmptyState title="This page has failed">
        <p>It is a fault of the dashboard. The console of the browser has the details.</p>
        <button type="button" onClick={reset}>
          Try again
        </button>
      </EmptyState>
    </div>
  );
}
