import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { useAction } from "../actions.ts";
import { session } from "../client.ts";
import { formatCount } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Page, Section } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { LastHour } from "./queue-depths.tsx";
import { EditQueue } from "./edit-queue.tsx";

const QUEUES = graphql(`
  query Queues {
    queues {
      name
      description
      concurrency
      ratePerMinute
      priority
      paused
      depth
      running
      oldestQueuedAt
      throughputPerMinute
      lastHour {
        total
        failed
      }
    }
    circuits {
      host
      state
      failures
      cause
      retryAt
    }
  }
`);
const PAUSE = graphql(`mutation PauseQueue($name: String!) { pauseQueue(input: { name: $name }) { userErrors { message } } }`);
const RESUME = graphql(`mutation ResumeQueue($name: String!) { resumeQueue(input: { name: $name }) { userErrors { message } } }`);
type Queues = ResultOf<typeof QUEUES>;

export function QueuesPage(): JSX.Element {
  const { data, error, reread } = useLive(QUEUES, {});
  const isAdmin = session.current()?.user.isAdmin ?? false;
  return (
    <Page title="Queues" actions={isAdmin && <EditButton queue={null} done={reread} />}>
      {error && !data && <ErrorState message={error} retry={reread} />}
      {!error && !data && <LoadingRows count={4} />}
      {data && <QueuesTable queues={data.queues} done={reread} />}
      {data && data.circuits.length > 0 && (
        <Section title="Hosts that are not called now">
          <CircuitsTable circuits={data.circuits} />
        </Section>
      )}
    </Page>
  );
}

function QueuesTable({ queues, done }: { queues: Queues["queues"]; done: () => void }): JSX.Element {
  const isAdmin = session.current()?.user.isAdmin ?? false;
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Queue</th>
            <th class="number">Queued</th>
            <th class="number">Running</th>
            <th>Oldest</th>
            <th class="number">Per minute</th>
            <th>Last hour</th>
            <th class="number">Limits</th>
            {isAdmin && <th />}
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <tr key={queue.name}>
              <td class="name">
                {queue.name} {queue.paused && <Status status="PAUSED" />}
                {queue.description && <p class="faint description">{queue.description}</p>}
              </td>
              <td class="number">{formatCount(queue.depth)}</td>
              <td class="number">{formatCount(queue.running)}</td>
              <td class="nowrap">{queue.oldestQueuedAt ? <Time at={queue.oldestQueuedAt} /> : <span class="faint">–</span>}</td>
              <td class="number">{formatCount(queue.throughputPerMinute)}</td>
              <td>
                <LastHour queue={queue} />
              </td>
              <td class="number faint">{limits(queue)}</td>
              {isAdmin && (
                <td class="number">
                  <EditButton queue={queue} done={done} /> <Hold name={queue.name} isPaused={queue.paused} done={done} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function limits({ concurrency, ratePerMinute }: Queues["queues"][number]): string {
  const parts = [concurrency && `${concurrency} at once`, ratePerMinute && `${formatCount(ratePerMinute)} a minute`];
  return parts.filter(Boolean).join(", ") || "none";
}

function EditButton({ queue, done }: { queue: Queues["queues"][number] | null; done: () => void }): JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setIsOpen(true)}>
        {queue ? "Limits…" : "New queue…"}
      </button>
      {isOpen && <EditQueue queue={queue} done={done} close={() => setIsOpen(false)} />}
    </>
  );
}

function Hold({ name, isPaused, done }: { name: string; isPaused: boolean; done: () => void }): JSX.Element {
  const { run, isBusy, problem } = useAction(isPaused ? RESUME : PAUSE, { name });
  return (
    <>
      <span class="problem" role="alert">
        {problem}
      </span>
      <button type="button" disabled={isBusy} onClick={() => void run().then(done)}>
        {isPaused ? "Resume" : "Pause"}
      </button>
    </>
  );
}

function CircuitsTable({ circuits }: { circuits: Queues["circuits"] }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Host</th>
            <th class="number">Failures</th>
            <th>Tried again</th>
            <th class="wide">Because</th>
          </tr>
        </thead>
        <tbody>
          {circuits.map(({ host, failures, cause, retryAt }) => (
            <tr key={host}>
              <td class="name">{host}</td>
              <td class="number">{failures}</td>
              <td class="nowrap">
                <Time at={retryAt} />
              </td>
              <td class="wide faint">{cause}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
