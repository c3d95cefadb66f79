// The step that a page tells more of: a part of its address, so that it can be shared.

import { useLocation, useSearch } from "wouter-preact";

const NAME = "step";

/** Returns the key of the step in the address; null if there is none. */
export function useSelectedStep(): string | null {
  return new URLSearchParams(useSearch()).get(NAME);
}

/** Returns where a step of this page leads: to more of it, or back if the page already tells more. */
export function useHref(key: string): string {
  const [path] = useLocation();
  const search = new URLSearchParams(useSearch());
  if (search.get(NAME) === key) search.delete(NAME);
  else search.set(NAME, key);
  const text = search.toString();
  return `#${path}${text && `?${text}`}`;
}
