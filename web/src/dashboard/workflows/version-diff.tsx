// The versions of a workflow, and what has changed between two of them.

import { diffLines } from "diff";
import type { JSX } from "preact";

import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { ErrorState, LoadingRows } from "../ui/states.tsx";

const CONTEXT = 3;
const TWO = graphql(`
  query WorkflowVersions($name: String!, $before: Int!, $after: Int!) {
    workflow(name: $name) {
      before: savedVersion(number: $before) {
        number
        yaml
      }
      after: savedVersion(number: $after) {
        number
        yaml
      }
    }
  }
`);
type Two = NonNullable<ResultOf<typeof TWO>["workflow"]>;
type Line = { kind: "same" | "added" | "removed"; text: string; before: number | null; after: number | null };

/** Shows the lines that differ between two versions, with some around them. */
export function VersionDiff({ name, before, after }: { name: string; before: number; after: number }): JSX.Element {
  const { data, error, reread } = useLive(TWO, { name, before, after }, { concerns: () => false });
  const workflow = data?.workflow;
  if (!workflow) return error ? <ErrorState message={error} retry={reread} /> : <LoadingRows count={4} />;
  return <Differences workflow={workflow} />;
}

function Differences({ workflow: { before, after } }: { workflow: Two }): JSX.Element {
  if (before?.yaml == null || after?.yaml == null) return <p class="faint">One of these versions is no longer kept.</p>;
  const hunks = hunksOf(linesOf(before.yaml, after.yaml));
  if (hunks.length === 0) return <p class="faint">The two versions have the same lines. A secret may have changed.</p>;
  return (
    <div class="diff" role="table" aria-label={`Changes from version ${before.number} to version ${after.number}`}>
      {hunks.map((hunk, place) => (
        <div key={place} class="hunk" role="rowgroup">
          {hunk.map((line) => (
            <div key={`${line.before}-${line.after}`} class={`diff-line ${line.kind}`} role="row">
              <span class="line-number" role="cell">{line.before}</span>
              <span class="line-number" role="cell">{line.after}</span>
              <span class="sign" role="cell" aria-label={line.kind}>{SIGNS[line.kind]}</span>
              <code role="cell">{line.text}</code>
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}

const SIGNS = { same: " ", added: "+", removed: "−" } as const;

/** Returns all lines of both texts, in order. */
export function linesOf(before: string, after: string): Line[] {
  const lines: Line[] = [];
  let [left, right] = [0, 0];
  for (const { value, added, removed } of diffLines(before, after)) {
    const kind = added ? "added" : removed ? "removed" : "same";
    for (const text of value.replace(/\n$/, "").split("\n")) {
      lines.push({ kind, text, before: added ? null : ++left, after: removed ? null : ++right });
    }
  }
  return lines;
}

/** Returns groups of lines: those that changed, and up to three around them. */
export function hunksOf(lines: Line[]): Line[][] {
  const isNear = lines.map((_, place) =>
    lines.slice(Math.max(place - CONTEXT, 0), place + CONTEXT + 1).some(({ kind }) => kind !== "same"),
  );
  const hunks: Line[][] = [];
  lines.forEach((line, place) => {
    if (!isNear[place]) return;
    if (isNear[place - 1] && hunks.length > 0) hunks.at(-1)?.push(line);
    else hunks.push([line]);
  });
  return hunks;
}
