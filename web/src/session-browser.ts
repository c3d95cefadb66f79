// What the tabs of a browser share about its session: who is signed in, whose turn it is to renew, and what they tell
// each other. No secret is kept here. Several servers at one origin have different paths.

const PLACE = new URL(".", location.href).pathname;
const USER = `tocsin:user:${PLACE}`;
const SIGNING_OUT = "signing out";
const LOCK = `tocsin:renewal:${PLACE}`;
const PATIENCE_MS = 20_000;

type Message = { began: string } | { ended: true };
type Handlers = { began: (user: string) => void; ended: () => void };

export class Browser {
  readonly #channel = new BroadcastChannel(`tocsin:session:${PLACE}`);

  constructor({ began, ended }: Handlers) {
    this.#channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      if ("ended" in data) return ended();
      localStorage.setItem(USER, data.began); // what the other tab has written can arrive later than its message
      began(data.began);
    });
  }

  /** The ID of the user who is signed in in this browser. */
  get user(): string | null {
    const stored = localStorage.getItem(USER);
    return stored === SIGNING_OUT ? null : stored;
  }

  /** Whether the server has not been told of the last sign-out yet. */
  get isSigningOut(): boolean {
    return localStorage.getItem(USER) === SIGNING_OUT;
  }

  signIn(user: string): void {
    localStorage.setItem(USER, user);
    this.#tell({ began: user });
  }

  signOut(): void {
    localStorage.setItem(USER, SIGNING_OUT);
    this.#tell({ ended: true });
  }

  /** The server knows of the sign-out. */
  signedOut(): void {
    if (this.isSigningOut) this.forget();
  }

  forget(): void {
    localStorage.removeItem(USER);
  }

  /** Does this while no other tab does, where the browser can tell. */
  async inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    if (!("locks" in navigator)) return act();
    let isBegun = false;
    const begin = (): Promise<Result> => {
      isBegun = true;
      return act();
    };
    try {
      return (await navigator.locks.request(LOCK, { signal: AbortSignal.timeout(PATIENCE_MS) }, begin)) as Result;
    } catch (error) {
      if (isBegun) throw error;
      return act(); // another tab has waited for its answer for too long
    }
  }

  #tell(message: Message): void {
    this.#channel.postMessage(message);
  }
}
