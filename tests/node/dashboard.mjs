// Uses the dashboard as a person does. node dashboard.mjs CHROMIUM SERVER TARGET

import assert from "node:assert/strict";

import { ask, browse, createTask, logIn } from "./browser.mjs";

const [executable, server, target] = process.argv.slice(2);
const EMAIL = "alice@example.com";
const PASSWORD = "correct horse battery";
const CREATE = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { userErrors { message } } }";
const RUN = "mutation ($id: ID!) { runTask(input: { id: $id }) { userErrors { message } } }";
const TASK = { name: "made elsewhere", schedule: { every: { interval: "PT1H" } }, retry: { maxRetries: 0 } };

async function enterCredentials(page, label) {
  await page.getByLabel("Email address").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: label }).click();
}

async function signsUp(page) {
  await page.goto(`${server}/`);
  await enterCredentials(page, "Sign in");
  await page.getByRole("alert").getByText("wrong").waitFor();
  await page.getByRole("button", { name: "Create an account" }).click();
  await enterCredentials(page, "Create an account");
  await page.getByText("Begin with a task").waitFor();
}

/** A change made elsewhere appears by itself, here and on the other pages. */
async function seesWhatIsMadeElsewhere(page) {
  const token = await logIn(server, EMAIL, PASSWORD);
  await ask(server, CREATE, { i: { ...TASK, job: { http: { url: target } } } }, token);
  await page.getByText("Next: made elsewhere").or(page.getByText("Nothing is due within the hour")).waitFor();
}

async function runsATask(page) {
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.getByRole("heading", { name: "Tasks", level: 1 }).waitFor();
  await page.getByRole("link", { name: "made elsewhere" }).click();
  await page.getByText("It has not run yet.").waitFor();
  await page.getByRole("button", { name: "Run now" }).click();
  await page.getByRole("table").getByRole("link", { name: "Failed" }).click();
  await page.getByRole("heading", { name: "Run of made elsewhere" }).waitFor();
  await page.getByText("the disk is full").waitFor(); // the body of the response
  await page.getByRole("button", { name: "Retry" }).click();
  await page.locator("summary").getByText("Completed").waitFor();
}

async function keepsItsPlace(page) {
  const address = page.url();
  await page.reload();
  await page.getByRole("heading", { name: "Run of made elsewhere" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await enterCredentials(page, "Sign in");
  await page.getByRole("heading", { name: "Run of made elsewhere" }).waitFor();
  assert.equal(page.url(), address);
}

/** Rows that somebody is on stay in their places while runs are added elsewhere, until the new ones are asked for. */
async function holdsItsRows(page) {
  const token = await logIn(server, EMAIL, PASSWORD);
  await createTask(server, "another", token);
  await page.goto(`${server}/#/runs`);
  await page.getByRole("row").filter({ hasText: "made elsewhere" }).hover();
  const before = await firstRun(page);
  await runElsewhere("another", token);
  const more = page.getByRole("button", { name: "1 new run", exact: true });
  await more.waitFor();
  assert.equal(await firstRun(page), before);
  await more.click();
  await page.locator("tbody tr:first-child .row-link:focus").waitFor();
  assert.notEqual(await firstRun(page), before);
  assert.equal(await more.count(), 0);
}

/** Another list replaces the rows, also those that it has too. */
async function showsAnotherListAtOnce(page) {
  const other = page.getByRole("row").filter({ hasText: "another" });
  await other.hover();
  await page.goto(`${server}/#/runs?name=made`);
  await other.waitFor({ state: "detached" });
  await page.getByRole("row").filter({ hasText: "made elsewhere" }).waitFor();
  await page.goto(`${server}/#/runs`);
  await other.waitFor();
}

/** Rows stay in their places while the focus goes from one to the next, and no longer when it has left them. */
async function holdsItsRowsForTheFocus(page) {
  await page.mouse.move(0, 0);
  await page.keyboard.press("j");
  const before = await firstRun(page);
  await runElsewhere("made elsewhere", await logIn(server, EMAIL, PASSWORD));
  const more = page.getByRole("button", { name: "1 new run", exact: true });
  await more.waitFor();
  await page.keyboard.press("Tab");
  await page.locator("tbody tr:nth-child(2) .row-link:focus").waitFor();
  assert.equal(await firstRun(page), before);
  assert.equal(await more.count(), 1);
  await page.getByRole("main").focus();
  await more.waitFor({ state: "detached" });
  assert.notEqual(await firstRun(page), before);
}

const firstRun = (page) => page.locator("tbody .row-link").first().getAttribute("href");

async function runElsewhere(name, token) {
  const { tasks } = await ask(server, "{ tasks { nodes { id name } } }", {}, token);
  await ask(server, RUN, { id: tasks.nodes.find((each) => each.name === name).id }, token);
}

async function pausesATask(page) {
  await page.goto(`${server}/#/tasks`);
  await page.getByRole("link", { name: "made elsewhere" }).click();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
}

async function filters(page) {
  await page.goto(`${server}/#/tasks?status=FAILED`);
  await page.getByText("No task matches").waitFor();
  await page.getByRole("button", { name: "Failed", pressed: true }).click();
  await page.getByRole("link", { name: "made elsewhere" }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("nothing like it");
  await page.getByText("No task matches").waitFor();
  assert.match(page.url(), /text=nothing/);
}

/** No page is wider than a small telephone. */
async function fitsATelephone(page) {
  await page.setViewportSize({ width: 375, height: 700 });
  for (const path of ["", "tasks", "runs", "nothing"]) {
    await page.goto(`${server}/#/${path}`);
    await page.getByRole("main").getByText(/./).first().waitFor();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 375, `#/${path} is ${width} wide`);
  }
}

await browse(executable, server, async (page) => {
  await signsUp(page);
  await seesWhatIsMadeElsewhere(page);
  await runsATask(page);
  await keepsItsPlace(page);
  await holdsItsRows(page);
  await showsAnotherListAtOnce(page);
  await holdsItsRowsForTheFocus(page);
  await pausesATask(page);
  await filters(page);
  await fitsATelephone(page);
});
