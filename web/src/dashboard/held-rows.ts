// Lists that stay as they are while the pointer or the focus is on them: what somebody is about to click must not move.

type Row = { id: string };
export type HeldRows<Shown extends Row> = { rows: Shown[]; gone: string[]; fresh: number };

/**
 * Returns the rows that were shown, each as it is in the latest ones of the same list, the IDs of those that these no longer
 * contain, and how many of the latest come before all that are shown.
 */
export function holdRows<Shown extends Row>(shown: Shown[], latest: Shown[]): HeldRows<Shown> {
  const byId = new Map(latest.map((row) => [row.id, row]));
  const gone = shown.filter(({ id }) => !byId.has(id)).map(({ id }) => id);
  return { rows: shown.map((row) => byId.get(row.id) ?? row), gone, fresh: countBefore(shown, latest) };
}

function countBefore(shown: Row[], latest: Row[]): number {
  const ids = new Set(shown.map(({ id }) => id));
  const first = latest.findIndex(({ id }) => ids.has(id));
  return first === -1 ? latest.length : first;
}
