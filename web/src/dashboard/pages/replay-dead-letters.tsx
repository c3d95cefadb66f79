import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { formatCount, formatDuration } from "../format.ts";
import { graphql } from "../graphql.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field, Form, useSending } from "../ui/form.tsx";
import { RetryIcon } from "../ui/icons.tsx";
import { showToast } from "../ui/toast.tsx";
import type { DeadLetterFilter } from "./dead-letters.tsx";

const MINUTE_MS = 60_000;
const REPLAY = graphql(`
  mutation ReplayDeadLetters($input: ReplayDeadLettersInput!) {
    replayDeadLetters(input: $input) {
      count
      replay {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);
type Props = { filter: DeadLetterFilter; done: () => void };

export function ReplayButton({ filter, done }: Props): JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" class="main" onClick={() => setIsOpen(true)}>
        <RetryIcon />
        Replay…
      </button>
      {isOpen && <ReplayDialog filter={filter} done={done} close={() => setIsOpen(false)} />}
    </>
  );
}

function ReplayDialog({ filter, done, close }: Props & { close: () => void }): JSX.Element {
  const { send, isBusy, problems } = useSending(REPLAY);
  const count = useCount(filter);
  const [idempotencyKey] = useState(() => crypto.randomUUID());
  const [perMinute, setPerMinute] = useState(60);
  const [canary, setCanary] = useState(true);
  const [settings, setSettings] = useState<"CURRENT" | "ORIGINAL">("CURRENT");
  const submit = async (): Promise<void> => {
    if ((await send({ input: { filter, perMinute, canary, settings, idempotencyKey } })) === null) return;
    showToast("The replay has begun.");
    close();
    done();
  };
  return (
    <Dialog title="Replay dead letters" close={close}>
      <Form problems={problems} submit={submit}>
        <p role="status">{count === null ? "Counting …" : describe(count, perMinute)}</p>
        <Field name="perMinute" label="Runs a minute" hint="As many as the host can take.">
          {(control) => (
            <input
              {...control}
              type="number"
              min={1}
              max={6000}
              required
              value={perMinute}
              onInput={(event) => setPerMinute(event.currentTarget.valueAsNumber || 1)}
            />
          )}
        </Field>
        <label class="check">
          <input type="checkbox" checked={canary} onChange={(event) => setCanary(event.currentTarget.checked)} />
          Send one first, and the others only if it succeeds
        </label>
        <Field name="settings" label="With the settings">
          {(control) => (
            <select {...control} value={settings} onChange={(event) => setSettings(event.currentTarget.value as typeof settings)}>
              <option value="CURRENT">that the tasks have now</option>
              <option value="ORIGINAL">that the runs had</option>
            </select>
          )}
        </Field>
        <div class="buttons">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button class="main" disabled={isBusy || count === 0}>
            Replay
          </button>
        </div>
      </Form>
    </Dialog>
  );
}

/** Returns how many would be replayed; null until that is known. */
function useCount(filter: DeadLetterFilter): number | null {
  const { send } = useSending(REPLAY);
  const [count, setCount] = useState<number | null>(null);
  useEffect(() => {
    void send({ input: { filter, dryRun: true } }).then((data) => setCount(data?.replayDeadLetters.count ?? null));
  }, []);
  return count;
}

function describe(count: number, perMinute: number): string {
  if (count === 0) return "No dead letter matches.";
  const runs = count === 1 ? "1 run" : `${formatCount(count)} runs`;
  return `${runs} will be sent, which takes about ${formatDuration((count / perMinute) * MINUTE_MS)}.`;
}
