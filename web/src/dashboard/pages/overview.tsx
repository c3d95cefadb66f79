import type { ComponentChildren, JSX } from "preact";
import { Link } from "wouter-preact";

import { formatCount } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Page, Section } from "../ui/page.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { now } from "../ui/time.tsx";
import { RUN_ROW, RunsTable } from "./runs-table.tsx";
import { TASK_ROW, TasksTable } from "./tasks-table.tsx";
import { Timeline } from "./timeline.tsx";

const HOUR_MS = 3_600_000;
const OVERVIEW = graphql(
  `
    query Overview($hour: TimeWindow!) {
      all: tasks(first: 1) {
        totalCount
        totalCountIsExact
      }
      due: tasks(filter: { nextRunAt: $hour }, orderBy: { field: NEXT_RUN_AT, direction: ASC }, first: 100) {
        totalCount
        totalCountIsExact
        nodes {
          id
          name
          nextRunAt
        }
      }
      failing: tasks(filter: { status: [FAILED, RETRY] }, first: 10) {
        totalCount
        totalCountIsExact
        nodes {
          ...TaskRow
        }
      }
      running: runs(filter: { status: [RUNNING] }, first: 10) {
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
    }
  `,
  [TASK_ROW, RUN_ROW],
);
type Overview = ResultOf<typeof OVERVIEW>;

export function OverviewPage(): JSX.Element {
  const begin = Math.floor(now.value / 60_000) * 60_000;
  const hour = { from: new Date(begin).toISOString(), to: new Date(begin + HOUR_MS).toISOString() };
  const { data, error, reread } = useLive(OVERVIEW, { hour });
  return (
    <Page title="Overview">
      {error && !data && <ErrorState message={error} retry={reread} />}
      {!error && !data && <LoadingRows count={8} />}
      {data && (data.all.totalCount === 0 ? <FirstStep /> : <Contents data={data} begin={begin} />)}
    </Page>
  );
}

function FirstStep(): JSX.Element {
  return (
    <EmptyState title="There are no tasks yet">
      <p>
        Create one with an example in the <a href="playground">playground</a>. What is due, what runs and what failed
        then appears here by itself.
      </p>
    </EmptyState>
  );
}

function Contents({ data, begin }: { data: Overview; begin: number }): JSX.Element {
  const { all, due, failing, running, queued, latest } = data;
  return (
    <>
      <dl class="figures">
        <Figure name="Tasks" href="/tasks" count={all} />
        <Figure name="Due within the hour" count={due} />
        <Figure name="Running" href="/runs?status=RUNNING" count={running} />
        <Figure name="Queued" href="/runs?status=QUEUED" count={queued} />
        <Figure name="Failing" href="/tasks?status=FAILED" count={failing} isBad={failing.totalCount > 0} />
      </dl>
      <Section title="Due within the hour">
        <Timeline tasks={due.nodes} begin={begin} end={begin + HOUR_MS} />
      </Section>
      {failing.nodes.length > 0 && (
        <Section title="Failing">
          <TasksTable tasks={failing.nodes} />
        </Section>
      )}
      {running.nodes.length > 0 && (
        <Section title="Running">
          <RunsTable runs={running.nodes} named />
        </Section>
      )}
      <Section title="Latest runs" aside={<Link href="/runs">All runs</Link>}>
        {latest.nodes.length > 0 ? <RunsTable runs={latest.nodes} named /> : <p class="faint">Nothing has run yet.</p>}
      </Section>
    </>
  );
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
