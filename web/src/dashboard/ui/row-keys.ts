// Rows of a list that are gone through by keys. The link of a row has the focus, so that Enter opens it.

const ROWS = "#main .row-link";

/** Moves the focus to the link of the next row, or of the one before; without a focused row to the first. */
export function moveRow(step: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>(ROWS)];
  const place = links.findIndex((link) => rowOf(link)?.contains(document.activeElement));
  const next = links[place === -1 ? 0 : Math.min(Math.max(place + step, 0), links.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

/** Turns the checkbox of the focused row on or off. */
export function toggleRow(): void {
  rowOf(document.activeElement)?.querySelector<HTMLInputElement>("input[type=checkbox]")?.click();
}

function rowOf(element: Element | null): Element | null {
  return element?.closest("#main tr, #main li") ?? null;
}
