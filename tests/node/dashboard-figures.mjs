// Measures the dashboard and prints the figures as JSON. node dashboard-figures.mjs CHROMIUM SERVER EMAIL PASSWORD SECONDS

import assert from "node:assert/strict";

import { ask, browse, logIn } from "./browser.mjs";

const [executable, server, email, password, seconds] = process.argv.slice(2);
const REPEATS = 7;
const CREATE = `mutation ($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }`;
const DELETE = `mutation ($id: ID!) { deleteTask(input: { id: $id }) { userErrors { message } } }`;
const YEARLY = { cron: { expression: "0 9 1 1 *", timeZone: "UTC" } };

const token = await logIn(server, email, password);
const middle = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];

async function timed(act) {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

/** Bytes and requests of the first visit, up to the form. */
async function visit(page) {
  const devtools = await page.context().newCDPSession(page);
  const seen = { requests: 0, bytes: 0 };
  await devtools.send("Network.enable");
  devtools.on("Network.loadingFinished", ({ encodedDataLength }) => {
    seen.requests += 1;
    seen.bytes += encodedDataLength;
  });
  const took = await timed(async () => {
    await page.goto(`${server}/`);
    await page.getByLabel("Email address").waitFor();
  });
  await page.waitForLoadState("networkidle");
  return { ...seen, took };
}

async function signsIn(page) {
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password").fill(password);
  return timed(async () => {
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator(".figures").waitFor();
  });
}

async function reloads(page) {
  const took = [];
  for (let turn = 0; turn < REPEATS; turn += 1) {
    took.push(
      await timed(async () => {
        await page.reload();
        await page.locator(".figures").waitFor();
      }),
    );
  }
  return middle(took);
}

/** The time from the answer to a program that saved a task to its row on a page that is open. */
async function showsChanges(page) {
  await page.goto(`${server}/#/tasks?sort=name`);
  await page.locator("table.tasks").waitFor();
  const took = [];
  for (let turn = 0; turn < REPEATS; turn += 1) {
    const name = `0 change ${turn}`;
    const input = { name, job: { http: { url: server } }, schedule: YEARLY };
    const { createTask } = await ask(server, CREATE, { i: input }, token);
    took.push(await timed(() => page.getByRole("link", { name }).waitFor()));
    await ask(server, DELETE, { id: createTask.task.id }, token);
    await page.getByRole("link", { name }).waitFor({ state: "detached" });
  }
  return middle(took);
}

/** What the page holds after a collection of garbage. */
async function weigh(page, devtools) {
  await devtools.send("HeapProfiler.collectGarbage");
  const { metrics } = await devtools.send("Performance.getMetrics");
  const of = (name) => metrics.find((each) => each.name === name).value;
  return { heap: of("JSHeapUsedSize") / 2 ** 20, nodes: of("Nodes"), listeners: of("JSEventListeners") };
}

/** The weight of the overview after a minute, after half of the seconds and after all. */
async function stays(page) {
  await page.goto(`${server}/#/`);
  await page.locator(".figures").waitFor();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  const first = Math.min(60, seconds / 4);
  await page.waitForTimeout(first * 1000);
  const before = await weigh(page, devtools);
  await page.waitForTimeout((seconds / 2 - first) * 1000);
  const middle = await weigh(page, devtools);
  await page.waitForTimeout((seconds / 2) * 1000);
  return { before, middle, after: await weigh(page, devtools) };
}

await browse(executable, server, async (page) => {
  const [first, signIn] = [await visit(page), await signsIn(page)];
  const figures = { first, signIn, reload: await reloads(page), change: await showsChanges(page), memory: await stays(page) };
  assert.ok(figures.memory.after.heap > 0);
  console.log(JSON.stringify(figures));
});
