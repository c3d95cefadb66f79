import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";

import { formatDuration } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Page, Section } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { now, Time } from "../ui/time.tsx";
import { ACKNOWLEDGEABLE, AcknowledgeIncident } from "./acknowledge-incident.tsx";
import { joinBySubject } from "./incident-subjects.ts";
import { IncidentStatus, incidentTitle } from "./incident-status.tsx";
import { concernsIncidents } from "./incidents.tsx";
import { NotFoundPage } from "./not-found.tsx";
import "../styles/incidents.css";

const PAGE_SIZE = 50;
const INCIDENT = graphql(
  `
    query Incident($id: ID!, $first: Int!, $after: String) {
      incident(id: $id) {
        id
        cause
        host
        errorKind
        status
        openedAt
        reopenedCount
        overAt
        lastFailureAt
        failures
        subjectCount
        ...Acknowledgeable
        subjects(first: $first, after: $after) {
          pageInfo {
            hasNextPage
            endCursor
          }
          nodes {
            name
            isFailing
            failures
            openedAt
            endedAt
            ending
            error {
              message
              hint
            }
            task {
              id
            }
            workflow {
              id
            }
            run {
              id
            }
            workflowRun {
              id
            }
          }
        }
        notifications {
          id
          kind
          subject
          at
        }
      }
    }
  `,
  [ACKNOWLEDGEABLE],
);
type Incident = NonNullable<ResultOf<typeof INCIDENT>["incident"]>;
type Subject = Incident["subjects"]["nodes"][number];

export function IncidentPage({ id }: { id: string }): JSX.Element {
  const [after, setAfter] = useState<string | null>(null);
  const { data, error, reread } = useLive(INCIDENT, { id, first: PAGE_SIZE, after }, { concerns: concernsIncidents });
  const incident = data?.incident;
  if (data && !incident) return <NotFoundPage />;
  const isOpen = incident?.status === "OPEN";
  return (
    <Page
      title={incident ? incidentTitle(incident) : "Incident"}
      above={<Link href="/incidents">Incidents</Link>}
      actions={incident && isOpen && <AcknowledgeIncident incident={incident} done={reread} />}
    >
      {error && !incident && <ErrorState message={error} retry={reread} />}
      {!error && !incident && <LoadingRows count={6} />}
      {incident && (
        <>
          <Summary incident={incident} />
          <Section title="What fails" aside={`${incident.subjectCount}`}>
            <SubjectsTable subjects={incident.subjects.nodes} />
            {(incident.subjects.pageInfo.hasNextPage || after !== null) && (
              <Pager shown={incident.subjects.nodes.length} pageInfo={incident.subjects.pageInfo} isFirst={after === null} go={setAfter} />
            )}
          </Section>
          <Section title="What you were told">
            <Told notifications={incident.notifications} />
          </Section>
        </>
      )}
    </Page>
  );
}

function Summary({ incident }: { incident: Incident }): JSX.Element {
  const { status, openedAt, overAt, lastFailureAt, failures, reopenedCount } = incident;
  const end = overAt ? Date.parse(overAt) : now.value;
  return (
    <p class="summary">
      <IncidentStatus status={status} />
      <span>
        Began <Time at={openedAt} />
      </span>
      <span>{overAt ? `Lasted ${formatDuration(end - Date.parse(openedAt))}` : `For ${formatDuration(Math.max(end - Date.parse(openedAt), 0))}`}</span>
      {!overAt && (
        <span>
          Last failure <Time at={lastFailureAt} />
        </span>
      )}
      <span>{failures === 1 ? "1 failed run" : `${failures} failed runs`}</span>
      {reopenedCount > 0 && <span class="faint">came again {reopenedCount === 1 ? "once" : `${reopenedCount} times`}</span>}
    </p>
  );
}

function SubjectsTable({ subjects }: { subjects: readonly Subject[] }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Now</th>
            <th>Task or workflow</th>
            <th class="number">Failed runs</th>
            <th>Since</th>
            <th class="wide">Last error</th>
          </tr>
        </thead>
        <tbody>
          {joinBySubject(subjects).map((subject) => (
            <tr key={subject.task?.id ?? subject.workflow?.id ?? subject.name}>
              <td>
                <State subject={subject} />
              </td>
              <td class="name">
                <Name subject={subject} />
                {subject.times > 1 && <span class="faint"> · failed {subject.times} times, and worked between</span>}
              </td>
              <td class="number">{subject.failures || "–"}</td>
              <td class="nowrap">
                <Time at={subject.openedAt} />
              </td>
              <td class="wide faint" title={subject.error?.hint ?? undefined}>
                <LastError subject={subject} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const ENDINGS: Record<string, string> = { RECOVERED: "COMPLETED", PAUSED: "PAUSED", CANCELLED: "CANCELLED", DELETED: "CANCELLED" };

function State({ subject: { isFailing, ending } }: { subject: Subject }): JSX.Element {
  if (isFailing) return <Status status="FAILED" />;
  if (ending === "RECOVERED") return <Status status="RECOVERED" />;
  return ending && ENDINGS[ending] ? <Status status={ENDINGS[ending]} /> : <span class="faint">{ending?.toLowerCase() ?? "–"}</span>;
}

function Name({ subject: { name, task, workflow } }: { subject: Subject }): JSX.Element {
  if (task) return <Link href={`/tasks/${task.id}`}>{name}</Link>;
  if (workflow) return <Link href={`/workflows/${workflow.id}`}>{name}</Link>;
  return <span title="It was deleted.">{name}</span>;
}

function LastError({ subject: { error, run, workflowRun } }: { subject: Subject }): JSX.Element {
  const message = error?.message ?? "See the run";
  if (run) return <Link href={`/runs/${run.id}`}>{message}</Link>;
  if (workflowRun) return <Link href={`/workflow-runs/${workflowRun.id}`}>{message}</Link>;
  return <>{error?.message ?? "–"}</>;
}

function Told({ notifications }: { notifications: Incident["notifications"] }): JSX.Element {
  if (notifications.length === 0) return <p class="faint">Nothing yet.</p>;
  return (
    <ul class="told">
      {notifications.map(({ id, subject, at }) => (
        <li key={id}>
          <span class="faint nowrap">
            <Time at={at} as="moment" />
          </span>
          <span>{subject}</span>
        </li>
      ))}
    </ul>
  );
}
