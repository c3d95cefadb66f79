// Several tabs of a browser that is signed in. node dashboard-tabs.mjs CHROMIUM SERVER

import assert from "node:assert/strict";

import { browse, createTask, logIn } from "./browser.mjs";
import { isShown, isSignedOut, PASSWORD, signIn } from "./dashboard-session.mjs";
import { tokensOf } from "./graphiql.mjs";

const [executable, server] = process.argv.slice(2);
const EMAIL = "alice@example.com";
const TABS = 4;
const ROUNDS = 3;

async function openTabs(page, context) {
  await page.goto(`${server}/#/tasks`);
  await signIn(page, EMAIL);
  await page.getByRole("link", { name: "shared" }).click();
  await isShown(page, "shared");
  const others = await Promise.all(Array.from({ length: TABS - 1 }, () => context.newPage()));
  for (const tab of others) {
    await tab.goto(page.url());
    await isShown(tab, "shared");
  }
  return [page, ...others];
}

/** Pauses the task in one tab, and returns after how many milliseconds the slowest other one shows it. */
async function sees([first, ...others], action, status) {
  await first.getByRole("button", { name: action, exact: true }).click();
  await first.locator(".summary").getByText(status, { exact: true }).waitFor();
  const changedAt = Date.now();
  await Promise.all(others.map((tab) => tab.locator(".summary").getByText(status, { exact: true }).waitFor()));
  return Date.now() - changedAt;
}

/** All tabs renew the session at once, again and again: each gets a token of its own, and none is signed out. */
async function renews(tabs) {
  const tokens = tabs.map(tokensOf);
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(tabs.map((tab) => tab.reload()));
    await Promise.all(tabs.map((tab) => isShown(tab, "shared")));
  }
  const seen = tokens.flat();
  assert.ok(seen.length >= TABS * ROUNDS, `${seen.length} tokens`);
  assert.equal(new Set(seen).size, seen.length);
}

await browse(executable, server, async (page, context) => {
  await createTask(server, "shared", await logIn(server, EMAIL, PASSWORD));
  const tabs = await openTabs(page, context);
  const shown = [await sees(tabs, "Pause", "Paused"), await sees(tabs, "Resume", "Waiting")];
  assert.ok(Math.max(...shown) < 1000, `shown after ${shown} ms`);
  await renews(tabs);
  await tabs[1].getByRole("button", { name: "Sign out" }).click();
  await Promise.all(tabs.map(isSignedOut));
  console.log(JSON.stringify({ shown }));
});
