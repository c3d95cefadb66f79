import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { formatCount } from "../format.ts";
import { holdRows } from "../held-rows.ts";
import { type RunRow, RunsTable } from "./runs-table.tsx";

type Props = { runs: RunRow[]; named?: boolean };

/**
 * Runs as a table, whose rows keep their places while the mouse or the focus is on it. `list` says of which list the runs are:
 * the rows of another one replace them at once. `named` shows the task of each.
 */
export function LiveRunsTable({ list, ...props }: Props & { list: string }): JSX.Element {
  return <HeldRunsTable key={list} {...props} />;
}

function HeldRunsTable({ runs, named = false }: Props): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const [isPointed, setPointed] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const [presses, setPresses] = useState(0);
  const shown = useRef(runs);
  const { rows, gone, fresh } = holdRows(isPointed || isFocused ? shown.current : runs, runs);
  shown.current = rows;
  const showLatest = (): void => {
    shown.current = runs;
    setPresses(presses + 1);
  };
  useLayoutEffect(() => {
    if (presses > 0) place.current?.querySelector<HTMLElement>(".row-link")?.focus();
  }, [presses]);
  return (
    <div
      ref={place}
      class="live-list"
      onPointerMove={({ pointerType }) => pointerType !== "touch" && setPointed(true)}
      onPointerLeave={() => setPointed(false)}
      // not after a click, which leaves the focus where the mouse no longer is
      onFocusIn={({ currentTarget }) => setFocused(currentTarget.querySelector(":focus-visible") !== null)}
      onFocusOut={(event) => !isWithin(event) && setFocused(false)}
    >
      <NewRuns count={fresh} show={showLatest} />
      <RunsTable runs={rows} named={named} gone={gone} />
    </div>
  );
}

/** Tells whether the focus stays within the element. */
function isWithin({ currentTarget, relatedTarget }: JSX.TargetedFocusEvent<HTMLElement>): boolean {
  return relatedTarget instanceof Node && currentTarget.contains(relatedTarget);
}

/** A button that shows new runs. That there are some is announced once, not each time that their number changes. */
function NewRuns({ count, show }: { count: number; show: () => void }): JSX.Element {
  return (
    <div class="new-rows">
      <p class="hidden" role="status">
        {count > 0 && "There are new runs."}
      </p>
      {count > 0 && (
        <button type="button" onClick={show}>
          {formatCount(count)} new {count === 1 ? "run" : "runs"}
        </button>
      )}
    </div>
  );
}
