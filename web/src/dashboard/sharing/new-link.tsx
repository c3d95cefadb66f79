import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Dialog } from "../ui/dialog.tsx";
import { Field, Form, useSending } from "../ui/form.tsx";
import type { InputSpec } from "../workflows/definition.ts";
import { CREATE, type PublicLink, UPDATE } from "./documents.ts";

const MAX_TITLE_LENGTH = 100;

type StatusProps = { subject: string; name: string; created: () => void; close: () => void };

/** Asks for the title of a new badge and status page. The name of the task or workflow is no title of its own. */
export function NewStatusLink({ subject, name, created, close }: StatusProps): JSX.Element {
  const [title, setTitle] = useState(name);
  const { send, isBusy, problems } = useSending(CREATE);
  const submit = async (): Promise<void> => {
    if (!(await send({ input: { subjectId: subject, kind: "STATUS", title: title === name ? null : title } }))) return;
    created();
    close();
  };
  return (
    <Dialog title="New status page" close={close}>
      <Form problems={problems} submit={submit}>
        <p>
          Everyone who has the link sees its title, its state, when its latest runs were due, and how many of them succeeded: no address,
          no error, no response.
        </p>
        <TitleField title={title} set={setTitle} />
        <Buttons action="Create link" isBusy={isBusy} close={close} />
      </Form>
    </Dialog>
  );
}

type TitleProps = { link: PublicLink; name: string; changed: () => void; close: () => void };

/** Asks for another title of a badge and status page. */
export function ChangeTitle({ link: { id, title: before }, name, changed, close }: TitleProps): JSX.Element {
  const [title, setTitle] = useState(before ?? name);
  const { send, isBusy, problems } = useSending(UPDATE);
  const submit = async (): Promise<void> => {
    if (!(await send({ id, title: title === name ? null : title }))) return;
    changed();
    close();
  };
  return (
    <Dialog title="Change the title" close={close}>
      <Form problems={problems} submit={submit}>
        <p>The URL stays. Other sites may show the former title for a minute.</p>
        <TitleField title={title} set={setTitle} />
        <Buttons action="Save" isBusy={isBusy} close={close} />
      </Form>
    </Dialog>
  );
}

function TitleField({ title, set }: { title: string; set: (title: string) => void }): JSX.Element {
  return (
    <Field name="title" label="Title" hint="On the badge and the page">
      {(control) => (
        <input
          {...control}
          required
          maxlength={MAX_TITLE_LENGTH}
          autocomplete="off"
          value={title}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

type TriggerProps = {
  subject: string;
  inputs: readonly InputSpec[];
  created: (url: string, takesRequest: boolean) => void;
  close: () => void;
};

/** Asks for the input of a workflow that gets the requests to a new trigger URL. A task has no inputs. */
export function NewTrigger({ subject, inputs, created, close }: TriggerProps): JSX.Element {
  const [requestInput, setRequestInput] = useState("");
  const { send, isBusy, problems } = useSending(CREATE);
  const fitting = inputs.filter(({ type }) => type === "object" || type === "any");
  const submit = async (): Promise<void> => {
    const data = await send({ input: { subjectId: subject, kind: "TRIGGER", requestInput: requestInput || null } });
    if (!data?.createPublicLink.url) return;
    created(data.createPublicLink.url, requestInput !== "");
    close();
  };
  return (
    <Dialog title="New trigger URL" close={close}>
      <Form problems={problems} submit={submit}>
        <p>Whoever has the URL can start a run with a POST request, up to 60 times a minute. Treat it like a password.</p>
        {fitting.length > 0 && (
          <Field name="requestInput" label="Request">
            {(control) => (
              <select {...control} value={requestInput} onChange={(event) => setRequestInput(event.currentTarget.value)}>
                <option value="">A JSON object of inputs</option>
                {fitting.map(({ name }) => (
                  <option key={name} value={name}>
                    The input {name} gets all of it
                  </option>
                ))}
              </select>
            )}
          </Field>
        )}
        <Buttons action="Create URL" isBusy={isBusy} close={close} />
      </Form>
    </Dialog>
  );
}

function Buttons({ action, isBusy, close }: { action: string; isBusy: boolean; close: () => void }): JSX.Element {
  return (
    <div class="buttons">
      <button type="button" onClick={close}>
        Cancel
      </button>
      <button class="main" disabled={isBusy}>
        {action}
      </button>
    </div>
  );
}
