// The signed-in session. Its tokens are stored in sessionStorage, for this tab only, and discarded with the tab.

import { ask, Refused } from "./api.ts";
import { isCopiedTab } from "./tab.ts";

const KEY = "tocsin:session";
const RENEWED_BEFORE_MS = 30_000;
const FIELDS = "session { accessToken accessTokenExpiresAt refreshToken user { email isAdmin } } userErrors { message }";

export type Session = {
  accessToken: string;
  accessTokenExpiresAt: string;
  refreshToken?: string;
  user: { email: string; isAdmin: boolean };
};
type Payload = { session: Session | null; userErrors: { message: string }[] };
type Listener = () => void;

/** The session of this tab. Renews an expiring access token when it is next needed. */
export class SessionStore {
  #session: Session | null = null;
  #renewal: Promise<void> | null = null;
  #restored: Promise<void> | null = null;
  readonly #listeners = new Set<Listener>();

  /** Restores the session after a reload. A refresh token works once, so a duplicated tab leaves it to the original
   * tab: if both used it, it would look stolen. Detecting a duplicate takes a moment; until then, the access token is
   * used. */
  restore(): void {
    const kept = sessionStorage.getItem(KEY);
    const { refreshToken, ...session } = JSON.parse(kept ?? "{}") as Session;
    if (kept !== null) this.#session = session;
    this.#restored = isCopiedTab().then((isCopy) => {
      if (kept === null || this.#session !== session) return; // nothing to restore, or signed out meanwhile
      this.#set(isCopy || refreshToken === undefined ? session : { ...session, refreshToken });
    });
  }

  readonly subscribe = (listener: Listener): Listener => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly current = (): Session | null => this.#session;

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

  /** Discards the tokens of this tab at once, whether or not the server can be reached. */
  async logOut(): Promise<void> {
    const session = this.#session;
    this.#set(null);
    if (session === null) return;
    const query = "mutation ($input: LogOutInput!) { logOut(input: $input) { userErrors { message } } }";
    const { accessToken, refreshToken } = session;
    await ask(query, { input: refreshToken ? { refreshToken } : {} }, accessToken).catch(() => undefined);
  }

  /** Returns an access token that is still valid, or null without a session. Throws Refused if it cannot be renewed. */
  async token(): Promise<string | null> {
    const session = this.#session;
    if (session === null) return null;
    const left = Date.parse(session.accessTokenExpiresAt) - Date.now();
    const isGood = left > (session.refreshToken === undefined ? 0 : RENEWED_BEFORE_MS);
    return isGood ? session.accessToken : this.tokenAfter(session.accessToken);
  }

  /** Replaces a token that is expiring or was rejected. Returns null if the session has ended. Throws Refused. */
  async tokenAfter(old: string): Promise<string | null> {
    await this.#restored;
    if (this.#session?.accessToken === old) {
      this.#renewal ??= this.#renew(this.#session).finally(() => (this.#renewal = null));
      await this.#renewal;
    }
    return this.#session?.accessToken ?? null;
  }

  async #renew({ accessToken, refreshToken }: Session): Promise<void> {
    const input = { refreshToken: refreshToken ?? "" };
    const renewed = refreshToken ? (await this.#ask("refreshSession", "RefreshSessionInput", input)).session : null;
    if (this.#session?.accessToken === accessToken) this.#set(renewed); // otherwise, the user has signed out meanwhile
  }

  async #begin(mutation: string, type: string, input: Record<string, string>): Promise<void> {
    const { session, userErrors } = await this.#ask(mutation, type, input);
    if (session === null) throw new Refused(userErrors.map(({ message }) => message).join(" "));
    this.#set(session);
  }

  async #ask(mutation: string, type: string, input: Record<string, string>): Promise<Payload> {
    const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${FIELDS} } }`;
    const data = await ask<Record<string, Payload>>(query, { input });
    return data[mutation] as Payload;
  }

  #set(session: Session | null): void {
    this.#session = session;
    if (session === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify(session));
    for (const listener of this.#listeners) listener();
  }
}
