import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";

import { graphql, type ResultOf } from "../graphql.ts";
import { useApi, useLive } from "../live.ts";
import { isOfWorkflows } from "../live.ts";
import { PlayIcon } from "../ui/icons.tsx";
import { Page, Section } from "../ui/page.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";

const WORKFLOWS = graphql(`
  query Workflows {
    workflows(first: 50) {
      nodes {
        id
        name
        description
        version
        nextRunAt
        schedule {
          summary
        }
      }
    }
    workflowRuns(first: 20) {
      nodes {
        id
        name
        version
        status
        trigger
        dueAt
        finishedAt
        progress {
          done
          all
        }
        error {
          message
        }
      }
    }
  }
`);
const EXECUTE = graphql(`
  mutation ExecuteWorkflow($name: String!) {
    executeWorkflow(input: { name: $name }) {
      workflowRun {
        id
      }
      userErrors {
        message
      }
    }
  }
`);
type Data = ResultOf<typeof WORKFLOWS>;

export function WorkflowsPage(): JSX.Element {
  const { data, error, reread } = useLive(WORKFLOWS, {}, { concerns: isOfWorkflows });
  return (
    <Page title="Workflows">
      {error && !data && <ErrorState message={error} retry={reread} />}
      {!error && !data && <LoadingRows count={6} />}
      {data?.workflows.nodes.length === 0 && (
        <EmptyState title="There are no workflows yet">
          <p>
            Save one with <code>tocsin workflows save</code> or <code>saveWorkflow</code>, or load the samples with{" "}
            <code>tocsin samples load</code>.
          </p>
        </EmptyState>
      )}
      {data && data.workflows.nodes.length > 0 && <WorkflowsTable workflows={data.workflows.nodes} />}
      {data && data.workflowRuns.nodes.length > 0 && (
        <Section title="Latest runs">
          <WorkflowRunsTable runs={data.workflowRuns.nodes} />
        </Section>
      )}
    </Page>
  );
}

function WorkflowsTable({ workflows }: { workflows: Data["workflows"]["nodes"] }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Workflow</th>
            <th class="number">Version</th>
            <th class="wide">Schedule</th>
            <th>Next due</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {workflows.map(({ id, name, description, version, schedule, nextRunAt }) => (
            <tr key={id}>
              <td class="name">
                {name}
                {description && <p class="faint description">{description}</p>}
              </td>
              <td class="number">{version}</td>
              <td class="wide faint">{schedule?.summary ?? "by hand"}</td>
              <td class="nowrap">{nextRunAt ? <Time at={nextRunAt} /> : <span class="faint">–</span>}</td>
              <td class="number">
                <ExecuteButton name={name} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Starts a run, and leads to it. */
function ExecuteButton({ name }: { name: string }): JSX.Element {
  const { client } = useApi();
  const [, navigate] = useLocation();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const execute = async (): Promise<void> => {
    setIsBusy(true);
    const { data, error } = await client.mutation(EXECUTE, { name }).toPromise();
    setIsBusy(false);
    const started = data?.executeWorkflow.workflowRun;
    if (started) navigate(`/workflow-runs/${started.id}`);
    else setProblem(error?.message ?? data?.executeWorkflow.userErrors.map(({ message }) => message).join(" ") ?? "");
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

function WorkflowRunsTable({ runs }: { runs: Data["workflowRuns"]["nodes"] }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Status</th>
            <th>Workflow</th>
            <th>Due</th>
            <th class="number">Steps</th>
            <th class="wide">What happened</th>
          </tr>
        </thead>
        <tbody>
          {runs.map(({ id, name, status, dueAt, progress, error }) => (
            <tr key={id}>
              <td>
                <Link href={`/workflow-runs/${id}`} class="row-link">
                  <Status status={status} />
                </Link>
              </td>
              <td class="name">{name}</td>
              <td class="nowrap">
                <Time at={dueAt} as="moment" />
              </td>
              <td class="number">
                {progress.done} of {progress.all}
              </td>
              <td class="wide faint">{error?.message}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
