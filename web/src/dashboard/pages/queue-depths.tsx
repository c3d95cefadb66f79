import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { formatCount } from "../format.ts";
import { graphql, type FragmentOf } from "../graphql.ts";
import { Section } from "../ui/page.tsx";
import { Spark } from "../ui/spark.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";

export const QUEUE_DEPTH = graphql(`
  fragment QueueDepth on Queue {
    name
    paused
    depth
    running
    oldestQueuedAt
    lastHour {
      total
      failed
    }
  }
`);
export type QueueDepth = FragmentOf<typeof QUEUE_DEPTH>;

/** How much waits in each queue, and what ran there in the last hour. */
export function QueueDepths({ queues }: { queues: readonly QueueDepth[] }): JSX.Element {
  return (
    <Section title="Queues" aside={<Link href="/queues">All queues</Link>}>
      <ul class="depths">
        {queues.map((queue) => (
          <li key={queue.name}>
            <span class="name">
              {queue.name} {queue.paused && <Status status="PAUSED" />}
            </span>
            <span class="faint">
              <b>{formatCount(queue.depth)}</b> queued{queue.oldestQueuedAt && <> (since <Time at={queue.oldestQueuedAt} />)</>}, <b>{formatCount(queue.running)}</b> running
            </span>
            <LastHour queue={queue} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** The runs of a queue in the last hour as small bars. */
export function LastHour({ queue: { lastHour } }: { queue: Pick<QueueDepth, "lastHour"> }): JSX.Element {
  const total = lastHour.reduce((sum, each) => sum + each.total, 0);
  const failed = lastHour.reduce((sum, each) => sum + each.failed, 0);
  return <Spark bars={lastHour} label={`Last hour: ${formatCount(total)} runs${failed ? `, ${formatCount(failed)} failed` : ""}`} />;
}
