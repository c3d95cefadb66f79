import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { useFilters } from "../address.ts";
import { formatCount } from "../format.ts";
import { graphql, type ResultOf, type VariablesOf } from "../graphql.ts";
import { isOfTasks, useLive } from "../live.ts";
import { Page, Section } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { DiscardButton } from "./discard-dead-letters.tsx";
import { ERROR_KINDS } from "./history-list.ts";
import { ReplayButton } from "./replay-dead-letters.tsx";
import { Replays } from "./replays.tsx";
import { RUN_ROW, RunsTable } from "./runs-table.tsx";
import "../styles/dead-letters.css";

const PAGE_SIZE = 30;
const DEAD_LETTERS = graphql(
  `
    query DeadLetters($filter: DeadLetterFilter, $first: Int!, $after: String) {
      deadLetterCauses {
        errorKind
        host
        count
        oldest
        newest
      }
      deadLetters(filter: $filter, first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...RunRow
        }
      }
    }
  `,
  [RUN_ROW],
);
export type DeadLetterFilter = NonNullable<VariablesOf<typeof DEAD_LETTERS>["filter"]>;
type Cause = ResultOf<typeof DEAD_LETTERS>["deadLetterCauses"][number];

export function DeadLettersPage(): JSX.Element {
  const [filters, setFilters] = useFilters();
  const [after, setAfter] = useState<string | null>(null);
  const filter = readFilter(filters);
  const { data, error, reread } = useLive(DEAD_LETTERS, { filter, first: PAGE_SIZE, after }, { concerns: isOfTasks });
  const letters = data?.deadLetters;
  const choose = (cause: Cause | null): void => {
    setAfter(null);
    setFilters({ error: cause?.errorKind ?? null, host: cause?.host ?? null });
  };
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <Page
      title="Dead letters"
      actions={
        letters &&
        letters.totalCount > 0 && (
          <>
            <DiscardButton filter={filter} count={letters.totalCount} done={reread} />
            <ReplayButton filter={filter} done={reread} />
          </>
        )
      }
    >
      <p class="faint">Runs that have failed for good. Repair the cause, then replay them: one first, and the others at a rate that the host can take.</p>
      {error && !data && <ErrorState message={error} retry={reread} />}
      {!error && !data && <LoadingRows count={8} />}
      <Replays />
      {data && data.deadLetterCauses.length > 0 && (
        <Section title="By cause" aside={isFiltered && <button type="button" class="link" onClick={() => choose(null)}>Show all</button>}>
          <CausesTable causes={data.deadLetterCauses} filters={filters} choose={choose} />
        </Section>
      )}
      {letters && letters.nodes.length > 0 && (
        <Section title={isFiltered ? "Runs with this cause" : "Runs"}>
          <RunsTable runs={letters.nodes} named />
          <Pager
            shown={letters.nodes.length}
            total={{ count: letters.totalCount, isExact: letters.totalCountIsExact }}
            pageInfo={letters.pageInfo}
            isFirst={after === null}
            go={setAfter}
          />
        </Section>
      )}
      {letters?.nodes.length === 0 && <EmptyState title={isFiltered ? "No run matches" : "No run has failed for good"} />}
    </Page>
  );
}

function readFilter(filters: URLSearchParams): DeadLetterFilter {
  const errorKind = ERROR_KINDS.find((each) => each === filters.get("error"));
  const host = filters.get("host");
  return { ...(errorKind && { errorKind }), ...(host && { host }) };
}

type CausesProps = { causes: readonly Cause[]; filters: URLSearchParams; choose: (cause: Cause | null) => void };

function CausesTable({ causes, filters, choose }: CausesProps): JSX.Element {
  const largest = Math.max(...causes.map(({ count }) => count));
  const isChosen = ({ errorKind, host }: Cause): boolean => filters.get("error") === errorKind && filters.get("host") === host;
  return (
    <div class="table-frame">
      <table class="causes">
        <thead>
          <tr>
            <th>Error</th>
            <th>Host</th>
            <th class="number">Runs</th>
            <th class="wide" aria-hidden="true" />
            <th>Latest</th>
          </tr>
        </thead>
        <tbody>
          {causes.map((cause) => (
            <tr key={`${cause.errorKind} ${cause.host}`} class={isChosen(cause) ? "chosen" : undefined}>
              <td class="nowrap">
                <button type="button" class="link" aria-pressed={isChosen(cause)} onClick={() => choose(isChosen(cause) ? null : cause)}>
                  {errorWord(cause.errorKind)}
                </button>
              </td>
              <td>{cause.host ?? <span class="faint">–</span>}</td>
              <td class="number">{formatCount(cause.count)}</td>
              <td class="wide">
                <meter min={0} max={largest} value={cause.count} aria-hidden="true" />
              </td>
              <td class="nowrap">
                <Time at={cause.newest} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function errorWord(kind: string | null): string {
  if (kind === null) return "Lost";
  const words = kind.toLowerCase().replaceAll("_", " ").replace(/\b(dns|tls|http|url)\b/g, (name) => name.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}
