// A session whose access token ends. node renewal.mjs CHROMIUM SERVER, whose access tokens are good for a minute.

import assert from "node:assert/strict";

import { browse, createTask, logIn } from "./browser.mjs";
import { EMAIL, isAnswered, isReady, nextToken, openExample, PASSWORD, run, showExamples, signUp, tokensOf } from "./graphiql.mjs";

const [executable, server] = process.argv.slice(2);
const MINUTE_MS = 60_000;

/** The server closes the socket when the token ends; the subscription goes on over another, with another token. */
async function subscriptionOutlivesItsToken(page) {
  const socket = page.waitForEvent("websocket");
  await openExample(page, "Watch events", "WatchEvents");
  await run(page);
  await isAnswered(page, "SNAPSHOT");
  const again = page.waitForEvent("websocket", { predicate: (next) => next !== first, timeout: 2 * MINUTE_MS });
  const first = await socket;
  await again;
  await createTask(server, "after the token", await logIn(server, EMAIL, PASSWORD));
  await isAnswered(page, "after the token");
  await page.getByRole("button", { name: "Stop query" }).click();
}

/** A token that is about to end is renewed before it is used. */
async function renewsBeforeTheEnd(page, milliseconds) {
  await page.evaluate((later) => {
    const now = Date.now;
    Date.now = () => now() + later;
  }, milliseconds);
  await openExample(page, "Who am I", "WhoAmI");
  await run(page);
  await isAnswered(page, "isAdmin");
}

await browse(executable, server, async (page) => {
  await page.goto(`${server}/playground`);
  await isReady(page);
  const tokens = tokensOf(page);
  await signUp(page);
  await showExamples(page);
  await nextToken(page, tokens, 0);
  await subscriptionOutlivesItsToken(page);
  const count = tokens.length;
  assert.ok(count > 1);
  const renewed = nextToken(page, tokens);
  await renewsBeforeTheEnd(page, MINUTE_MS / 2);
  await renewed;
  assert.equal(new Set(tokens).size, tokens.length);
});
console.log("renewed twice");
