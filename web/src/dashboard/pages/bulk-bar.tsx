import type { JSX } from "preact";

import { formatCount } from "../format.ts";
import { useApi } from "../live.ts";
import { DeleteIcon } from "../ui/action-icons.tsx";
import { confirm } from "../ui/dialog.tsx";
import { PauseIcon, PlayIcon } from "../ui/icons.tsx";
import { type BulkAction, canUndoDeletion, changeTasks, deleteTasks, progress } from "./bulk.ts";
import type { TaskFilter } from "./task-list.ts";
import type { Selection } from "./task-selection.ts";

type Props = { selection: Selection; filter: TaskFilter; shown: number; total: { count: number; isExact: boolean } };

/** What can be done with the selected tasks, and how far it is. It keeps its place, so that the list does not jump. */
export function BulkBar(props: Props): JSX.Element {
  const { ids } = props.selection;
  const isShown = progress.value !== null || ids === null || ids.size > 0;
  return (
    <div class="bulk" role="region" aria-label="Selected tasks" hidden={!isShown}>
      {progress.value !== null ? <Working /> : isShown && <Choice {...props} />}
    </div>
  );
}

function Working(): JSX.Element | null {
  const state = progress.value;
  if (state === null) return null;
  const { text, done, all, stop } = state;
  return (
    <>
      <span role="status">
        {text} <progress value={all === null ? undefined : done} max={all ?? 1} aria-label="Progress" /> {formatCount(done)}
        {all !== null && ` of ${formatCount(all)}`}
      </span>
      <button type="button" onClick={stop}>
        Stop
      </button>
    </>
  );
}

function Choice({ selection, filter, shown, total }: Props): JSX.Element {
  const { client } = useApi();
  const { ids } = selection;
  const words = ids === null ? `all ${formatCount(total.count, total.isExact)} tasks` : ids.size === 1 ? "1 task" : `${formatCount(ids.size)} tasks`;
  const canUndo = ids === null ? canUndoDeletion(total.count, total.isExact) : canUndoDeletion(ids.size);
  const act = (action: BulkAction): void => {
    const which = ids === null ? { filter } : { ids: [...ids] };
    void ask(action, words, canUndo).then((isConfirmed) => {
      if (!isConfirmed) return;
      const done = action === "delete" ? deleteTasks(client, which) : changeTasks(client, action, which);
      void done.then(() => selection.set([]));
    });
  };
  return (
    <>
      <span>
        <strong>{words}</strong> selected
      </span>
      {ids?.size === shown && (total.count > shown || !total.isExact) && (
        <button type="button" class="link" onClick={selection.setAll}>
          Select all {formatCount(total.count, total.isExact)} that match
        </button>
      )}
      <span class="actions">
        <button type="button" onClick={() => act("pause")}>
          <PauseIcon />
          Pause
        </button>
        <button type="button" onClick={() => act("resume")}>
          <PlayIcon />
          Resume
        </button>
        <button type="button" onClick={() => act("run")}>
          Run now
        </button>
        <button type="button" onClick={() => act("delete")}>
          <DeleteIcon />
          Delete
        </button>
        <button type="button" class="quiet" onClick={() => selection.set([])}>
          Clear
        </button>
      </span>
    </>
  );
}

/** Asks before tasks are deleted, and before many are run: the rest is undone by its opposite. */
async function ask(action: BulkAction, words: string, canUndo: boolean): Promise<boolean> {
  if (action === "delete") {
    const text = `Their open runs are cancelled; the history is kept. ${canUndo ? "You can undo it for ten seconds." : "This cannot be undone."}`;
    return confirm({ title: `Delete ${words}?`, text, action: "Delete" });
  }
  if (action !== "run" || words === "1 task") return true;
  return confirm({ title: `Run ${words} now?`, text: "Each runs once, in addition to its schedule.", action: "Run now", isDestructive: false });
}
