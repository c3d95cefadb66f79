import type { JSX } from "preact";
import { Link, useLocation } from "wouter-preact";

import { useAction } from "../actions.ts";
import { deleteLater } from "../deletions.ts";
import { graphql } from "../graphql.ts";
import { useApi } from "../live.ts";
import { DeleteIcon, EditIcon } from "../ui/action-icons.tsx";
import { confirm } from "../ui/dialog.tsx";
import { PauseIcon, PlayIcon } from "../ui/icons.tsx";
import { changeTasks } from "./bulk.ts";
import type { Task } from "./task-query.ts";

const RUN_NOW = graphql(`mutation RunTask($id: ID!) { runTask(input: { id: $id }) { run { id } userErrors { message } } }`);
const DELETE = graphql(`mutation DeleteTask($id: ID!) { deleteTask(input: { id: $id }) { userErrors { message } } }`);

/** What can be done with a task. `done` is called when its state has changed. */
export function TaskActions({ task: { id, name, status }, done }: { task: Task; done: () => void }): JSX.Element {
  const { client } = useApi();
  const runNow = useAction(RUN_NOW, { id });
  const [, go] = useLocation();
  const isPaused = status === "PAUSED";
  const hold = (): void => void changeTasks(client, isPaused ? "resume" : "pause", { ids: [id] }).then(done);
  const askAndDelete = async (): Promise<void> => {
    const text = "Its open runs are cancelled; the history is kept. You can undo it for ten seconds.";
    if (!(await confirm({ title: `Delete ${name}?`, text, action: "Delete" }))) return;
    go("/tasks");
    deleteLater(client, DELETE, { ids: [id], text: `${name} is deleted.`, calls: [{ id }] });
  };
  return (
    <>
      <span class="problem" role="alert">
        {runNow.problem}
      </span>
      <button type="button" onClick={() => void askAndDelete()}>
        <DeleteIcon />
        Delete
      </button>
      <Link href={`/tasks/${id}/edit`} class="button" aria-keyshortcuts="e">
        <EditIcon />
        Edit
      </Link>
      {status !== "CANCELLED" && (
        <button type="button" aria-keyshortcuts="p" onClick={hold}>
          {isPaused ? <PlayIcon /> : <PauseIcon />}
          {isPaused ? "Resume" : "Pause"}
        </button>
      )}
      <button type="button" class="main" aria-keyshortcuts="Shift+R" disabled={runNow.isBusy} onClick={() => void runNow.run()}>
        <PlayIcon />
        Run now
      </button>
    </>
  );
}
