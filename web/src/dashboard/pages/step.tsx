import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { useAction } from "../actions.ts";
import { formatDuration } from "../format.ts";
import { graphql, type FragmentOf } from "../graphql.ts";
import { Status } from "../ui/status.tsx";
import { now, Time } from "../ui/time.tsx";
import { tookOf } from "../workflows/runs.tsx";
import { useHref } from "../workflows/step-address.ts";
import { StepDetails } from "../workflows/step-details.tsx";

export const STEP = graphql(`
  fragment StepItem on StepRun {
    key
    status
    reasonText
    startedAt
    finishedAt
    waitUntil
    waitingFor
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
export type Step = FragmentOf<typeof STEP>;
export type Span = { begin: number; end: number };

/** Returns the time from the first beginning of a step to the last end: until now if one has not ended. */
export function timeSpan(steps: Step[]): Span | null {
  const begun = steps.filter(({ startedAt }) => startedAt !== null);
  if (begun.length === 0) return null;
  const begin = Math.min(...begun.map(({ startedAt }) => Date.parse(startedAt ?? "")));
  return { begin, end: Math.max(...begun.map(endOf), begin + 1) };
}

function endOf({ finishedAt }: Step): number {
  return finishedAt === null ? now.value : Date.parse(finishedAt);
}

type Props = { step: Step; workflowRun: string; span: Span | null; isOpen: boolean };

/** A step of a workflow run on the time line of all; open, with its runs, its result, and the decision that it waits for. */
export function StepItem({ step, workflowRun, span, isOpen }: Props): JSX.Element {
  const { key, status, approval } = step;
  const row = useRef<HTMLLIElement>(null);
  const href = useHref(key);
  useEffect(() => {
    if (isOpen) row.current?.scrollIntoView({ block: "nearest" });
  }, [isOpen]);
  return (
    <li ref={row} class={isOpen ? "open" : ""}>
      <a class="step-row" href={href} aria-expanded={isOpen}>
        <Status status={status} />
        <span class="text">
          <span class="key">{key}</span> <What step={step} />
        </span>
        {span && <Bar step={step} span={span} />}
        <span class="number faint">{step.startedAt === null ? "" : tookOf(step)}</span>
      </a>
      {isOpen && (
        <div class="step-body">
          {approval && <Approval approval={approval} id={workflowRun} step={key} isOpen={false} />}
          <StepDetails workflowRun={workflowRun} step={step} />
        </div>
      )}
    </li>
  );
}

/** The times of the bars of all steps, from the first beginning. */
export function Scale({ span: { begin, end } }: { span: Span }): JSX.Element {
  return (
    <li class="scale" aria-hidden="true">
      {[0, (end - begin) / 2, end - begin].map((time, index) => (
        <span key={index}>{index === 0 ? "0" : formatDuration(time)}</span>
      ))}
    </li>
  );
}

/** When it ran, beside the other steps. */
function Bar({ step, span: { begin, end } }: { step: Step; span: Span }): JSX.Element {
  if (step.startedAt === null) return <span class="span" />;
  const place = (moment: number): number => ((moment - begin) / (end - begin)) * 100;
  const left = place(Date.parse(step.startedAt));
  const width = Math.max(place(endOf(step)) - left, 0);
  return (
    <span class="span" aria-hidden="true">
      <span class={`bar ${step.status.toLowerCase()}`} style={{ left: `min(${left}%, 100% - 3px)`, width: `max(${width}%, 3px)` }} />
    </span>
  );
}

const WAITS: Record<string, string> = {
  APPROVAL: "Waits for a decision",
  ACCEPTANCE: "Nobody was asked: the approver does not accept requests from you",
  CALLBACK: "Waits for the callback of its target",
};

function What({ step: { error, reasonText, waitUntil, items, status, waitingFor } }: { step: Step }): JSX.Element | null {
  if (error) return <span class="bad-text">{error.message}</span>;
  if (waitUntil && status === "WAITING") {
    return (
      <span class="faint">
        Waits until <Time at={waitUntil} as="moment" />
      </span>
    );
  }
  const waits = waitingFor && WAITS[waitingFor];
  if (waits) return <span class="faint">{waits}</span>;
  if (items) {
    return (
      <span class="faint">
        {items.completed} of {items.total} items{items.failed > 0 && `, ${items.failed} failed`}
      </span>
    );
  }
  return reasonText ? <span class="faint">{reasonText}</span> : null;
}

type ApprovalProps = { approval: NonNullable<Step["approval"]>; id: string; step: string; isOpen: boolean };

/** The request for a decision. An open one can be decided here. */
export function Approval({ approval, id, step, isOpen }: ApprovalProps): JSX.Element {
  const { by, message, decidedBy, comment, notAskedBecause, decideUntil } = approval;
  return (
    <section class="approval" aria-label={`Decision of the step ${step}`}>
      <p class="question">{message || `The step ${step} needs a decision.`}</p>
      {decidedBy && (
        <p class="faint">
          Decided by {decidedBy}
          {comment && `: ${comment}`}
        </p>
      )}
      {isOpen && (
        <p class="faint">
          {by === "admins" ? "An administrator decides" : `${by} decides`}
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
    </section>
  );
}

function Decision({ id, step }: { id: string; step: string }): JSX.Element {
  const [comment, setComment] = useState("");
  const approve = useAction(DECIDE, { id, step, approved: true, comment });
  const refuse = useAction(DECIDE, { id, step, approved: false, comment });
  const isBusy = approve.isBusy || refuse.isBusy;
  return (
    <div class="decision">
      <input
        aria-label="Comment"
        placeholder="Comment, if you like"
        maxLength={2000}
        value={comment}
        onInput={(event) => setComment(event.currentTarget.value)}
      />
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
