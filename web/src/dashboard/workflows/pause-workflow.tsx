import type { JSX } from "preact";

import { useAction } from "../actions.ts";
import { graphql } from "../graphql.ts";
import { PauseIcon, PlayIcon } from "../ui/icons.tsx";

const PAUSE = graphql(`
  mutation PauseWorkflow($name: String!) {
    pauseWorkflow(input: { name: $name }) {
      workflow {
        id
        isPaused
      }
      userErrors {
        message
      }
    }
  }
`);
const RESUME = graphql(`
  mutation ResumeWorkflow($name: String!) {
    resumeWorkflow(input: { name: $name }) {
      workflow {
        id
        isPaused
      }
      userErrors {
        message
      }
    }
  }
`);

/** Pauses the schedule of a workflow, or resumes it. */
export function PauseWorkflow({ name, isPaused }: { name: string; isPaused: boolean }): JSX.Element {
  const pause = useAction(PAUSE, { name });
  const resume = useAction(RESUME, { name });
  const { run, isBusy, problem } = isPaused ? resume : pause;
  return (
    <>
      <span class="problem" role="alert">
        {problem}
      </span>
      <button type="button" disabled={isBusy} onClick={() => void run()}>
        {isPaused ? <PlayIcon /> : <PauseIcon />}
        {isPaused ? "Resume" : "Pause"}
      </button>
    </>
  );
}
