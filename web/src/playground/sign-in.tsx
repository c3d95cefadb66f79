import { type FormEvent, type ReactNode, useRef, useState } from "react";

import { Refused } from "../api.ts";
import type { SessionStore } from "../session.ts";

type Way = "logIn" | "signUp";
const WORDS = {
  logIn: { do: "Sign in", other: "Sign up instead", autocomplete: "current-password" },
  signUp: { do: "Sign up", other: "Sign in instead", autocomplete: "new-password" },
} as const;

/** The sign-in button and its dialog. */
export function SignIn({ store }: { store: SessionStore }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [way, setWay] = useState<Way>("logIn");
  const words = WORDS[way];
  return (
    <>
      <span className="who">Not signed in</span>
      <button type="button" className="main" onClick={() => dialog.current?.showModal()}>
        Sign in
      </button>
      <dialog ref={dialog} className="card" aria-label={words.do}>
        <h2>{words.do}</h2>
        <Credentials key={way} label={words.do} autoComplete={words.autocomplete} send={store[way].bind(store)} />
        <p>
          <button type="button" className="link" onClick={() => setWay(way === "logIn" ? "signUp" : "logIn")}>
            {words.other}
          </button>
          <a href="account">Forgot password?</a>
        </p>
        <button type="button" className="close" aria-label="Close" onClick={() => dialog.current?.close()}>
          ×
        </button>
      </dialog>
    </>
  );
}

type FormProps = { label: string; autoComplete: string; send: (email: string, password: string) => Promise<void> };

function Credentials({ label, autoComplete, send }: FormProps): ReactNode {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await send(String(form.get("email")), String(form.get("password")));
    } catch (error) {
      setProblem(error instanceof Refused ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label>
        Email address
        <input name="email" type="email" required autoComplete="username" autoFocus />
      </label>
      <label>
        Password
        <input name="password" type="password" required autoComplete={autoComplete} />
      </label>
      <p className="problem" role="alert">
        {problem}
      </p>
      <button type="submit" className="main" disabled={busy}>
        {label}
      </button>
    </form>
  );
}
