// The dashboard while its server or the network is away. node dashboard-outage.mjs CHROMIUM SERVER SCENARIO
// Where the server has to be killed and started, the test is told so by a line, and says by another one that it was.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";

import { ask, browse, createTask, logIn } from "./browser.mjs";
import { isShown, PASSWORD, signIn } from "./dashboard-session.mjs";

const [executable, server, scenario] = process.argv.slice(2);
const EMAIL = "alice@example.com";
const RUNS = "query ($id: ID!) { task(id: $id) { runs(first: 1, filter: {status: [COMPLETED]}) { nodes { id } } } }";
const RUN = "mutation ($id: ID!) { runTask(input: { id: $id }) { userErrors { message } } }";
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const notice = (page) => page.getByText("The connection to the server is lost");
const completed = (page) => page.getByRole("table").getByRole("link", { name: "Completed" });

/** Tells the test what it is waited for, and waits. Returns when the test answered, in milliseconds. */
async function waitFor(what) {
  console.log(JSON.stringify(what));
  await lines.next();
  return Date.now();
}

async function openTask(page, name) {
  const token = await logIn(server, EMAIL, PASSWORD);
  await createTask(server, name, token);
  await page.goto(`${server}/#/tasks`);
  await signIn(page, EMAIL);
  await page.getByRole("link", { name }).click();
  await page.getByText("It has not run yet.").waitFor();
  return [page.url().split("/").at(-1), token];
}

/** Runs a task, and waits until it has run, without the page. */
async function run(id, token) {
  await ask(server, RUN, { id }, token);
  for (;;) {
    const { task } = await ask(server, RUNS, { id }, token);
    if (task.runs.nodes.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The server is killed, and is back after several attempts to connect: nothing that was shown or written is lost. */
async function outlivesItsServer(page) {
  const attempts = [];
  page.on("websocket", () => attempts.push(Date.now()));
  const [id, token] = await openTask(page, "outlives it");
  const killedAt = await waitFor("kill");
  await notice(page).waitFor({ timeout: 3_000 });
  const noticed = Date.now() - killedAt;
  await isShown(page, "outlives it");
  await page.getByRole("button", { name: "Run now" }).click();
  await page.getByRole("alert").getByText("The server cannot be reached.").waitFor();
  await page.goto(`${server}/#/tasks`); // it was read before
  await page.getByRole("link", { name: "outlives it" }).click();
  await isShown(page, "outlives it");
  while (attempts.length < 4) await page.waitForEvent("websocket");
  const waits = attempts.slice(1).map((each, number) => each - attempts[number]);
  assert.ok(waits.at(-1) > 1500 && waits.at(-1) > waits.at(-2), `waits of ${waits} ms`);
  const startedAt = await waitFor("start");
  await run(id, token);
  await completed(page).waitFor();
  await notice(page).waitFor({ state: "detached" });
  const back = Date.now() - startedAt;
  await page.locator(".sidebar").getByText(EMAIL).waitFor();
  console.log(JSON.stringify({ noticed, back, waits }));
}

/** The network is away while a task runs. A page that was not loaded yet comes by itself, too. */
async function outlivesItsNetwork(page, context) {
  const [id, token] = await openTask(page, "outlives it");
  const other = await context.newPage();
  await other.goto(`${server}/#/tasks`);
  await isShown(other, "Tasks");
  const leftAt = Date.now();
  await context.setOffline(true);
  await notice(page).waitFor({ timeout: 8_000 });
  const noticed = Date.now() - leftAt;
  await other.goto(`${server}/#/queues`);
  await other.getByRole("alert").getByText("The server cannot be reached.").waitFor();
  await run(id, token);
  assert.equal(await completed(page).count(), 0);
  const backAt = Date.now();
  await context.setOffline(false);
  await completed(page).waitFor();
  const caughtUp = Date.now() - backAt;
  await Promise.all([page, other].map((each) => notice(each).waitFor({ state: "detached" })));
  await isShown(other, "Queues");
  console.log(JSON.stringify({ noticed, caughtUp }));
}

const SCENARIOS = { killed: outlivesItsServer, offline: outlivesItsNetwork };
const tolerated = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INTERNET_DISCONNECTED|ERR_SOCKET_NOT_CONNECTED|WebSocket connection/;
await browse(executable, server, SCENARIOS[scenario], { tolerated });
process.exit();
