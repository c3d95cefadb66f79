// The playground's page as a person uses it.

import assert from "node:assert/strict";

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

/** What the page keeps of its session. */
export async function session(page) {
  return JSON.parse(await page.evaluate(() => sessionStorage.getItem("tocsin:session")));
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

/** The refresh token survived: a request renews the access token, which the page thinks has no minute left. */
export async function isRenewed(page, before) {
  await page.evaluate((end) => {
    const now = Date.now;
    const later = Date.parse(end) - now() - 10_000;
    Date.now = () => now() + later;
  }, before.accessTokenExpiresAt);
  await page.getByRole("button", { name: "Re-fetch GraphQL schema" }).click();
  await page.waitForFunction((old) => !sessionStorage.getItem("tocsin:session").includes(old), before.accessToken);
  assert.notEqual((await session(page)).refreshToken, before.refreshToken);
}
