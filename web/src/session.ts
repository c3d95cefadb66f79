// The signed-in session of this browser. The access token is in memory only. The refresh token is in a cookie that no
// script can read, and that the server takes at one path only, so all tabs of the browser share the session.

import { ask, Refused, SESSION_ENDPOINT } from "./api.ts";
import { Browser } from "./session-browser.ts";

const RENEWED_BEFORE_MS = 30_000;
const LONGEST_WAIT_S = 10;
const ENDED = "SESSION_ENDED";
const FIELDS = "session { accessToken accessTokenExpiresAt user { id email isAdmin } } userErrors { code message }";

export type Session = {
  accessToken: string;
  accessTokenExpiresAt: string;
  user: { id: string; email: string; isAdmin: boolean };
};
/** `restoring`: it is not known yet whether the browser is signed in. `ended`: by the server, not by the user. */
export type SessionStatus = "restoring" | "signed in" | "signed out" | "ended";
type Payload = { session: Session | null; userErrors: { code: string; message: string }[] };
type Listener = () => void;

/** The session of this browser, as this tab sees it. Renews an expiring access token when it is next needed. */
export class SessionStore {
  #session: Session | null = null;
  #status: SessionStatus = "signed out";
  #renewal: Promise<void> | null = null;
  readonly #listeners = new Set<Listener>();
  readonly #browser = new Browser({
    began: (user) => void this.#adopt(user),
    ended: () => this.#set(null, "signed out"),
  });

  /** Signs in with the cookie that an earlier page has left, if there is one. */
  restore(): void {
    if (this.#browser.isSigningOut) void this.#endAtServer();
    const user = this.#browser.user;
    if (user !== null) void this.#adopt(user);
  }

  readonly subscribe = (listener: Listener): Listener => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly current = (): Session | null => this.#session;
  readonly status = (): SessionStatus => this.#status;

  /** Resolves when there is a session. */
  signedIn(): Promise<void> {
    if (this.#session !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = this.subscribe(() => {
        if (this.#session === null) return;
        stop();
        resolve();
      });
    });
  }

  /** Throws Refused. */
  logIn(email: string, password: string): Promise<void> {
    return this.#begin("logIn", "LogInInput", { email, password });
  }

  /** Throws Refused. */
  signUp(email: string, password: string): Promise<void> {
    return this.#begin("signUp", "SignUpInput", { email, password });
  }

  /** Throws Refused. */
  resetPassword(token: string, password: string): Promise<void> {
    return this.#begin("resetPassword", "ResetPasswordInput", { token, password });
  }

  /** Throws Refused. */
  acceptInvitation(token: string, password: string): Promise<void> {
    return this.#begin("acceptInvitation", "AcceptInvitationInput", { token, password });
  }

  /** Throws Refused. */
  confirmEmail(token: string, password: string): Promise<void> {
    return this.#begin("confirmEmail", "ConfirmEmailInput", { token, password });
  }

  /** Signs out in all tabs at once. If the server cannot be reached, the next page tells it. */
  async logOut(): Promise<void> {
    this.#browser.signOut();
    this.#set(null, "signed out");
    await this.#endAtServer();
  }

  /** Returns an access token that is still valid, or null without a session. Throws Refused if it cannot be renewed. */
  async token(): Promise<string | null> {
    const session = this.#session;
    if (session === null) return null;
    const left = Date.parse(session.accessTokenExpiresAt) - Date.now();
    return left > RENEWED_BEFORE_MS ? session.accessToken : this.tokenAfter(session.accessToken);
  }

  /** Replaces a token that is expiring or was rejected. Returns null if the session has ended. Throws Refused. */
  async tokenAfter(old: string): Promise<string | null> {
    if (this.#session?.accessToken === old) await this.#renewOnce(this.#session.user.id);
    return this.#session?.accessToken ?? null;
  }

  #renewOnce(user: string): Promise<void> {
    this.#renewal ??= this.#renew(user).finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  /** Renews the session of this user. An answer about another one is not taken: nobody has signed in as them here. */
  async #renew(user: string): Promise<void> {
    const before = this.#session;
    const renewed = await this.#browser.inTurn(async () => (await send("refreshSession", "RefreshSessionInput", {})).session);
    if (this.#session !== before) return; // signed out, or in as another, meanwhile
    const isOurs = this.#browser.user === user;
    if (isOurs && renewed?.user.id === user) return this.#set(renewed, "signed in");
    if (isOurs) this.#browser.forget();
    this.#set(null, this.#status === "restoring" ? "signed out" : "ended");
  }

  /** Takes over the session of this user, which another tab or page has begun, however long the server is away. */
  async #adopt(user: string): Promise<void> {
    if (this.#session?.user.id === user) return;
    if (this.#status !== "ended") this.#set(null, "restoring");
    for (let tries = 0; this.#session === null && this.#browser.user === user; tries += 1) {
      if (tries > 0) await wait(Math.min(2 ** (tries - 1), LONGEST_WAIT_S));
      await this.#renewOnce(user).catch(() => undefined);
    }
    if (this.#session === null && this.#status === "restoring") this.#set(null, "signed out");
  }

  async #begin(mutation: string, type: string, input: Record<string, string>): Promise<void> {
    const { session, userErrors } = await send(mutation, type, input);
    if (session === null) throw new Refused(userErrors.map(({ message }) => message).join(" "));
    this.#browser.signIn(session.user.id);
    this.#set(session, "signed in");
  }

  async #endAtServer(): Promise<void> {
    const query = "mutation ($input: LogOutInput!) { logOut(input: $input) { userErrors { message } } }";
    const asking = ask(query, { input: {} }, { endpoint: SESSION_ENDPOINT, keepalive: true });
    await asking.then(
      () => this.#browser.signedOut(),
      () => undefined,
    );
  }

  #set(session: Session | null, status: SessionStatus): void {
    this.#session = session;
    this.#status = status;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Sends a mutation that begins or renews the session. It is completed even if the page is left meanwhile. */
async function send(mutation: string, type: string, input: Record<string, string>): Promise<Payload> {
  const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${FIELDS} } }`;
  const data = await ask<Record<string, Payload>>(query, { input }, { endpoint: SESSION_ENDPOINT, keepalive: true });
  const payload = data[mutation] as Payload;
  const fault = payload.userErrors.find(({ code }) => code !== ENDED);
  if (mutation === "refreshSession" && fault) throw new Refused(fault.message, fault.code);
  return payload;
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
