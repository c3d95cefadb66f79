// Browsers copy sessionStorage when they duplicate a tab. This module tells the copy from the original.

const KEY = "tocsin:tab";
const PATIENCE_MS = 5_000; // on a busy machine, the previous page in this tab can be slow to release its lock

/** Returns whether another tab uses this tab's sessionStorage data. Returns true if the browser has no Web Locks, as for
 * pages over plain HTTP from another machine. */
export async function isCopiedTab(): Promise<boolean> {
  if (await hold(sessionStorage.getItem(KEY) ?? newName())) return false;
  await hold(newName());
  return true;
}

function newName(): string {
  const name = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("");
  sessionStorage.setItem(KEY, name);
  return name;
}

/** Holds the lock of this name until the page is closed. Returns false if another page holds it. */
async function hold(name: string): Promise<boolean> {
  if (!("locks" in navigator)) return false;
  return new Promise((resolve) => {
    navigator.locks
      .request(`${KEY}:${name}`, { signal: AbortSignal.timeout(PATIENCE_MS) }, () => {
        resolve(true);
        return new Promise(() => undefined);
      })
      .catch(() => resolve(false));
  });
}
