import type { JSX } from "preact";

import { formatCount } from "../format.ts";
import { StatusShape, statusLook } from "./status.tsx";

/** How many there are of a status, and whether there may be more. */
export type Count = { totalCount: number; totalCountIsExact: boolean };
type Props = {
  statuses: readonly string[];
  chosen: readonly string[];
  change: (chosen: string[]) => void;
  counts?: Record<string, Count> | undefined;
};

/** The statuses that a list shows, each of which can be turned on. None means all. */
export function StatusChips({ statuses, chosen, change, counts }: Props): JSX.Element {
  return (
    <div class="chips" role="group" aria-label="Status">
      {statuses.map((status) => {
        const isOn = chosen.includes(status);
        const next = isOn ? chosen.filter((each) => each !== status) : [...chosen, status];
        return (
          <button key={status} type="button" aria-pressed={isOn} onClick={() => change(next)}>
            <span aria-hidden="true">
              <StatusShape status={status} />
            </span>
            {statusLook(status).word}
            {counts && <Number {...counts[status.toLowerCase()]} />}
          </button>
        );
      })}
    </div>
  );
}

function Number({ totalCount = 0, totalCountIsExact = true }: Partial<Count>): JSX.Element | null {
  return totalCount === 0 ? null : <span class="count">{formatCount(totalCount, totalCountIsExact)}</span>;
}
