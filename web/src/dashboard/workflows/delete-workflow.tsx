import type { JSX } from "preact";

import { deleteLater } from "../deletions.ts";
import { graphql } from "../graphql.ts";
import { useApi } from "../live.ts";
import { confirm } from "../ui/dialog.tsx";

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

type Props = { id: string; name: string; class?: string; done?: () => void };

/** Deletes a workflow after a question. */
export function DeleteWorkflow({ id, name, class: look, done }: Props): JSX.Element {
  const { client } = useApi();
  const remove = async (): Promise<void> => {
    const text = "Its schedule ends. Runs in progress continue, and its history stays. You can undo it for ten seconds.";
    if (!(await confirm({ title: `Delete ${name}?`, text, action: "Delete" }))) return;
    done?.();
    deleteLater(client, DELETE, { ids: [id], text: `${name} is deleted.`, calls: [{ name }] });
  };
  return (
    <button type="button" class={look} aria-label={`Delete ${name}`} onClick={() => void remove()}>
      Delete
    </button>
  );
}
