import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { graphql, type FragmentOf } from "../graphql.ts";
import { Section } from "../ui/page.tsx";
import { StatusShape } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { incidentTitle } from "./incident-status.tsx";
import type { TaskRow } from "./task-list.ts";
import { TasksTable } from "./tasks-table.tsx";

export const OPEN_INCIDENT = graphql(`
  fragment OpenIncident on Incident {
    id
    cause
    host
    errorKind
    openedAt
    lastFailureAt
    failures
    subjectCount
    subjects(first: 1) {
      nodes {
        name
      }
    }
  }
`);
type Incident = FragmentOf<typeof OPEN_INCIDENT>;

/** What fails now: incidents if there are any, else the tasks that failed last. */
export function FailingNow({ incidents, tasks }: { incidents: readonly Incident[]; tasks: TaskRow[] }): JSX.Element | null {
  if (incidents.length > 0) {
    return (
      <Section title="Failing now" aside={<Link href="/incidents">All incidents</Link>}>
        <ul class="failing">
          {incidents.map((incident) => (
            <IncidentLine key={incident.id} incident={incident} />
          ))}
        </ul>
      </Section>
    );
  }
  if (tasks.length === 0) return null;
  return (
    <Section title="Failing now" aside={<Link href="/tasks?status=FAILED">All failed tasks</Link>}>
      <TasksTable tasks={tasks} />
    </Section>
  );
}

function IncidentLine({ incident }: { incident: Incident }): JSX.Element {
  const { id, openedAt, lastFailureAt, failures, subjectCount } = incident;
  return (
    <li>
      <StatusShape status="FAILED" />
      <Link href={`/incidents/${id}`}>{incidentTitle(incident)}</Link>
      <span class="faint">
        {subjectCount > 1 && `${subjectCount} tasks · `}
        {failures} {failures === 1 ? "failure" : "failures"}, first <Time at={openedAt} />, last <Time at={lastFailureAt} />
      </span>
    </li>
  );
}
