import type { JSX } from "preact";

import { useAction } from "../actions.ts";
import { graphql } from "../graphql.ts";
import { confirm } from "../ui/dialog.tsx";
import { showToast } from "../ui/toast.tsx";

const DELETE = graphql(`
  mutation DeleteWorkflow($name: String!) {
    deleteWorkflow(input: { name: $name }) {
      deletedWorkflowId
      userErrors {
        message
      }
    }
  }
`);

type Props = { name: string; class?: string; done: () => void };

/** Deletes a workflow after a question: its history stays, but nobody could undo it. */
export function DeleteWorkflow({ name, class: look, done }: Props): JSX.Element {
  const { run, isBusy, problem } = useAction(DELETE, { name });
  const remove = async (): Promise<void> => {
    const text = "Its schedule ends. Runs in progress continue, and its history stays.";
    if (!(await confirm({ title: `Delete ${name}?`, text, action: "Delete" })) || !(await run())) return;
    showToast(`${name} was deleted.`);
    done();
  };
  return (
    <>
      <span class="problem" role="alert">
        {problem}
      </span>
      <button type="button" class={look} disabled={isBusy} aria-label={`Delete ${name}`} onClick={() => void remove()}>
        Delete
      </button>
    </>
  );
}
