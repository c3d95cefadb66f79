// The playground's page as a person uses it.

export const EMAIL = "reader@example.com";
export const PASSWORD = "correct horse battery";

export async function signUp(page) {
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign up instead" }).click();
  await credentials(page, "Sign up", PASSWORD);
  await isSignedIn(page);
}

export async function signIn(page, password = PASSWORD) {
  await page.getByRole("button", { name: "Sign in" }).click();
  await credentials(page, "Sign in", password);
  await isSignedIn(page);
}

/** Fills in the form that is open, and sends it. */
export async function credentials(page, button, password) {
  const form = page.getByRole("dialog");
  await form.getByLabel("Email address").fill(EMAIL);
  await form.getByLabel("Password").fill(password);
  await form.getByRole("button", { name: button, exact: true }).click();
}

export async function isSignedIn(page) {
  await page.locator(".who").getByText(EMAIL).waitFor();
}

export async function isSignedOut(page) {
  await page.locator(".who").getByText("Not signed in").waitFor();
}

/** The access tokens that the server gives the page from now on. */
export function tokensOf(page) {
  const tokens = [];
  page.on("response", async (response) => {
    if (!response.url().endsWith("/session/graphql")) return;
    const { data } = await response.json().catch(() => ({}));
    for (const { session } of Object.values(data ?? {})) if (session) tokens.push(session.accessToken);
  });
  return tokens;
}

/** Waits until there are more tokens than these, and returns the last one. */
export async function nextToken(page, tokens, count = tokens.length) {
  while (tokens.length <= count) await page.waitForEvent("response");
  return tokens.at(-1);
}

/** The cookies that the browser would send to renew the session. */
export async function sessionCookies(page) {
  return page.context().cookies(new URL("/session/graphql", page.url()).href);
}

/** Waits until the browser has forgotten its session: the answer to a sign-out may come after the page has changed. */
export async function isForgotten(page) {
  for (let left = 100; (await sessionCookies(page)).length > 0; left -= 1) {
    if (left === 0) throw new Error("the session is still there");
    await page.waitForTimeout(100);
  }
}

export async function isReady(page) {
  await page.locator(".graphiql-query-editor .CodeMirror-line").first().waitFor();
}

export async function showExamples(page) {
  await page.getByRole("button", { name: "Show Examples" }).click();
}

/** Opens an example and waits until the editor has understood it. */
export async function openExample(page, title, operation) {
  await page.getByRole("button", { name: new RegExp(`^${title}`) }).click();
  await page.locator(".graphiql-tab-active").getByText(operation, { exact: true }).waitFor();
}

/** Opens the example of a subscription, without its limit: it goes on until it is stopped. */
export async function openEvents(page) {
  await openExample(page, "Watch events", "WatchEvents");
  await page.locator(".graphiql-editor-tool .CodeMirror").first().click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.press("Delete");
}

export async function run(page) {
  await page.getByRole("button", { name: "Execute query" }).click();
}

/** Waits until this stands in the answer. */
export async function isAnswered(page, text) {
  await page.locator(".result-window").getByText(text).first().waitFor();
}

/** A request renews the access token, which the page thinks has no minute left. */
export async function isRenewed(page) {
  const tokens = tokensOf(page);
  await page.evaluate(() => {
    const now = Date.now;
    const later = 3_600_000 - 10_000; // access tokens are valid for an hour
    Date.now = () => now() + later;
  });
  const renewed = nextToken(page, tokens, 0);
  await page.getByRole("button", { name: "Re-fetch GraphQL schema" }).click();
  await renewed;
}
