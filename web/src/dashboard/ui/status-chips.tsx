import type { JSX } from "preact";

import { StatusShape, statusLook } from "./status.tsx";

type Props = { statuses: readonly string[]; chosen: readonly string[]; change: (chosen: string[]) => void };

/** The statuses that a list shows, each of which can be turned on. None means all. */
export function StatusChips({ statuses, chosen, change }: Props): JSX.Element {
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
          </button>
        );
      })}
    </div>
  );
}
