import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";

import { useAction } from "../actions.ts";
import { formatDuration } from "../format.ts";
import { graphql, type FragmentOf } from "../graphql.ts";
import { Status, StatusShape } from "../ui/status.tsx";
import { now, Time } from "../ui/time.tsx";

const SHOWN_RUNS = 12;
export const STEP = graphql(`
  fragment StepItem on StepRun {
    key
    status
    reasonText
    startedAt
    finishedAt
    waitUntil
    error {
      message
    }
    items {
      total
      completed
      running
      failed
    }
    approval {
      by
      message
      decideUntil
      decidedBy
      comment
      notAskedBecause
    }
    runs {
      id
      status
    }
  }
`);
const DECIDE = graphql(`
  mutation Decide($id: ID!, $step: String!, $approved: Boolean!, $comment: String!) {
    decideApproval(input: { id: $id, step: $step, approved: $approved, comment: $comment }) {
      userErrors {
        message
      }
    }
  }
`);
type Step = FragmentOf<typeof STEP>;

/** A step of a workflow run, with its runs, and the decision that it waits for. */
export function StepItem({ step, workflowRun }: { step: Step; workflowRun: string }): JSX.Element {
  const { key, status, reasonText, error, items, approval, runs, waitUntil } = step;
  const shown = runs.slice(0, SHOWN_RUNS);
  return (
    <li>
      <Status status={status} />
      <div class="text">
        <p>
          <span class="key">{key}</span> <span class="faint">{took(step)}</span>
        </p>
        {error && <p class="bad-text">{error.message}</p>}
        {!error && reasonText && <p class="faint">{reasonText}</p>}
        {waitUntil && status === "WAITING" && (
          <p class="faint">
            until <Time at={waitUntil} as="moment" />
          </p>
        )}
        {items && (
          <p class="faint">
            {items.completed} of {items.total} items{items.failed > 0 && `, ${items.failed} failed`}
          </p>
        )}
        {approval && <Approval approval={approval} id={workflowRun} step={key} isOpen={status === "WAITING"} />}
      </div>
      <span class="runs">
        {shown.map((run) => (
          <Link key={run.id} href={`/runs/${run.id}`} title="Run">
            <StatusShape status={run.status} />
          </Link>
        ))}
        {runs.length > shown.length && <span class="faint">and more</span>}
      </span>
    </li>
  );
}

function took({ startedAt, finishedAt }: Step): string {
  if (startedAt === null) return "";
  const end = finishedAt === null ? now.value : Date.parse(finishedAt);
  return formatDuration(Math.max(end - Date.parse(startedAt), 0));
}

type ApprovalProps = { approval: NonNullable<Step["approval"]>; id: string; step: string; isOpen: boolean };

function Approval({ approval, id, step, isOpen }: ApprovalProps): JSX.Element {
  const { by, message, decidedBy, comment, notAskedBecause, decideUntil } = approval;
  return (
    <div class="approval">
      <p>{message}</p>
      {decidedBy && (
        <p class="faint">
          Decided by {decidedBy}
          {comment && `: ${comment}`}
        </p>
      )}
      {isOpen && (
        <p class="faint">
          Waits for {by}
          {decideUntil && (
            <>
              {" "}
              until <Time at={decideUntil} as="moment" />
            </>
          )}
        </p>
      )}
      {notAskedBecause && <p class="faint">{notAskedBecause}</p>}
      {isOpen && <Decision id={id} step={step} />}
    </div>
  );
}

function Decision({ id, step }: { id: string; step: string }): JSX.Element {
  const [comment, setComment] = useState("");
  const approve = useAction(DECIDE, { id, step, approved: true, comment });
  const refuse = useAction(DECIDE, { id, step, approved: false, comment });
  const isBusy = approve.isBusy || refuse.isBusy;
  return (
    <div class="decision">
      <input aria-label="Comment" placeholder="Comment" value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
      <button type="button" class="main" disabled={isBusy} onClick={() => void approve.run()}>
        Approve
      </button>
      <button type="button" disabled={isBusy} onClick={() => void refuse.run()}>
        Refuse
      </button>
      <span class="problem" role="alert">
        {approve.problem || refuse.problem}
      </span>
    </div>
  );
}
