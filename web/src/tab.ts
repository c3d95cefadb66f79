// A browser that duplicates a tab copies its sessionStorage. This tells the copy from the tab itself.

const KEY = "tocsin:tab";
const PATIENCE_MS = 5_000; // on a busy machine, the page before in this same tab takes its time to let go

/** Whether another tab is using what this one finds in its sessionStorage. True where that cannot be told: browsers have
 * no locks for pages that came over plain HTTP from another machine. */
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

/** Takes the lock of this name until the page goes; false if another page has it. */
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
