import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql } from "../graphql.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field, Form, useSending } from "../ui/form.tsx";

const UPDATE = graphql(`
  mutation UpdateQueue($input: UpdateQueueInput!) {
    updateQueue(input: $input) {
      userErrors {
        field
        message
      }
    }
  }
`);
type Queue = { name: string; description: string; concurrency: number | null; ratePerMinute: number | null; priority: number };
type Props = { queue: Queue | null; done: () => void; close: () => void };

/** Changes the limits of a queue, or creates one if none is given. */
export function EditQueue({ queue, done, close }: Props): JSX.Element {
  const { send, isBusy, problems } = useSending(UPDATE);
  const [form, setForm] = useState(queue ?? { name: "", description: "", concurrency: null, ratePerMinute: null, priority: 0 });
  const submit = async (): Promise<void> => {
    if ((await send({ input: pick(form) })) === null) return;
    done();
    close();
  };
  const number = (event: { currentTarget: HTMLInputElement }): number | null =>
    event.currentTarget.value === "" ? null : event.currentTarget.valueAsNumber;
  return (
    <Dialog title={queue ? `Queue ${queue.name}` : "New queue"} close={close}>
      <Form problems={problems} submit={submit}>
        {queue === null && (
          <Field name="name" label="Name" hint="Lower-case letters, digits, _ and -.">
            {(control) => <input {...control} required maxLength={50} value={form.name} onInput={(event) => setForm({ ...form, name: event.currentTarget.value })} />}
          </Field>
        )}
        <Field name="description" label="Description">
          {(control) => (
            <input {...control} maxLength={500} value={form.description} onInput={(event) => setForm({ ...form, description: event.currentTarget.value })} />
          )}
        </Field>
        <div class="row">
          <Field name="concurrency" label="Runs at once" hint="Empty for no limit.">
            {(control) => <input {...control} type="number" min={1} value={form.concurrency ?? ""} onInput={(event) => setForm({ ...form, concurrency: number(event) })} />}
          </Field>
          <Field name="ratePerMinute" label="Attempts a minute" hint="Empty for no limit.">
            {(control) => <input {...control} type="number" min={1} value={form.ratePerMinute ?? ""} onInput={(event) => setForm({ ...form, ratePerMinute: number(event) })} />}
          </Field>
          <Field name="priority" label="Priority" hint="Of tasks without one, -10 to 10.">
            {(control) => (
              <input {...control} type="number" min={-10} max={10} required value={form.priority} onInput={(event) => setForm({ ...form, priority: number(event) ?? 0 })} />
            )}
          </Field>
        </div>
        <div class="buttons">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button class="main" disabled={isBusy}>
            {queue ? "Save" : "Create"}
          </button>
        </div>
      </Form>
    </Dialog>
  );
}

function pick({ name, description, concurrency, ratePerMinute, priority }: Queue): Queue {
  return { name, description, concurrency, ratePerMinute, priority };
}
