import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { ask, Refused } from "../../api.ts";
import { SignInForm, SubmitButton, useSubmission } from "./sign-in-form.tsx";

const REQUEST = `mutation ($input: RequestPasswordResetInput!) {
  requestPasswordReset(input: $input) { userErrors { message } }
}`;
type Answer = { requestPasswordReset: { userErrors: { message: string }[] } };

/** Asks for a mail with a link, which leads to the page where a new password is chosen. */
export function ForgottenPassword({ email }: { email: string }): JSX.Element {
  const [sentTo, setSentTo] = useState<string | null>(null);
  const submission = useSubmission(async (fields) => {
    const address = String(fields.get("email"));
    const { requestPasswordReset } = await ask<Answer>(REQUEST, { input: { email: address } });
    const faults = requestPasswordReset.userErrors.map(({ message }) => message).join(" ");
    if (faults) throw new Refused(faults);
    setSentTo(address);
  });
  if (sentTo !== null) {
    return (
      <p class="notice" role="status">
        If {sentTo} has an account, a mail is on its way to it. The link in it works for an hour. Nothing there? Look into the spam
        folder.
      </p>
    );
  }
  return (
    <SignInForm submission={submission}>
      <p class="hint">You get a mail with a link to choose a new password.</p>
      <label>
        Email address
        <input name="email" type="email" required autocomplete="username" autofocus defaultValue={email} />
      </label>
      <SubmitButton submission={submission} label="Send reset link" />
    </SignInForm>
  );
}
