import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql } from "../graphql.ts";
import { Field, Form, useSending } from "../ui/form.tsx";
import { showToast } from "../ui/toast.tsx";

const ACCEPT = graphql(`
  mutation AcceptRequestsFrom($email: String!) {
    acceptRequestsFrom(input: { email: $email }) {
      userErrors {
        field
        message
      }
    }
  }
`);
const REFUSE = graphql(`
  mutation RefuseRequestsFrom($email: String!) {
    refuseRequestsFrom(input: { email: $email }) {
      userErrors {
        message
      }
    }
  }
`);

/** The users whose workflows may mail requests for decisions. */
export function AcceptedRequesters({ emails, done }: { emails: readonly string[]; done: () => void }): JSX.Element {
  const [email, setEmail] = useState("");
  const { send, isBusy, problems } = useSending(ACCEPT);
  const submit = async (): Promise<void> => {
    if (!(await send({ email }))) return;
    setEmail("");
    done();
  };
  return (
    <div class="panel">
      <p class="faint">Workflows of these users may ask you for decisions by mail. Your own always may.</p>
      {emails.length > 0 && (
        <ul class="plain-list">
          {emails.map((each) => (
            <Requester key={each} email={each} done={done} />
          ))}
        </ul>
      )}
      <Form problems={problems} submit={submit}>
        <Field name="email" label="Accept requests from">
          {(control) => (
            <input
              {...control}
              type="email"
              required
              placeholder="colleague@example.com"
              value={email}
              onInput={(event) => setEmail(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="buttons">
          <button disabled={isBusy}>Accept</button>
        </div>
      </Form>
    </div>
  );
}

function Requester({ email, done }: { email: string; done: () => void }): JSX.Element {
  const { send, isBusy } = useSending(REFUSE);
  const accepting = useSending(ACCEPT);
  const remove = async (): Promise<void> => {
    const isDone = await send({ email });
    done();
    if (isDone) showToast(`${email} may not ask you for decisions any more.`, { undo: () => accepting.send({ email }).then(done) });
  };
  return (
    <li>
      <span>{email}</span>
      <button type="button" class="quiet" disabled={isBusy} onClick={() => void remove()}>
        Remove
      </button>
    </li>
  );
}
