import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";

import { useFilters } from "../address.ts";
import { graphql, type FragmentOf } from "../graphql.ts";
import { type Change, useLive } from "../live.ts";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { ACKNOWLEDGEABLE, AcknowledgeIncident } from "./acknowledge-incident.tsx";
import { IncidentStatus, incidentTitle } from "./incident-status.tsx";
import "../styles/incidents.css";

const PAGE_SIZE = 30;
const INCIDENT = graphql(
  `
    fragment IncidentRow on Incident {
      id
      cause
      host
      errorKind
      status
      openedAt
      overAt
      lastFailureAt
      failures
      subjectCount
      subjects(first: 3) {
        nodes {
          name
        }
      }
      ...Acknowledgeable
    }
  `,
  [ACKNOWLEDGEABLE],
);
const INCIDENTS = graphql(
  `
    query Incidents($status: IncidentStatus, $first: Int!, $after: String) {
      incidents(status: $status, first: $first, after: $after) {
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...IncidentRow
        }
      }
    }
  `,
  [INCIDENT],
);
type Incident = FragmentOf<typeof INCIDENT>;

/** Tells whether a change may open, change or end an incident: runs do, and their notifications come a little later. */
export function concernsIncidents({ of }: Change): boolean {
  return of === "task" || of === "workflow run" || of === "notification";
}

export function IncidentsPage(): JSX.Element {
  const [filters, setFilters] = useFilters();
  const [after, setAfter] = useState<string | null>(null);
  const isHistory = filters.get("show") === "all";
  const variables = { status: isHistory ? null : ("OPEN" as const), first: PAGE_SIZE, after };
  const { data, error, reread } = useLive(INCIDENTS, variables, { concerns: concernsIncidents });
  const show = (value: string | null): void => {
    setAfter(null);
    setFilters({ show: value });
  };
  const found = data?.incidents;
  return (
    <Page title="Incidents">
      <div class="chips" role="group" aria-label="Which">
        <button type="button" aria-pressed={!isHistory} onClick={() => show(null)}>
          Open
        </button>
        <button type="button" aria-pressed={isHistory} onClick={() => show("all")}>
          All
        </button>
      </div>
      {error && !found && <ErrorState message={error} retry={reread} />}
      {!error && !found && <LoadingRows count={4} />}
      {found && found.nodes.length > 0 && (
        <>
          <ul class="incidents">
            {found.nodes.map((incident) => (
              <IncidentItem key={incident.id} incident={incident} done={reread} />
            ))}
          </ul>
          <Pager shown={found.nodes.length} pageInfo={found.pageInfo} isFirst={after === null} go={setAfter} />
        </>
      )}
      {found?.nodes.length === 0 && <Nothing isHistory={isHistory} />}
    </Page>
  );
}

function Nothing({ isHistory }: { isHistory: boolean }): JSX.Element {
  return (
    <EmptyState title={isHistory ? "There was no incident" : "Nothing is failing"}>
      <p>Failures of scheduled runs with one cause, such as a server that is down, are one incident.</p>
    </EmptyState>
  );
}

function IncidentItem({ incident, done }: { incident: Incident; done: () => void }): JSX.Element {
  const { id, status, openedAt, overAt, lastFailureAt, failures, subjectCount, subjects } = incident;
  const others = subjectCount - subjects.nodes.length;
  return (
    <li>
      <IncidentStatus status={status} />
      <div class="text">
        <h2>
          <Link href={`/incidents/${id}`} class="row-link">
            {incidentTitle(incident)}
          </Link>
        </h2>
        <p class="faint">
          {subjects.nodes.map(({ name }) => name).join(", ")}
          {others > 0 && ` and ${others} more`}
        </p>
        <p class="facts">
          <span>
            began <Time at={openedAt} />
          </span>
          {overAt ? (
            <span>
              over <Time at={overAt} />
            </span>
          ) : (
            <span>
              last failure <Time at={lastFailureAt} />
            </span>
          )}
          {failures > 0 && <span>{failures === 1 ? "1 failed run" : `${failures} failed runs`}</span>}
        </p>
      </div>
      {status === "OPEN" && <AcknowledgeIncident incident={incident} done={done} />}
    </li>
  );
}
