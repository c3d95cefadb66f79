// The tasks that are selected in the list.

import { useMemo, useState } from "preact/hooks";

type Row = { id: string };

export type Selection = {
  /** The IDs of the selected tasks; null if these are all that match the filter. */
  ids: ReadonlySet<string> | null;
  has: (id: string) => boolean;
  set: (ids: readonly string[]) => void;
  /** Selects all tasks that match the filter, on all pages. */
  setAll: () => void;
  /** Turns one on or off; with `isRange`, all from the one that was turned on before to this one. */
  toggle: (id: string, isRange: boolean, rows: readonly Row[]) => void;
};
type Selected = { ids: ReadonlySet<string> | null; last: string | null };
const NONE: Selected = { ids: new Set(), last: null };

/** Returns what is selected. It is empty again when `key`, which describes the list, changes. */
export function useSelection(key: string): Selection {
  const [selected, setSelected] = useState<Selected & { key: string }>({ ...NONE, key });
  return useMemo(() => {
    const { ids, last } = selected.key === key ? selected : NONE;
    const set = (next: readonly string[], from: string | null = null): void => setSelected({ ids: new Set(next), last: from, key });
    return {
      ids,
      has: (id) => ids === null || ids.has(id),
      set,
      setAll: () => setSelected({ ids: null, last: null, key }),
      toggle: (id, isRange, rows) => {
        const before = ids === null ? rows.map((row) => row.id) : [...ids];
        if (isRange && last !== null) set([...new Set([...before, ...rowsBetween(rows, last, id)])], id);
        else set(before.includes(id) ? before.filter((each) => each !== id) : [...before, id], id);
      },
    };
  }, [selected, key]);
}

function rowsBetween(rows: readonly Row[], one: string, other: string): string[] {
  const places = [rows.findIndex(({ id }) => id === one), rows.findIndex(({ id }) => id === other)];
  if (places.includes(-1)) return [other];
  return rows.slice(Math.min(...places), Math.max(...places) + 1).map(({ id }) => id);
}
