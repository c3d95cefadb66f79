import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { ask } from "../../api.ts";
import icon from "../../icon.svg";
import { session } from "../client.ts";
import { ForgottenPassword } from "./forgotten-password.tsx";
import { SignInForm, SubmitButton, useSubmission } from "./sign-in-form.tsx";

type Way = "logIn" | "signUp" | "forgot";
const TITLES = { logIn: "Sign in", signUp: "Create an account", forgot: "Reset your password" };
const SIGN_UP_POLICY = "{ installation { isSignUpOpen } }";

export function SignInPage(): JSX.Element {
  useEffect(() => {
    document.title = "Sign in · Tocsin";
  }, []);
  return (
    <main class="sign-in">
      <Ways />
    </main>
  );
}

/** The form over a page whose session has ended. It is the topmost dialog, so no other one on the page is in its way. */
export function SignInAgain({ email }: { email: string }): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog ref={element} class="sign-in" aria-label="Sign in" onCancel={(event) => event.preventDefault()}>
      <Ways email={email}>
        <p class="notice warn" role="status">
          Your session has ended. Sign in again to go on where you were.
        </p>
      </Ways>
    </dialog>
  );
}

/** What one can do without being signed in. */
function Ways({ email = "", children }: { email?: string; children?: ComponentChildren }): JSX.Element {
  const [way, setWay] = useState<Way>("logIn");
  const [typed, setTyped] = useState(email);
  const isOpen = useSignUpPolicy();
  return (
    <section class="card" aria-label={TITLES[way]}>
      <h1>
        <img src={icon} alt="" width="26" height="26" /> Tocsin
      </h1>
      {children}
      <h2>{TITLES[way]}</h2>
      {way === "forgot" && <ForgottenPassword email={typed} />}
      {way !== "forgot" && <CredentialsForm key={way} way={way} email={typed} setEmail={setTyped} />}
      <p class="ways">
        {way !== "logIn" && <OtherWay label="Sign in" go={() => setWay("logIn")} />}
        {way === "logIn" && isOpen && <OtherWay label="Create an account" go={() => setWay("signUp")} />}
        {way === "logIn" && isOpen === false && <span class="faint">Accounts are created by invitation.</span>}
        {way === "logIn" && <OtherWay label="Forgot your password?" go={() => setWay("forgot")} />}
      </p>
    </section>
  );
}

function OtherWay({ label, go }: { label: string; go: () => void }): JSX.Element {
  return (
    <button type="button" class="link" onClick={go}>
      {label}
    </button>
  );
}

/** Whether anyone can create an account; undefined as long as the server has not said so. */
function useSignUpPolicy(): boolean | undefined {
  const [isOpen, setIsOpen] = useState<boolean>();
  useEffect(() => {
    ask<{ installation: { isSignUpOpen: boolean } }>(SIGN_UP_POLICY, {}).then(
      ({ installation }) => setIsOpen(installation.isSignUpOpen),
      () => undefined,
    );
  }, []);
  return isOpen;
}

type CredentialsProps = { way: "logIn" | "signUp"; email: string; setEmail: (email: string) => void };

function CredentialsForm({ way, email, setEmail }: CredentialsProps): JSX.Element {
  const submission = useSubmission((fields) => session[way](String(fields.get("email")), String(fields.get("password"))));
  const isNew = way === "signUp";
  return (
    <SignInForm submission={submission}>
      <label>
        Email address
        <input
          name="email"
          type="email"
          required
          autocomplete="username"
          autofocus={!email}
          value={email}
          onInput={(event) => setEmail(event.currentTarget.value)}
        />
      </label>
      <label>
        Password
        <input
          name="password"
          type="password"
          required
          autocomplete={isNew ? "new-password" : "current-password"}
          autofocus={Boolean(email)}
          aria-describedby={isNew ? "password-hint" : undefined}
        />
      </label>
      {isNew && (
        <p class="hint" id="password-hint">
          10 to 128 characters. Common passwords are refused.
        </p>
      )}
      <SubmitButton submission={submission} label={TITLES[way]} />
    </SignInForm>
  );
}
