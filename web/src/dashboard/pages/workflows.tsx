import "../styles/workflows.css";

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";

import { useFilters } from "../address.ts";
import { withoutDeleted } from "../deletions.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { isOfDefinitions, useApi, useLive } from "../live.ts";
import { PlayIcon } from "../ui/icons.tsx";
import { Page, Section } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { SearchField } from "../ui/search-field.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { DeleteWorkflow } from "../workflows/delete-workflow.tsx";
import { WorkflowRuns } from "../workflows/runs.tsx";

const PAGE_SIZE = 20;
const WORKFLOWS = graphql(`
  query Workflows($filter: WorkflowFilter, $first: Int!, $after: String) {
    workflows(filter: $filter, first: $first, after: $after) {
      totalCount
      totalCountIsExact
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        name
        description
        isPaused
        nextRunAt
        schedule {
          summary
        }
        runs(first: 1) {
          nodes {
            id
            status
            dueAt
          }
        }
      }
    }
  }
`);
const EXECUTE = graphql(`
  mutation StartWorkflow($name: String!) {
    executeWorkflow(input: { name: $name }) {
      workflowRun {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);
type Workflow = ResultOf<typeof WORKFLOWS>["workflows"]["nodes"][number];

export function WorkflowsPage(): JSX.Element {
  const [filters] = useFilters();
  const [after, setAfter] = useState<string | null>(null);
  const name = filters.get("name");
  const variables = { filter: name ? { name } : null, first: PAGE_SIZE, after };
  const { data, error, reread } = useLive(WORKFLOWS, variables, { concerns: isOfDefinitions });
  const workflows = data?.workflows;
  const shown = withoutDeleted(workflows?.nodes ?? []);
  return (
    <Page title="Workflows" actions={<Actions />}>
      {error && !workflows && <ErrorState message={error} retry={reread} />}
      {!error && !workflows && <LoadingRows count={6} />}
      {workflows && shown.length === 0 && (name ? <EmptyState title="No workflow matches" /> : <FirstStep />)}
      {workflows && shown.length > 0 && (
        <>
          <WorkflowsTable workflows={shown} />
          {(workflows.pageInfo.hasNextPage || after !== null) && (
            <Pager
              shown={shown.length}
              total={{ count: workflows.totalCount, isExact: workflows.totalCountIsExact }}
              pageInfo={workflows.pageInfo}
              isFirst={after === null}
              go={setAfter}
            />
          )}
          <Section title="Latest runs">
            <WorkflowRuns />
          </Section>
        </>
      )}
    </Page>
  );
}

function Actions(): JSX.Element {
  const [filters, change] = useFilters();
  return (
    <>
      <SearchField label="Search by name" value={filters.get("name") ?? ""} change={(name) => change({ name })} />
      <Link href="/workflows/new" class="button main">
        New workflow
      </Link>
    </>
  );
}

function FirstStep(): JSX.Element {
  return (
    <EmptyState title="There are no workflows yet">
      <p>A workflow runs several steps in their order: calls, reports, mails, waits and decisions of people.</p>
      <p>
        <Link href="/workflows/new" class="button main">
          Begin with an example
        </Link>
      </p>
      <p>
        Or load the samples with <code>tocsin samples load</code>.
      </p>
    </EmptyState>
  );
}

function WorkflowsTable({ workflows }: { workflows: Workflow[] }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Last run</th>
            <th>Workflow</th>
            <th class="wide">Schedule</th>
            <th class="wide-only">Next due</th>
            <th>
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {workflows.map((workflow) => (
            <WorkflowRow key={workflow.id} workflow={workflow} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function WorkflowRow({ workflow }: { workflow: Workflow }): JSX.Element {
  const { id, name, description, schedule, isPaused, nextRunAt, runs } = workflow;
  const latest = runs.nodes[0];
  return (
    <tr>
      <td class="nowrap two-lines">
        {latest ? (
          <Link href={`/workflow-runs/${latest.id}`} class="row-link">
            <Status status={latest.status} />
            <p class="faint description">
              <Time at={latest.dueAt} />
            </p>
          </Link>
        ) : (
          <span class="faint">–</span>
        )}
      </td>
      <td class="name">
        <Link href={`/workflows/${id}`}>{name}</Link>
        {description && <p class="faint description">{description}</p>}
      </td>
      <td class="wide faint">{schedule?.summary ?? "By hand"}</td>
      <td class="nowrap wide-only">{isPaused ? <Status status="PAUSED" /> : <NextDue at={nextRunAt} />}</td>
      <td class="number">
        <span class="row-actions">
          <RunButton id={id} name={name} />
          <DeleteWorkflow id={id} name={name} class="quiet wide-only" />
        </span>
      </td>
    </tr>
  );
}

function NextDue({ at }: { at: string | null }): JSX.Element {
  return at ? <Time at={at} /> : <span class="faint">–</span>;
}

/** Starts a run and leads to it, or to the form of the inputs that it needs. */
function RunButton({ id, name }: { id: string; name: string }): JSX.Element {
  const { client } = useApi();
  const [, navigate] = useLocation();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const execute = async (): Promise<void> => {
    setIsBusy(true);
    const { data, error } = await client.mutation(EXECUTE, { name }).toPromise();
    setIsBusy(false);
    const { workflowRun, userErrors = [] } = data?.executeWorkflow ?? {};
    if (workflowRun) navigate(`/workflow-runs/${workflowRun.id}`);
    else if (userErrors.some(({ field }) => field?.[0] === "input")) navigate(`/workflows/${id}?run=1`);
    else setProblem(error ? "The server cannot be reached." : userErrors.map(({ message }) => message).join(" "));
  };
  return (
    <>
      <span class="problem" role="alert">
        {problem}
      </span>
      <button type="button" disabled={isBusy} aria-label={`Run ${name}`} onClick={() => void execute()}>
        <PlayIcon />
        Run
      </button>
    </>
  );
}
