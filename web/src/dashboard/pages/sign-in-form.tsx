// Forms that are sent without being signed in.

import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";

import { Refused } from "../../api.ts";

type Submission = { submit: (event: SubmitEvent) => void; isBusy: boolean; problem: string };

/** Sends the fields of a form, and tells why that was refused. */
export function useSubmission(send: (fields: FormData) => Promise<void>): Submission {
  const [problem, setProblem] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    setIsBusy(true);
    setProblem("");
    try {
      await send(fields);
    } catch (error) {
      setProblem(error instanceof Refused ? error.message : String(error));
    }
    setIsBusy(false);
  };
  return { submit: (event) => void submit(event), isBusy, problem };
}

type FormProps = { submission: Submission; children: ComponentChildren };

export function SignInForm({ submission, children }: FormProps): JSX.Element {
  return <form onSubmit={submission.submit}>{children}</form>;
}

/** The button that sends the form, below the problem. */
export function SubmitButton({ submission, label }: { submission: Submission; label: string }): JSX.Element {
  return (
    <>
      <p class="problem" role="alert">
        {submission.problem}
      </p>
      <button class="main" disabled={submission.isBusy}>
        {label}
      </button>
    </>
  );
}
