// The page for mailed links: #reset=TOKEN, #invitation=TOKEN, #confirmation=TOKEN, #address=TOKEN. Without a token, it
// requests a reset link.

import "../common.css";
import "./account.css";

import { ask, Refused } from "../api.ts";
import { SessionStore } from "../session.ts";

type Outcome = { userErrors: { message: string }[] };
type Act = (fields: FormData) => Promise<string>;

const REQUEST = `mutation ($input: RequestPasswordResetInput!) {
  requestPasswordReset(input: $input) { userErrors { message } }
}`;
const CONFIRM_MAIL_ADDRESS = `mutation ($input: ConfirmMailAddressInput!) {
  confirmMailAddress(input: $input) { email userErrors { message } }
}`;
const store = new SessionStore();

function element<Kind extends HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

/** Returns the token of a mailed link and removes it from the address bar and the history. */
function tokenOfLink(): { kind: string; token: string } | null {
  const [kind, token] = location.hash.slice(1).split("=", 2);
  history.replaceState(null, "", location.pathname);
  return kind && token ? { kind, token: decoded(token) } : null;
}

/** Some programs encode characters of links. What cannot be decoded is no token of ours: the server says so. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Shows a form. On success, a sentence replaces it; on failure, it shows the error. */
function show(form: HTMLFormElement, act: Act): void {
  const problem = form.querySelector(".problem") as HTMLElement;
  const button = form.querySelector("button") as HTMLButtonElement;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      element("done").textContent = await act(new FormData(form));
      form.hidden = true;
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
    }
    button.disabled = false;
  });
  form.hidden = false;
  form.querySelector("input")?.focus();
}

async function askForMail(fields: FormData): Promise<string> {
  const email = String(fields.get("email"));
  const data = await ask<{ requestPasswordReset: Outcome }>(REQUEST, { input: { email } });
  const faults = data.requestPasswordReset.userErrors;
  if (faults.length > 0) throw new Refused(faults.map(({ message }) => message).join(" "));
  return `If ${email} has an account, a reset link has been sent to it.`;
}

function choosing(begin: (token: string, password: string) => Promise<void>, token: string): Act {
  return async (fields) => {
    const password = String(fields.get("password"));
    if (fields.get("again") !== password) throw new Refused("The passwords do not match.");
    await begin(token, password);
    return `Your password is set. You are signed in as ${store.current()?.user.email}.`;
  };
}

function confirming(token: string): Act {
  return async (fields) => {
    await store.confirmEmail(token, String(fields.get("password")));
    return `${store.current()?.user.email} is confirmed and you are signed in. Earlier sessions and API tokens have ended.`;
  };
}

function agreeing(token: string): Act {
  return async () => {
    const data = await ask<{ confirmMailAddress: Outcome & { email: string | null } }>(CONFIRM_MAIL_ADDRESS, {
      input: { token },
    });
    const { email, userErrors } = data.confirmMailAddress;
    if (userErrors.length > 0) throw new Refused(userErrors.map(({ message }) => message).join(" "));
    return `${email} is confirmed and gets these mails from now on. Each of them has a link that ends them.`;
  };
}

function begin(): void {
  const link = tokenOfLink();
  const form = element<HTMLFormElement>("choose");
  if (link?.kind === "reset") show(form, choosing((...given) => store.resetPassword(...given), link.token));
  else if (link?.kind === "invitation") show(form, choosing((...given) => store.acceptInvitation(...given), link.token));
  else if (link?.kind === "confirmation") show(element<HTMLFormElement>("confirm"), confirming(link.token));
  else if (link?.kind === "address") show(element<HTMLFormElement>("agree"), agreeing(link.token));
  else show(element<HTMLFormElement>("ask"), askForMail);
}

begin();
// Following a link while the page is open changes only the fragment, so reload to start from a clean state.
addEventListener("hashchange", () => location.reload());
