// The address of a page and its filters: both are in the fragment, as in `#/tasks?status=FAILED`, so that they can be
// shared, and work below any path prefix of a proxy.

import { useCallback, useSyncExternalStore } from "preact/compat";
import { useLocation, useSearch } from "wouter-preact";

type Filters = Record<string, string | null>;
type Options = { replace?: boolean };

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

function parts(): [string, string] {
  const [path = "", search = ""] = location.hash.replace(/^#?\/?/, "").split("?", 2);
  return [`/${path}`, search];
}

function navigate(to: string, { replace = false }: Options = {}): void {
  const oldURL = location.href;
  history[replace ? "replaceState" : "pushState"](null, "", `#${to}`);
  dispatchEvent(new HashChangeEvent("hashchange", { oldURL, newURL: location.href }));
}

/** The location for wouter's router: the path in the fragment. */
export function usePageLocation(): [string, typeof navigate] {
  return [useSyncExternalStore(subscribe, () => parts()[0]), navigate];
}
usePageLocation.hrefs = (path: string): string => `#${path}`;

/** The search for wouter's router: what follows the path in the fragment. */
export function usePageSearch(): string {
  return useSyncExternalStore(subscribe, () => parts()[1]);
}

/** Returns the filters in the address, and a function that changes some of them; null removes one. */
export function useFilters(): [URLSearchParams, (changes: Filters) => void] {
  const [path, go] = useLocation();
  const search = useSearch();
  const change = useCallback(
    (changes: Filters) => {
      const next = new URLSearchParams(search);
      for (const [name, value] of Object.entries(changes)) {
        if (value) next.set(name, value);
        else next.delete(name);
      }
      const text = next.toString();
      go(text ? `${path}?${text}` : path, { replace: true });
    },
    [path, go, search],
  );
  return [new URLSearchParams(search), change];
}
