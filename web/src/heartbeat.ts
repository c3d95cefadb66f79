// Finds out that a connection is gone which nobody has closed, such as after a sleep or a change of networks.

const PATIENCE_MS = 5_000;
const PING = JSON.stringify({ type: "ping" });
const OCCASIONS: readonly [EventTarget, string][] = [
  [window, "online"],
  [window, "offline"],
  [document, "visibilitychange"],
];

/** Watches one socket at a time: it has to answer each ping within five seconds. */
export class Heartbeat {
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #lost: () => void;

  constructor(lost: () => void) {
    this.#lost = lost;
  }

  begin(socket: WebSocket): void {
    this.end();
    this.#socket = socket;
    for (const [target, name] of OCCASIONS) target.addEventListener(name, this.#check);
  }

  /** A ping was sent. */
  asked(): void {
    this.#timer ??= setTimeout(this.#lost, PATIENCE_MS);
  }

  answered(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  end(): void {
    this.answered();
    this.#socket = null;
    for (const [target, name] of OCCASIONS) target.removeEventListener(name, this.#check);
  }

  readonly #check = (): void => {
    if (this.#socket?.readyState !== WebSocket.OPEN || document.hidden) return;
    this.#socket.send(PING);
    this.asked();
  };
}

/** Resolves after so many seconds, or as soon as the browser has a network again. */
export function waitForNetwork(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    addEventListener("online", end);
  });
}
