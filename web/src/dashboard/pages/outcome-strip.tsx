import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { formatExact } from "../format.ts";
import { statusLook } from "../ui/status.tsx";
import type { RunRow } from "./runs-table.tsx";

const PLACES = 50;

/** The latest runs as a strip, the latest at its end. A bar's height is how long the run took, beside the others. */
export function OutcomeStrip({ runs }: { runs: RunRow[] }): JSX.Element {
  const shown = runs.slice(0, PLACES).reverse();
  const longest = Math.max(...shown.map(duration), 1);
  return (
    <ol class="strip" aria-label="Latest runs, the latest last">
      {shown.map((run) => {
        const { word, tone } = statusLook(run.status);
        const height = `${Math.max(Math.sqrt(duration(run) / longest) * 100, 18)}%`;
        return (
          <li key={run.id}>
            <Link href={`/runs/${run.id}`} title={`${word}\n${formatExact(Date.parse(run.dueAt))}`} class={`bar ${tone}`} style={{ height }}>
              <span class="hidden">{word}</span>
            </Link>
          </li>
        );
      })}
    </ol>
  );
}

function duration({ startedAt, finishedAt }: RunRow): number {
  return startedAt && finishedAt ? Math.max(Date.parse(finishedAt) - Date.parse(startedAt), 0) : 0;
}
