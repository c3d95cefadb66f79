import type { JSX } from "preact";

import { formatCount } from "../format.ts";
import { graphql } from "../graphql.ts";
import { confirm } from "../ui/dialog.tsx";
import { useSending } from "../ui/form.tsx";
import { showToast } from "../ui/toast.tsx";
import type { DeadLetterFilter } from "./dead-letters.tsx";

const DISCARD = graphql(`
  mutation DiscardDeadLetters($filter: DeadLetterFilter, $all: Boolean!) {
    discardDeadLetters(input: { filter: $filter, all: $all }) {
      count
      userErrors {
        field
        message
      }
    }
  }
`);
type Props = { filter: DeadLetterFilter; count: number; done: () => void };

/** Discards the dead letters that are shown: they stay in the history as failed runs. */
export function DiscardButton({ filter, count, done }: Props): JSX.Element {
  const { send, isBusy, problems } = useSending(DISCARD);
  const discard = async (): Promise<void> => {
    const text = `They stay in the history as failed runs, but cannot be replayed together any more. This cannot be undone.`;
    const title = count === 1 ? "Discard this dead letter?" : `Discard ${formatCount(count)} dead letters?`;
    if (!(await confirm({ title, text, action: "Discard" }))) return;
    const isAll = Object.keys(filter).length === 0;
    const data = await send({ filter: isAll ? null : filter, all: isAll });
    if (data) showToast(`Discarded ${formatCount(data.discardDeadLetters.count ?? 0)}.`);
    done();
  };
  return (
    <>
      <span class="problem" role="alert">
        {problems.general}
      </span>
      <button type="button" disabled={isBusy} onClick={() => void discard()}>
        Discard…
      </button>
    </>
  );
}
