import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Refused } from "../../api.ts";
import icon from "../../icon.svg";
import { session } from "../client.ts";

type Way = "logIn" | "signUp";
const WORDS = {
  logIn: { title: "Sign in", other: "Create an account", autocomplete: "current-password" },
  signUp: { title: "Create an account", other: "Sign in", autocomplete: "new-password" },
} as const;

export function SignInPage(): JSX.Element {
  const [way, setWay] = useState<Way>("logIn");
  const { title, other, autocomplete } = WORDS[way];
  return (
    <main class="sign-in">
      <section class="card" aria-label={title}>
        <h1>
          <img src={icon} alt="" width="26" height="26" /> Tocsin
        </h1>
        <h2>{title}</h2>
        <CredentialsForm key={way} label={title} autocomplete={autocomplete} send={(...given) => session[way](...given)} />
        <p class="ways">
          <button type="button" class="link" onClick={() => setWay(way === "logIn" ? "signUp" : "logIn")}>
            {other}
          </button>
          <a href="account">Forgot your password?</a>
        </p>
      </section>
    </main>
  );
}

type FormProps = { label: string; autocomplete: string; send: (email: string, password: string) => Promise<void> };

function CredentialsForm({ label, autocomplete, send }: FormProps): JSX.Element {
  const [problem, setProblem] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    setIsBusy(true);
    try {
      await send(String(fields.get("email")), String(fields.get("password")));
    } catch (error) {
      setProblem(error instanceof Refused ? error.message : String(error));
      setIsBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label>
        Email address
        <input name="email" type="email" required autocomplete="username" autofocus />
      </label>
      <label>
        Password
        <input name="password" type="password" required autocomplete={autocomplete} />
      </label>
      <p class="problem" role="alert">
        {problem}
      </p>
      <button class="main" disabled={isBusy}>
        {label}
      </button>
    </form>
  );
}
