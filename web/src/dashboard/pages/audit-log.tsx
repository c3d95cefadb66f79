import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { useFilters } from "../address.ts";
import { readDay, startOfDay } from "../days.ts";
import { formatEnum } from "../format.ts";
import { graphql, type ResultOf, type VariablesOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Pager } from "../ui/pager.tsx";
import { SearchField } from "../ui/search-field.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { never } from "./account-profile.tsx";
import { AUDIT_GROUPS } from "./audit-actions.ts";
import { describeBrowser } from "./browsers.ts";

const PAGE_SIZE = 50;
const AUDIT_LOG = graphql(`
  query AuditLog($filter: AuditFilter, $first: Int!, $after: String) {
    auditLog(filter: $filter, first: $first, after: $after) {
      totalCount
      totalCountIsExact
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        at
        action
        actor
        email
        detail
        address
        userAgent
      }
    }
  }
`);
type Entry = ResultOf<typeof AUDIT_LOG>["auditLog"]["nodes"][number];
type Filter = NonNullable<VariablesOf<typeof AUDIT_LOG>["filter"]>;

export function AuditLog(): JSX.Element {
  const [filters, setFilters] = useFilters();
  const [after, setAfter] = useState<string | null>(null);
  const { data, error, reread } = useLive(AUDIT_LOG, { filter: readFilter(filters), first: PAGE_SIZE, after }, { concerns: never });
  const change = (changes: Record<string, string | null>): void => {
    setAfter(null);
    setFilters(changes);
  };
  const log = data?.auditLog;
  return (
    <>
      <FilterBar filters={filters} change={change} />
      {error && !log && <ErrorState message={error} retry={reread} />}
      {!error && !log && <LoadingRows count={10} />}
      {log && log.nodes.length > 0 && (
        <>
          <EntriesTable entries={log.nodes} />
          <Pager
            shown={log.nodes.length}
            total={{ count: log.totalCount, isExact: log.totalCountIsExact }}
            pageInfo={log.pageInfo}
            isFirst={after === null}
            go={setAfter}
          />
        </>
      )}
      {log?.nodes.length === 0 && <EmptyState title={filters.size > 0 ? "No entry matches" : "The audit log is empty"} />}
    </>
  );
}

type BarProps = { filters: URLSearchParams; change: (changes: Record<string, string | null>) => void };

function FilterBar({ filters, change }: BarProps): JSX.Element {
  return (
    <div class="toolbar">
      <label class="inline">
        Action
        <select value={filters.get("action") ?? ""} onChange={(event) => change({ action: event.currentTarget.value || null })}>
          <option value="">Any</option>
          {AUDIT_GROUPS.map(({ name, actions }) => (
            <optgroup key={name} label={name}>
              {actions.map((action) => (
                <option key={action} value={action}>
                  {formatEnum(action)}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      {(["from", "to"] as const).map((name) => (
        <label key={name} class="inline">
          {formatEnum(name)}
          <input type="date" value={readDay(filters, name)} onChange={(event) => change({ [name]: event.currentTarget.value || null })} />
        </label>
      ))}
      <SearchField
        key={filters.get("email") ? "set" : "unset"}
        label="Address of the account"
        value={filters.get("email") ?? ""}
        change={(email) => change({ email: email || null })}
      />
    </div>
  );
}

/** Returns the filter in the address. Days begin and end at midnight in the browser's time zone. */
function readFilter(filters: URLSearchParams): Filter {
  const action = AUDIT_GROUPS.flatMap(({ actions }) => actions).find((each) => each === filters.get("action"));
  const email = filters.get("email");
  const from = startOfDay(readDay(filters, "from"));
  const to = startOfDay(readDay(filters, "to"), 1); // the end is exclusive
  return { ...(action && { action: [action] }), ...(email && { email }), ...((from ?? to) && { at: { from, to } }) };
}

function EntriesTable({ entries }: { entries: readonly Entry[] }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Time</th>
            <th>Action</th>
            <th class="spare">Account</th>
            <th class="spare">By</th>
            <th class="spare">From</th>
          </tr>
        </thead>
        <tbody>
          {entries.map(({ id, at, action, actor, email, detail, address, userAgent }) => (
            <tr key={id}>
              <td class="nowrap">
                <Time at={at} as="moment" />
              </td>
              <td class="action">
                <span class={action === "LOG_IN_FAILED" || action === "REFRESH_TOKEN_REUSED" ? "bad-text" : ""}>{formatEnum(action)}</span>
                <p class="only-narrow small">{email}</p>
                {detail && <p class="faint small">{detail}</p>}
              </td>
              <td class="spare breakable">{email || <span class="faint">–</span>}</td>
              <td class="spare faint breakable">{actor === email ? "themselves" : actor || "unknown"}</td>
              <td class="spare faint nowrap" title={userAgent}>
                {address}
                {userAgent && <span class="client"> {describeBrowser(userAgent)}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
