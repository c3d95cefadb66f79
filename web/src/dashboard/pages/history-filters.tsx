import type { JSX } from "preact";

import { readDay } from "../days.ts";
import { formatMoment } from "../format.ts";
import { graphql } from "../graphql.ts";
import { useLive } from "../live.ts";
import { StatusChips } from "../ui/status-chips.tsx";
import { now } from "../ui/time.tsx";
import { ERROR_KINDS, readPeriod, readStatuses, STATUSES, TRIGGERS } from "./history-list.ts";
import { ERROR_WORDS, TRIGGER_WORDS } from "./run-words.ts";

const TASK_NAME = graphql(`query TaskName($id: ID!) { task(id: $id) { name } }`);
type Props = { filters: URLSearchParams; change: (changes: Record<string, string | null>) => void };

/** The filters of the history, which are all in the address. */
export function HistoryFilters({ filters, change }: Props): JSX.Element {
  const task = filters.get("task");
  const named = (name: string): { value: string; onChange: (event: Event) => void } => ({
    value: filters.get(name) ?? "",
    onChange: (event) => change({ [name]: (event.currentTarget as HTMLInputElement | HTMLSelectElement).value }),
  });
  const isFiltered = [...filters.keys()].length > 0;
  return (
    <div class="history-filters">
      <StatusChips statuses={STATUSES} chosen={readStatuses(filters)} change={(chosen) => change({ status: chosen.join(",") })} />
      <div class="row">
        <label>
          <span>From</span>
          <input type="date" {...named("from")} value={readDay(filters, "from")} />
        </label>
        <label>
          <span>To</span>
          <input type="date" {...named("to")} value={readDay(filters, "to")} />
        </label>
        <label>
          <span>Origin</span>
          <select {...named("trigger")}>
            <option value="">All</option>
            {TRIGGERS.map((each) => (
              <option key={each} value={each}>
                {TRIGGER_WORDS[each]}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Error</span>
          <select {...named("error")}>
            <option value="">All</option>
            {ERROR_KINDS.map((each) => (
              <option key={each} value={each}>
                {ERROR_WORDS[each]}
              </option>
            ))}
          </select>
        </label>
        <ChosenPeriod filters={filters} clear={() => change({ since: null, until: null })} />
        {task && <ChosenTask id={task} clear={() => change({ task: null })} />}
        {isFiltered && (
          <button type="button" class="quiet" onClick={() => change(Object.fromEntries([...filters.keys()].map((each) => [each, null])))}>
            Clear all
          </button>
        )}
      </div>
    </div>
  );
}

function ChosenTask({ id, clear }: { id: string; clear: () => void }): JSX.Element {
  const { data } = useLive(TASK_NAME, { id }, { concerns: () => false });
  const name = data?.task?.name ?? "one task";
  return (
    <button type="button" class="chosen-task" aria-label={`Runs of ${name}: show those of all tasks`} onClick={clear}>
      {name} ✕
    </button>
  );
}

/** The period of a bar of a chart, which takes the place of the days. */
function ChosenPeriod({ filters, clear }: { filters: URLSearchParams; clear: () => void }): JSX.Element | null {
  const { since, until } = readPeriod(filters);
  if (!since && !until) return null;
  const [from = "the beginning", to = "now"] = [since, until].map((each) => (each ? formatMoment(Date.parse(each), now.peek()) : undefined));
  return (
    <button type="button" class="chosen-task" aria-label={`Due from ${from} to ${to}: show those of all times`} onClick={clear}>
      {from} – {to} ✕
    </button>
  );
}
