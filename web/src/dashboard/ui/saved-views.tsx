// Views of a list that a user has named: its filters, kept in this browser for their account.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link, useLocation, useSearch } from "wouter-preact";

import { userEmail } from "../client.ts";
import { Dialog } from "./dialog.tsx";

const MAX_NAME = 40;
type View = { name: string; search: string };

const changes = signal(0);

function storageKey(path: string): string {
  return `tocsin:views:${userEmail.value ?? ""}:${path}`;
}

function readViews(path: string): View[] {
  changes.value; // read again after a change
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey(path)) ?? "[]");
    return Array.isArray(stored) ? stored.filter(isView) : [];
  } catch {
    return []; // written by something else
  }
}

function isView(value: unknown): value is View {
  return typeof value === "object" && value !== null && "name" in value && typeof value.name === "string" && "search" in value && typeof value.search === "string";
}

function writeViews(path: string, views: View[]): void {
  localStorage.setItem(storageKey(path), JSON.stringify(views));
  changes.value += 1;
}

/** The named views of the list of this page, and what names the present one or forgets it. */
export function SavedViews(): JSX.Element | null {
  const [path] = useLocation();
  const search = useSearch();
  const [isNaming, setIsNaming] = useState(false);
  const views = readViews(path);
  const current = views.find((each) => each.search === search);
  if (views.length === 0 && search === "") return null;
  return (
    <div class="views" role="group" aria-label="Saved views">
      {views.map((each) => (
        <Link key={each.name} href={`${path}?${each.search}`} aria-current={each === current ? "true" : undefined}>
          {each.name}
        </Link>
      ))}
      {current && (
        <button type="button" class="quiet" onClick={() => writeViews(path, views.filter((each) => each !== current))}>
          Forget this view
        </button>
      )}
      {!current && search !== "" && (
        <button type="button" class="quiet" onClick={() => setIsNaming(true)}>
          Save this view…
        </button>
      )}
      {isNaming && (
        <NameView
          close={() => setIsNaming(false)}
          save={(name) => writeViews(path, [...views.filter((each) => each.name !== name), { name, search }])}
        />
      )}
    </div>
  );
}

function NameView({ save, close }: { save: (name: string) => void; close: () => void }): JSX.Element {
  const [name, setName] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    if (name.trim() === "") return;
    save(name.trim());
    close();
  };
  return (
    <Dialog title="Save this view" close={close}>
      <form class="form" onSubmit={submit}>
        <label class="field">
          <span>Name</span>
          <input autofocus required maxLength={MAX_NAME} value={name} onInput={({ currentTarget }) => setName(currentTarget.value)} />
        </label>
        <p class="faint">It is kept in this browser.</p>
        <div class="buttons">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="main">
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}
