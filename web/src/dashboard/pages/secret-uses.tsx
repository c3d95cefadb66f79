import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { withoutDeleted } from "../deletions.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import "../styles/secrets.css";

const SHOWN = 3;
const MOST_TOLD = 20; // by the server, of each kind

export const SECRET_USES = graphql(`
  fragment SecretUses on Secret @_unmask {
    tasks {
      id
      name
    }
    workflows {
      id
      name
    }
  }
`);
export type Uses = ResultOf<typeof SECRET_USES>;

type Use = { name: string; address: string };

function listUses({ tasks, workflows }: Uses): Use[] {
  return [
    ...withoutDeleted(tasks).map(({ id, name }) => ({ name, address: `/tasks/${id}` })),
    ...withoutDeleted(workflows).map(({ id, name }) => ({ name, address: `/workflows/${id}` })),
  ];
}

/** Says how many more there are than those that are named; the server does not tell all of many. */
function sayMore({ tasks, workflows }: Uses, named: number): string {
  const more = withoutDeleted(tasks).length + withoutDeleted(workflows).length - named;
  const isCut = tasks.length === MOST_TOLD || workflows.length === MOST_TOLD;
  return more > 0 ? `and ${more}${isCut ? " or more" : ""} more` : "";
}

/** Links to the tasks and workflows that use a secret. */
export function SecretUses({ uses }: { uses: Uses }): JSX.Element {
  const named = listUses(uses).slice(0, SHOWN);
  if (named.length === 0) return <span class="faint">Nothing</span>;
  return (
    <>
      {named.map(({ name, address }) => (
        <div key={address}>
          <Link href={address}>{name}</Link>
        </div>
      ))}
      <div class="faint small">{sayMore(uses, named.length)}</div>
    </>
  );
}

/** Says what fails without a secret. */
export function explainDeletion(uses: Uses): string {
  const names = listUses(uses).slice(0, SHOWN).map(({ name }) => name);
  if (names.length === 0) return "No task or workflow uses it. You can undo it for ten seconds.";
  const more = sayMore(uses, names.length);
  return `Runs of these fail from then on: ${names.join(", ")}${more && ` ${more}`}. You can undo it for ten seconds.`;
}
