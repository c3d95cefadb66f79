import "../styles/workflows.css";

import type { JSX } from "preact";
import { Link, useLocation } from "wouter-preact";

import { useFilters } from "../address.ts";
import { isDeleted } from "../deletions.ts";
import { graphql, type ResultOf, type VariablesOf } from "../graphql.ts";
import { isOfDefinitions, useLive } from "../live.ts";
import { PublicLinks } from "../sharing/public-links.tsx";
import { PlayIcon } from "../ui/icons.tsx";
import { Page, Section } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { findStep, readInputs, readSteps } from "../workflows/definition.ts";
import { DeleteWorkflow } from "../workflows/delete-workflow.tsx";
import { Graph } from "../workflows/graph.tsx";
import { PauseWorkflow } from "../workflows/pause-workflow.tsx";
import { RunForm } from "../workflows/run-form.tsx";
import { WorkflowRuns } from "../workflows/runs.tsx";
import { useSelectedStep } from "../workflows/step-address.ts";
import { StepDefinition } from "../workflows/step-definition.tsx";
import { Versions } from "../workflows/versions.tsx";
import { NotFoundPage } from "./not-found.tsx";

const WORKFLOW = graphql(`
  query Workflow($id: ID!) {
    node(id: $id) {
      __typename
      ... on Workflow {
        id
        name
        description
        version
        isPaused
        nextRunAt
        updatedAt
        definition
        schedule {
          __typename
          summary
          ... on CronSchedule {
            expression
            timeZone
          }
          ... on IntervalSchedule {
            interval
            start
            end
          }
        }
        versions(first: 50) {
          nodes {
            number
            createdAt
          }
        }
      }
    }
  }
`);
const PREVIEW = graphql(`
  query NextTimes($schedule: ScheduleInput!) {
    schedulePreview(schedule: $schedule, count: 5)
  }
`);
export const EXECUTE = graphql(`
  mutation ExecuteWorkflow($name: String!, $input: JSON) {
    executeWorkflow(input: { name: $name, input: $input }) {
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
type Node = NonNullable<ResultOf<typeof WORKFLOW>["node"]>;
type Workflow = Extract<Node, { __typename: "Workflow" }>;

export function WorkflowPage({ id }: { id: string }): JSX.Element {
  const { data, error, reread } = useLive(WORKFLOW, { id }, { concerns: isOfDefinitions });
  const [filters, setFilters] = useFilters();
  const workflow = data?.node?.__typename === "Workflow" ? data.node : undefined;
  if ((data && !workflow) || isDeleted(id)) return <NotFoundPage />;
  const setRunning = (isShown: boolean): void => setFilters({ run: isShown ? "1" : null });
  return (
    <Page
      title={workflow?.name ?? "Workflow"}
      above={<Link href="/workflows">Workflows</Link>}
      actions={workflow && <Actions workflow={workflow} run={() => setRunning(true)} />}
    >
      {error && !workflow && <ErrorState message={error} retry={reread} />}
      {!error && !workflow && <LoadingRows count={6} />}
      {workflow && filters.has("run") && <Run workflow={workflow} close={() => setRunning(false)} />}
      {workflow && <Contents workflow={workflow} />}
    </Page>
  );
}

function Actions({ workflow, run }: { workflow: Workflow; run: () => void }): JSX.Element {
  const [, navigate] = useLocation();
  return (
    <>
      {(workflow.schedule || workflow.isPaused) && <PauseWorkflow name={workflow.name} isPaused={workflow.isPaused} />}
      <DeleteWorkflow id={workflow.id} name={workflow.name} done={() => navigate("/workflows")} />
      <Link href={`/workflows/${workflow.id}/edit`} class="button" aria-keyshortcuts="e">
        Edit
      </Link>
      <button type="button" class="main" aria-keyshortcuts="Shift+R" onClick={run}>
        <PlayIcon />
        Run
      </button>
    </>
  );
}

function Run({ workflow: { name, definition }, close }: { workflow: Workflow; close: () => void }): JSX.Element {
  const [, navigate] = useLocation();
  return (
    <RunForm
      title={`Run ${name}`}
      verb="Run now"
      specs={readInputs(definition)}
      mutation={EXECUTE}
      variables={{ name }}
      done={(id) => navigate(`/workflow-runs/${id}`)}
      close={close}
    />
  );
}

function Contents({ workflow }: { workflow: Workflow }): JSX.Element {
  const { id, name, description, version, definition, updatedAt, versions, schedule, nextRunAt, isPaused } = workflow;
  const selected = useSelectedStep();
  const step = selected === null ? null : findStep(definition, selected);
  return (
    <>
      {description && <p class="lead">{description}</p>}
      <p class="summary">
        {isPaused && <Status status="PAUSED" />}
        <span>{schedule?.summary ?? "Runs when you start it"}</span>
        {nextRunAt && (
          <span>
            Next <Time at={nextRunAt} /> · <Time at={nextRunAt} as="moment" />
          </span>
        )}
        <span class="faint">
          Version {version}, saved <Time at={updatedAt} />
        </span>
      </p>
      <Section title="Steps">
        <Graph steps={readSteps(definition)} selected={selected} />
        {step && selected !== null && <StepDefinition name={selected} step={step} />}
      </Section>
      {schedule && nextRunAt && <NextTimes schedule={schedule} />}
      <Section title="Runs">
        <WorkflowRuns name={name} />
      </Section>
      <Section title="Versions">
        <Versions name={name} versions={versions.nodes} />
      </Section>
      <PublicLinks subject={id} />
    </>
  );
}

function NextTimes({ schedule }: { schedule: NonNullable<Workflow["schedule"]> }): JSX.Element | null {
  const input = toInput(schedule);
  return input && <PreviewedTimes schedule={input} />;
}

function PreviewedTimes({ schedule }: VariablesOf<typeof PREVIEW>): JSX.Element | null {
  const { data } = useLive(PREVIEW, { schedule });
  const times = data?.schedulePreview ?? [];
  if (times.length === 0) return null;
  return (
    <Section title="Next times">
      <ol class="next-times">
        {times.map((at) => (
          <li key={at}>
            <Time at={at} as="moment" /> <span class="faint"><Time at={at} /></span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function toInput(schedule: NonNullable<Workflow["schedule"]>): VariablesOf<typeof PREVIEW>["schedule"] | null {
  if (schedule.__typename === "CronSchedule") return { cron: { expression: schedule.expression, timeZone: schedule.timeZone } };
  if (schedule.__typename !== "IntervalSchedule") return null;
  return { every: { interval: schedule.interval, start: schedule.start, end: schedule.end } };
}
