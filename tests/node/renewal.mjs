// A session whose access token ends. node renewal.mjs CHROMIUM SERVER, whose access tokens are good for a minute.

import assert from "node:assert/strict";

import { browse, createTask, logIn } from "./browser.mjs";
import { EMAIL, isAnswered, isReady, openExample, PASSWORD, run, session, showExamples, signUp } from "./graphiql.mjs";

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
  await signUp(page);
  await showExamples(page);
  const sessions = [await session(page)];
  await subscriptionOutlivesItsToken(page);
  sessions.push(await session(page));
  await renewsBeforeTheEnd(page, MINUTE_MS / 2);
  sessions.push(await session(page));
  for (const part of ["accessToken", "refreshToken"]) assert.equal(new Set(sessions.map((one) => one[part])).size, 3);
});
console.log("renewed twice");
