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

function navigate(to: string, options: Options = {}): void {
  const target = new URL(`#${to}`, location.href).href;
  if (!isGuarded(target)) return show(target, options);
  void askToLeave().then((isLeft) => isLeft && show(target, options));
}

function show(target: string, { replace = false }: Options): void {
  const oldURL = location.href;
  history[replace ? "replaceState" : "pushState"](null, "", target);
  shown = target;
  dispatchEvent(new HashChangeEvent("hashchange", { oldURL, newURL: target }));
}

type Guard = () => Promise<boolean>;
let guard: Guard | null = null;
let shown = location.href;

/** Asks before another page is shown, until the function that is returned is called. Other filters are no other page. */
export function guardPage(ask: Guard): () => void {
  guard = ask;
  return () => {
    if (guard === ask) guard = null;
  };
}

/** Lets the page be left without a question, as when it is saved. */
export function allowLeaving(): void {
  guard = null;
}

/** Tells whether the page that is shown asks before it is left. */
export function isPageGuarded(): boolean {
  return guard !== null;
}

function isGuarded(target: string): boolean {
  return guard !== null && target.split("?", 1)[0] !== shown.split("?", 1)[0];
}

async function askToLeave(): Promise<boolean> {
  const isLeft = (await guard?.()) ?? true;
  if (isLeft) guard = null;
  return isLeft;
}

// The browser goes back and forward without asking. Then the page is put in front again, and left if that is wanted.
addEventListener("hashchange", (event) => {
  if (!event.isTrusted) return; // of `show`
  if (!isGuarded(location.href)) {
    shown = location.href;
    return;
  }
  event.stopImmediatePropagation();
  history.pushState(null, "", shown);
  void askToLeave().then((isLeft) => isLeft && history.back());
});

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
