// Works with many tasks as a person does. node dashboard_tasks.mjs CHROMIUM SERVER EMAIL PASSWORD LAST_TASK

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { ask, browse, logIn } from "./browser.mjs";

const [executable, server, email, password, last] = process.argv.slice(2);
const token = await logIn(server, email, password);
const COUNT = "query ($f: TaskFilter) { tasks(filter: $f) { totalCount } }";

async function countTasks(filter) {
  return (await ask(server, COUNT, { f: filter }, token)).tasks.totalCount;
}

async function open(page, address) {
  await page.goto(`${server}/#${address}`);
}

async function signsIn(page) {
  await page.goto(`${server}/`);
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

/** What can be done with the selected tasks. */
const bar = (page) => page.getByRole("region", { name: "Selected tasks" });
const firstName = (page) => page.locator("tbody .row-link").first();

async function sortsAndTurnsPages(page) {
  await open(page, "/tasks?sort=name");
  await page.getByText("50 of 5,000+").waitFor();
  assert.equal(await firstName(page).innerText(), "=formula()");
  const began = Date.now();
  await page.getByRole("button", { name: "Next page" }).click();
  await page.getByRole("link", { name: "task 00050" }).waitFor();
  console.log(`next page: ${Date.now() - began} ms`);
  await page.getByRole("button", { name: "Task", exact: true }).click(); // downwards
  await page.getByRole("link", { name: last }).waitFor();
  assert.match(page.url(), /sort=-name/);
}

async function searches(page) {
  await page.keyboard.press("/");
  await page.keyboard.type("RINGS AT NIGHT"); // of the description of the task that is sorted last
  const found = page.getByRole("link", { name: "=formula()" });
  await found.waitFor();
  assert.equal(await page.locator("tbody tr").count(), 1);
  await page.reload();
  await found.waitFor(); // the address has it
}

/** A few tasks are paused, and that is undone. */
async function pausesAndUndoes(page) {
  await open(page, "/tasks?sort=name&tag=few");
  await page.getByLabel("Select task 00001").click();
  await page.getByLabel("Select task 00003").click({ modifiers: ["Shift"] });
  await page.getByText("3 tasks selected").waitFor();
  await bar(page).getByRole("button", { name: "Pause" }).click();
  await page.getByText("3 tasks paused").waitFor();
  assert.equal(await countTasks({ status: ["PAUSED"] }), 3);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("3 tasks resumed").waitFor();
  assert.equal(await countTasks({ status: ["PAUSED"] }), 0);
}

/** All that match are on several pages. */
async function changesAllThatMatch(page) {
  await page.getByLabel("Select all tasks on this page").click();
  await page.getByRole("button", { name: /^Select all 120\+? that match$/ }).click();
  await page.getByText(/^all 120\+? tasks selected$/).waitFor();
  await bar(page).getByRole("button", { name: "Pause" }).click();
  await page.getByText("120 tasks paused").waitFor();
  assert.equal(await countTasks({ tags: ["few"], status: ["PAUSED"] }), 120);
  await page.getByRole("group", { name: "Status" }).getByRole("button", { name: "Paused" }).click();
  await page.getByText(/^50 of 120\+?$/).waitFor();
}

async function deletesAfterAQuestion(page) {
  await page.getByLabel("Select task 00007").click();
  await bar(page).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.equal(await countTasks({ status: ["PAUSED"] }), 120);
  await bar(page).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("1 task is deleted.").waitFor();
  await page.getByText(/^49 of 119\+?$/).waitFor(); // of the page of 50
  assert.equal(await countTasks({ status: ["PAUSED"] }), 120);
  await page.getByRole("button", { name: "Dismiss" }).last().click();
  while ((await countTasks({ status: ["PAUSED"] })) !== 119) await page.waitForTimeout(50);
}

async function readsATask(page) {
  await open(page, "/tasks?text=formula");
  await page.getByRole("link", { name: "=formula()" }).click();
  await page.getByText("Rings at night.").waitFor();
  await page.getByText("weekdays at 09:00, Berlin").first().waitFor();
  await page.getByText("Authorization: Bearer ***").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.locator(".times li").nth(7).waitFor();
  assert.match(await page.getByRole("link", { name: "Edit" }).getAttribute("href"), /^#\/tasks\/[^/]+\/edit$/);
  await page.getByRole("button", { name: "Run now" }).click();
  await page.getByRole("table").getByRole("link", { name: "Completed" }).click();
}

async function readsARun(page, context) {
  await page.getByRole("heading", { name: "Run of =formula()" }).waitFor();
  await page.getByText("Run by hand").waitFor();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy as curl" }).click();
  await page.getByText("Copied. Replace *** by the secrets.").waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^curl --request POST 'http/);
  assert.match(copied, /--header 'Authorization: \*\*\*'/i);
  assert.ok(copied.endsWith(`--data-raw '{"it'\\''s":1}'`), copied);
}

async function exportsTheHistory(page) {
  await open(page, "/runs");
  await page.getByRole("button", { name: "Completed" }).click();
  await page.getByLabel("Origin").selectOption({ label: "Run by hand" });
  await page.getByText("1 of 1").waitFor();
  assert.match(page.url(), /#\/runs\?status=COMPLETED&trigger=MANUAL$/);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export as CSV" }).click()]);
  const [heading, row, rest] = (await readFile(await file.path(), "utf8")).split("\r\n");
  assert.equal(heading.split(",")[0], "\ufefftask");
  assert.ok(row.startsWith("'=formula(),COMPLETED,MANUAL,"), row); // which is no formula
  assert.equal(rest, "");
  await page.getByLabel("Error").selectOption({ label: "Timeout" });
  await page.getByText("No run matches").waitFor();
}

await browse(executable, server, async (page, context) => {
  await signsIn(page);
  await sortsAndTurnsPages(page);
  await searches(page);
  await pausesAndUndoes(page);
  await changesAllThatMatch(page);
  await deletesAfterAQuestion(page);
  await readsATask(page);
  await readsARun(page, context);
  await exportsTheHistory(page);
});
