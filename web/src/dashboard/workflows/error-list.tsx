import type { JSX } from "preact";

import type { WorkflowError } from "../editor/yaml-editor.tsx";
import { StatusShape } from "../ui/status.tsx";

type Props = { errors: WorkflowError[] | null; go: (error: WorkflowError) => void };

/** The errors of a workflow: each leads to its place in the editor. Null before they were looked for. */
export function ErrorList({ errors, go }: Props): JSX.Element | null {
  if (errors === null) return <p class="faint">Checking …</p>;
  if (errors.length === 0) {
    return (
      <p class="no-errors">
        <StatusShape status="COMPLETED" />
        No errors
      </p>
    );
  }
  return (
    <>
      <h2>{errors.length === 1 ? "1 error" : `${errors.length} errors`}</h2>
      <ul class="error-list">
        {errors.map((error, place) => (
          <li key={place}>
            <button type="button" onClick={() => go(error)}>
              <span class="place">{error.line === null ? "All" : `Line ${error.line}:${error.column}`}</span>
              <span>
                {error.message}
                {error.path.length > 0 && <span class="faint"> {formatPath(error.path)}</span>}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function formatPath(path: readonly string[]): string {
  return path.map((part, place) => (/^\d+$/.test(part) ? `[${part}]` : place === 0 ? part : `.${part}`)).join("");
}
