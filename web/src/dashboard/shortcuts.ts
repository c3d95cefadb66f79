// Keys that work on all pages, and what is told of them.

import { useEffect } from "preact/hooks";
import { useLocation } from "wouter-preact";

import { moveRow, toggleRow } from "./ui/row-keys.ts";

/** The letters of the pages that `g` goes to. */
export const PAGE_KEYS: Record<string, { path: string; name: string }> = {
  o: { path: "/", name: "Overview" },
  t: { path: "/tasks", name: "Tasks" },
  h: { path: "/runs", name: "History" },
  w: { path: "/workflows", name: "Workflows" },
  q: { path: "/queues", name: "Queues" },
  i: { path: "/incidents", name: "Incidents" },
  d: { path: "/dead-letters", name: "Dead letters" },
  n: { path: "/notifications", name: "Notifications" },
};

/** The keys and what they do, for people. */
export const KEYS: [string, string][] = [
  ...Object.entries(PAGE_KEYS).map(([key, { name }]): [string, string] => [`g ${key}`, name]),
  ["Ctrl K", "Go to or do anything"],
  ["/", "Search on this page"],
  ["j", "Next row"],
  ["k", "Row before"],
  ["Enter", "Open the row"],
  ["x", "Select the row"],
  ["e", "Edit what is shown"],
  ["p", "Pause or resume it"],
  ["R", "Run it, or retry the run"],
  ["c", "New task"],
  ["?", "These keys"],
  ["Esc", "Close"],
];

type Dialogs = { showHelp: () => void; showMenu: () => void };

/** Listens to the keys, except while somebody is typing or a dialog is open. */
export function useShortcuts({ showHelp, showMenu }: Dialogs): void {
  const [, navigate] = useLocation();
  useEffect(() => {
    let isGoing = false;
    const keys: Record<string, (event: KeyboardEvent) => void> = {
      "?": showHelp,
      "/": focusSearch,
      j: () => moveRow(1),
      k: () => moveRow(-1),
      x: toggleRow,
      c: () => navigate("/tasks/new"),
    };
    const listen = (event: KeyboardEvent): void => {
      if (document.querySelector("dialog[open]")) return;
      if (isMenuKey(event)) {
        event.preventDefault();
        showMenu();
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const page = isGoing ? PAGE_KEYS[event.key] : undefined;
      isGoing = event.key === "g";
      if (page) navigate(page.path);
      else (keys[event.key] ?? pressButton)(event);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [navigate]);
}

/** Presses the button or link of the page that names this key. */
function pressButton({ key }: KeyboardEvent): void {
  if (!/^[a-z]$/i.test(key)) return;
  const name = key === key.toLowerCase() ? key : `Shift+${key}`;
  document.querySelector<HTMLElement>(`#main [aria-keyshortcuts="${name}"]:not(:disabled)`)?.click();
}

function isMenuKey({ key, ctrlKey, metaKey }: KeyboardEvent): boolean {
  return key.toLowerCase() === "k" && (ctrlKey || metaKey);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !isBox(target));
}

/** Tells whether it is a checkbox, into which nobody types. */
function isBox(target: HTMLElement): boolean {
  return target instanceof HTMLInputElement && target.type === "checkbox";
}

function focusSearch(event: Event): void {
  const search = document.querySelector<HTMLInputElement>("#main [type=search]");
  if (search === null) return;
  event.preventDefault();
  search.focus();
}
