import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { useAction } from "../actions.ts";
import { formatCount } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { isOfTasks, useLive } from "../live.ts";
import { Section } from "../ui/page.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";

const REPLAYS = graphql(`
  query Replays {
    replays(first: 5) {
      nodes {
        id
        status
        reason
        perMinute
        createdAt
        finishedAt
        counts {
          selected
          sent
          succeeded
          failed
          skipped
        }
        skips {
          reason
          reasonText
          count
        }
        canaryRun {
          id
        }
      }
    }
  }
`);
const STOP = graphql(`mutation StopReplay($id: ID!) { stopReplay(input: { id: $id }) { userErrors { message } } }`);
type Replay = ResultOf<typeof REPLAYS>["replays"]["nodes"][number];

/** The latest replays, with their progress. */
export function Replays(): JSX.Element | null {
  const { data, reread } = useLive(REPLAYS, {}, { concerns: isOfTasks });
  const replays = data?.replays.nodes ?? [];
  if (replays.length === 0) return null;
  return (
    <Section title="Replays">
      <ul class="replays">
        {replays.map((replay) => (
          <ReplayItem key={replay.id} replay={replay} done={reread} />
        ))}
      </ul>
    </Section>
  );
}

function ReplayItem({ replay, done }: { replay: Replay; done: () => void }): JSX.Element {
  const { id, status, reason, createdAt, counts, skips, canaryRun } = replay;
  const stop = useAction(STOP, { id });
  const isGoing = status === "CANARY" || status === "RUNNING";
  const ended = counts.succeeded + counts.failed + counts.skipped;
  return (
    <li>
      <Status status={status} />
      <div class="text">
        <progress value={ended} max={Math.max(counts.selected, 1)} aria-label="Runs that have ended" />
        <p class="facts">
          <span>
            {formatCount(ended)} of {formatCount(counts.selected)}
          </span>
          <span class="good-text">{formatCount(counts.succeeded)} succeeded</span>
          {counts.failed > 0 && <span class="bad-text">{formatCount(counts.failed)} failed again</span>}
          {skips.map((skip) => (
            <span key={skip.reason} title={skip.reasonText}>
              {formatCount(skip.count)} skipped
            </span>
          ))}
          {canaryRun && <Link href={`/runs/${canaryRun.id}`}>first run</Link>}
          <span>
            <Time at={createdAt} />
          </span>
        </p>
        {reason && <p class="faint">{reason}</p>}
        <p class="problem" role="alert">
          {stop.problem}
        </p>
      </div>
      {isGoing && (
        <button type="button" disabled={stop.isBusy} onClick={() => void stop.run().then(done)}>
          Stop
        </button>
      )}
    </li>
  );
}
