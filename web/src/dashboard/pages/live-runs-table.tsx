import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";

import { formatCount } from "../format.ts";
import { holdRows } from "../held-rows.ts";
import { type RunRow, RunsTable } from "./runs-table.tsx";

/** Runs as a table, whose rows keep their places while the mouse or the focus is on it. `named` shows the task of each. */
export function LiveRunsTable({ runs, named = false }: { runs: RunRow[]; named?: boolean }): JSX.Element {
  const [isHeld, setHeld] = useState(false);
  const shown = useRef(runs);
  const { rows, gone, fresh } = isHeld ? holdRows(shown.current, runs) : { rows: runs, gone: [], fresh: 0 };
  shown.current = rows;
  const release = (): void => setHeld(false);
  return (
    <div
      class="live-list"
      onPointerMove={({ pointerType }) => pointerType === "mouse" && setHeld(true)}
      onPointerLeave={release}
      onFocusIn={() => setHeld(true)}
      onFocusOut={release}
    >
      <RunsTable runs={rows} named={named} gone={gone} />
      <p class="new-rows" role="status">
        {fresh > 0 && (
          <button type="button" onClick={release}>
            {formatCount(fresh)} new
          </button>
        )}
      </p>
    </div>
  );
}
