import type { JSX } from "preact";

import type { TaskForm } from "./model.ts";
import { differences } from "./differences.ts";

type Props = { base: TaskForm; mine: TaskForm; theirs: TaskForm; keep: () => void; take: () => void };

/** Tells that the task was changed elsewhere meanwhile, what is different, and lets one choose. */
export function ConflictNotice({ base, mine, theirs, keep, take }: Props): JSX.Element {
  const changes = differences(base, theirs);
  const own = new Map(differences(base, mine).map(({ name, after }) => [name, after]));
  return (
    <div class="notice warn conflict" role="alert">
      <p>
        <strong>This task was changed elsewhere while you edited it.</strong> Saving needs a choice.
      </p>
      <div class="table-frame">
        <table>
          <thead>
            <tr>
              <th>Setting</th>
              <th>Before</th>
              <th>Now</th>
              <th>Yours</th>
            </tr>
          </thead>
          <tbody>
            {changes.map(({ name, before, after }) => (
              <tr key={name}>
                <td>{name}</td>
                <td class="faint">{before || "—"}</td>
                <td>{after || "—"}</td>
                <td>{own.has(name) ? own.get(name) || "—" : <span class="faint">not changed</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="buttons">
        <button type="button" onClick={take}>
          Discard my changes
        </button>
        <button type="button" class="main" onClick={keep}>
          Keep my changes
        </button>
      </p>
    </div>
  );
}
