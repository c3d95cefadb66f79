import "../styles/overview.css";

import type { ComponentChildren, JSX } from "preact";
import { Link } from "wouter-preact";

import { formatCount } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { type Change, useLive } from "../live.ts";
import { Page, Section } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { FailingNow, OPEN_INCIDENT } from "./failing-now.tsx";
import { FirstStep } from "./first-step.tsx";
import { LastVisit } from "./last-visit.tsx";
import { LiveRunsTable } from "./live-runs-table.tsx";
import { QUEUE_DEPTH, QueueDepths } from "./queue-depths.tsx";
import { RunCharts } from "./run-charts.tsx";
import { RUN_ROW, RunsTable } from "./runs-table.tsx";
import { TASK_ROW } from "./tasks-table.tsx";
import { Timeline } from "./timeline.tsx";

const OVERVIEW = graphql(
  `
    query Overview {
      all: tasks(first: 1) {
        totalCount
        totalCountIsExact
      }
      workflows(first: 1) {
        totalCount
        totalCountIsExact
      }
      failing: tasks(filter: { status: [FAILED, RETRY] }, first: 8) {
        nodes {
          ...TaskRow
        }
      }
      incidents(status: OPEN, first: 6) {
        totalCount
        totalCountIsExact
        nodes {
          ...OpenIncident
        }
      }
      running: runs(filter: { status: [RUNNING] }, first: 8) {
        totalCount
        totalCountIsExact
        nodes {
          ...RunRow
        }
      }
      queued: runs(filter: { status: [QUEUED] }, first: 1) {
        totalCount
        totalCountIsExact
      }
      latest: runs(first: 8) {
        nodes {
          ...RunRow
        }
      }
      queues {
        ...QueueDepth
      }
    }
  `,
  [TASK_ROW, RUN_ROW, OPEN_INCIDENT, QUEUE_DEPTH],
);
type Overview = ResultOf<typeof OVERVIEW>;

/** Everything on the page may change with each run, and incidents with what is told of them. */
function concernsOverview({ of }: Change): boolean {
  return of === "task" || of === "workflow run" || of === "notification";
}

export function OverviewPage(): JSX.Element {
  const { data, error, reread } = useLive(OVERVIEW, {}, { concerns: concernsOverview });
  const isEmpty = data?.all.totalCount === 0 && data.workflows.totalCount === 0;
  return (
    <Page title="Overview">
      {error && !data && <ErrorState message={error} retry={reread} />}
      {!error && !data && <LoadingRows count={8} />}
      {data && (isEmpty ? <FirstStep done={reread} /> : <Contents data={data} />)}
    </Page>
  );
}

function Contents({ data }: { data: Overview }): JSX.Element {
  const { all, workflows, failing, incidents, running, queued, latest, queues } = data;
  return (
    <>
      <LastVisit />
      <dl class="figures">
        <Figure name="Running" href="/runs?status=RUNNING" count={running} />
        <Figure name="Queued" href="/runs?status=QUEUED" count={queued} />
        <Figure name="Open incidents" href="/incidents" count={incidents} isBad={incidents.totalCount > 0} />
        <Figure name="Tasks" href="/tasks" count={all} />
        <Figure name="Workflows" href="/workflows" count={workflows} />
      </dl>
      <Section title="Past and next hour">
        <Timeline />
      </Section>
      <FailingNow incidents={incidents.nodes} tasks={failing.nodes} />
      <Section title="Running now">
        <Running runs={running.nodes} />
      </Section>
      <RunCharts title="Outcomes and durations" />
      {queues.length > 0 && <QueueDepths queues={queues} />}
      <Section title="Latest runs" aside={<Link href="/runs">All runs</Link>}>
        {latest.nodes.length > 0 ? <LiveRunsTable list="latest" runs={latest.nodes} named /> : <p class="faint">Nothing has run yet.</p>}
      </Section>
    </>
  );
}

/** What runs now, in a frame of one height, so that the charts do not move with each run that begins or ends. */
function Running({ runs }: { runs: Overview["running"]["nodes"] }): JSX.Element {
  return <div class="running">{runs.length > 0 ? <RunsTable runs={runs} named /> : <p class="faint">Nothing is running.</p>}</div>;
}

type FigureProps = {
  name: string;
  count: { totalCount: number; totalCountIsExact: boolean };
  href?: string;
  isBad?: boolean;
};

function Figure({ name, count, href, isBad = false }: FigureProps): JSX.Element {
  const text: ComponentChildren = formatCount(count.totalCount, count.totalCountIsExact);
  return (
    <div>
      <dt>{name}</dt>
      <dd class={isBad ? "bad-text" : undefined}>{href ? <Link href={href}>{text}</Link> : text}</dd>
    </div>
  );
}
