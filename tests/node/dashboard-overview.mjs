// Uses the overview as a newcomer does, and then as somebody who comes back. node dashboard-overview.mjs CHROMIUM SERVER TARGET SLOW

import assert from "node:assert/strict";

import { ask, browse, logIn } from "./browser.mjs";

const [executable, server, target, slow] = process.argv.slice(2);
const EMAIL = "alice@example.com";
const PASSWORD = "correct horse battery";
const CREATE = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }";
const RUN = "mutation ($id: ID!) { runTask(input: { id: $id }) { userErrors { message } } }";
const TASK = { name: "made elsewhere", schedule: { every: { interval: "PT10M" } }, retry: { maxRetries: 0 } };
const HOURS_MS = 2 * 3_600_000;

async function signsUp(page) {
  await page.goto(`${server}/`);
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByLabel("Email address").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByRole("heading", { name: "Begin with a task" }).waitFor();
}

function figure(page, name) {
  return page.locator(".figures > div").filter({ hasText: name }).locator("dd");
}

/** The overview takes the place of the first step, and gives it back when the example is undone. */
async function triesTheExample(page) {
  await page.getByRole("button", { name: "Create the example task" }).click();
  await page.getByRole("heading", { name: "Past and next hour" }).waitFor();
  await page.getByRole("link", { name: "Is example.com up?" }).first().waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("heading", { name: "Begin with a task" }).waitFor();
}

async function loadsTheSamples(page) {
  await page.getByRole("button", { name: "Load the samples" }).click();
  await page.getByText("Saved the workflows").waitFor();
  await page.getByRole("heading", { name: "Past and next hour" }).waitFor();
  assert.notEqual(await figure(page, "Workflows").innerText(), "0");
}

/** Two runs, of which one fails, appear by themselves: in the charts, on the time line, and as what fails now. */
async function seesRuns(page) {
  const token = await logIn(server, EMAIL, PASSWORD);
  const { createTask } = await ask(server, CREATE, { i: { ...TASK, job: { http: { url: target } } } }, token);
  await page.locator(".timeline").getByRole("link", { name: "made elsewhere" }).first().waitFor();
  await ask(server, RUN, { id: createTask.task.id }, token);
  await page.getByRole("img", { name: /^Success.*: 0 completed, 1 failed/ }).waitFor();
  await ask(server, RUN, { id: createTask.task.id }, token);
  await page.getByRole("img", { name: /^Success 50.0 %: 1 completed, 1 failed/ }).waitFor();
  await page.getByRole("img", { name: /1 runs completed and 1 failed/ }).waitFor();
  await page.locator(".plot canvas").first().waitFor();
  return createTask.task.id;
}

/** The values of a chart are in a table as well. */
async function readsTheValues(page) {
  await page.getByText("Values of Success").click();
  const failed = page.locator(".chart table").first().getByRole("row").nth(1).getByRole("cell").nth(1);
  await failed.getByText("1").waitFor();
  await page.getByRole("button", { name: "7 d" }).click();
  await page.getByRole("button", { name: "7 d", pressed: true }).waitFor();
  await page.getByRole("img", { name: /^Success 50.0 %/ }).waitFor();
}

/** A bar leads to its runs in the history, which says the period and shows the others without it. */
async function opensABar(page) {
  const plot = page.getByRole("img", { name: /^Success 50.0 %/ }).locator(".u-over");
  const { width, height } = await plot.boundingBox();
  await plot.click({ position: { x: width - 2, y: height / 2 } });
  await page.getByRole("heading", { name: "History" }).waitFor();
  await page.getByText("2 of 2").waitFor();
  const period = page.getByRole("button", { name: /^Due from .* to .*: show those of all times/ });
  await page.reload();
  await period.waitFor(); // the address has it
  await page.goto(page.url().replace(/until=[^&]*/, "until=2020-01-01T00:00:00Z"));
  await page.getByText("No run matches").waitFor();
  await period.click();
  await page.getByText("2 of 2").waitFor();
  await page.goto(`${server}/#/`);
}

/** Nothing moves as a run begins and ends. */
async function staysInPlace(page) {
  const token = await logIn(server, EMAIL, PASSWORD);
  const { createTask } = await ask(server, CREATE, { i: { ...TASK, name: "slow", job: { http: { url: slow } } } }, token);
  await page.getByText("Nothing is running.").waitFor();
  await figure(page, "Tasks").getByText("2", { exact: true }).waitFor();
  const placeOf = async () => (await page.getByRole("region", { name: "Outcomes and durations" }).boundingBox()).y;
  const before = await placeOf();
  await ask(server, RUN, { id: createTask.task.id }, token);
  await page.locator(".running").getByRole("link", { name: "Running" }).waitFor();
  assert.equal(await placeOf(), before);
  await page.getByText("Nothing is running.").waitFor();
  assert.equal(await placeOf(), before);
}

async function seesTheTask(page, id) {
  await page.goto(`${server}/#/tasks/${id}`);
  const strip = page.getByRole("list", { name: "Latest runs, the latest last" });
  await strip.getByRole("link", { name: "Failed" }).waitFor();
  await strip.getByRole("link", { name: "Completed" }).waitFor();
  await page.getByRole("img", { name: "Duration of the latest runs: 2 runs, 1 failed" }).locator("canvas").waitFor();
  await page.getByRole("heading", { name: "Next times" }).waitFor();
  await strip.getByRole("link", { name: "Failed" }).click();
  await page.getByRole("heading", { name: "Run of made elsewhere" }).waitFor();
  await page.goto(`${server}/#/queues`);
  await page.getByRole("img", { name: "Last hour: 2 runs, 1 failed" }).waitFor();
}

/** Who comes back is told what is new, until they have seen it. */
async function comesBack(page) {
  await page.goto(`${server}/#/`);
  assert.equal(await page.getByText("Since your last visit").count(), 0);
  const visit = [`tocsin:seen:${EMAIL}`, String(Date.now() - HOURS_MS)];
  await page.addInitScript(([key, value]) => sessionStorage.getItem("came back") ?? (localStorage.setItem(key, value), sessionStorage.setItem("came back", "1")), visit);
  await page.reload();
  const news = page.getByText("Since your last visit");
  await news.waitFor();
  assert.match(await news.innerText(), /2 runs, 1 failed/);
  await page.getByRole("button", { name: "Dismiss" }).last().click();
  await news.waitFor({ state: "detached" });
}

async function fitsATelephone(page) {
  await page.setViewportSize({ width: 375, height: 700 });
  await page.locator(".plot canvas").first().waitFor();
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 375, `the overview is ${width} wide`);
}

await browse(executable, server, async (page) => {
  await signsUp(page);
  await triesTheExample(page);
  await loadsTheSamples(page);
  const id = await seesRuns(page);
  await readsTheValues(page);
  await opensABar(page);
  await seesTheTask(page, id);
  await comesBack(page);
  await staysInPlace(page);
  await fitsATelephone(page);
});
