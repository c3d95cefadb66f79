import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql } from "../graphql.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field, Form, useSending } from "../ui/form.tsx";
import { showToast } from "../ui/toast.tsx";

const INVITE = graphql(`
  mutation InviteUser($email: String!, $isAdmin: Boolean!) {
    inviteUser(input: { email: $email, isAdmin: $isAdmin }) {
      invitation {
        email
      }
      userErrors {
        field
        message
      }
    }
  }
`);

/** Mails a link by which somebody can create an account, even while sign-up is closed. */
export function InviteDialog({ close }: { close: () => void }): JSX.Element {
  const [email, setEmail] = useState("");
  const [isAdmin, setIsAdmin] = useState(false);
  const { send, isBusy, problems } = useSending(INVITE);
  const submit = async (): Promise<void> => {
    const data = await send({ email, isAdmin });
    if (!data) return;
    showToast(`An invitation is on its way to ${data.inviteUser.invitation?.email ?? email}.`);
    close();
  };
  return (
    <Dialog title="Invite a user" close={close}>
      <Form problems={problems} submit={submit}>
        <Field name="email" label="Email address" hint="The link in the mail works for seven days.">
          {(control) => (
            <input {...control} type="email" required autofocus value={email} onInput={(event) => setEmail(event.currentTarget.value)} />
          )}
        </Field>
        <label class="check">
          <input type="checkbox" checked={isAdmin} onChange={(event) => setIsAdmin(event.currentTarget.checked)} />
          as an administrator
        </label>
        <div class="buttons">
          <button class="main" disabled={isBusy}>
            Send invitation
          </button>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
      </Form>
    </Dialog>
  );
}
