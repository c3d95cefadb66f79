// What is deleted in the dashboard can be undone for ten seconds. node dashboard-undo.mjs CHROMIUM SERVER

import assert from "node:assert/strict";

import { ask, browse, createTask, logIn } from "./browser.mjs";
import { answer, isShown, isSignedOut, PASSWORD, signIn } from "./dashboard-session.mjs";

const [executable, server] = process.argv.slice(2);
const EMAIL = "alice@example.com";
const SAVE = "mutation ($yaml: String!) { saveWorkflow(input: {yaml: $yaml}) { userErrors { message } } }";
const WORKFLOW = "name: nightly\ndescription: The old one.\nsteps:\n  - {key: rest, wait: PT1S}\n";
const CHANNEL = `mutation ($url: String!) {
  createNotificationChannel(input: { name: "our program", channel: { webhook: { url: $url } } }) { userErrors { message } } }`;
const RULE = `mutation ($id: ID!) {
  updateNotificationRule(input: { subjectId: $id, isMailed: false, kinds: [RECOVERED], failures: EVERY_ATTEMPT }) { userErrors { message } } }`;
const RULES = "{ notificationRules(first: 5) { nodes { isMuted isMailed kinds failures channelIds } } }";
const DELETE = "mutation ($id: ID!) { deleteTask(input: { id: $id }) { userErrors { message } } }";

const token = await logIn(server, EMAIL, PASSWORD);
const tasks = async () => (await ask(server, "{ tasks(first: 50) { nodes { id name } } }", {}, token)).tasks.nodes;
const workflows = async () => (await ask(server, "{ workflows(first: 50) { nodes { name description } } }", {}, token)).workflows.nodes;
const channels = async () => (await ask(server, "{ notificationChannels { name } }", {}, token)).notificationChannels;
const names = async (found) => (await found()).map(({ name }) => name).sort();
const row = (page, name) => page.locator("#main").getByRole("link", { name, exact: true });
const undo = (page) => page.getByRole("button", { name: "Undo" }).click();
const dismiss = (page) => page.getByRole("button", { name: "Dismiss" }).click();

/** Waits until the server has only these tasks. */
async function areLeft(page, ...expected) {
  for (let tries = 0; tries < 400; tries += 1) {
    if (JSON.stringify(await names(tasks)) === JSON.stringify(expected)) return;
    await page.waitForTimeout(50);
  }
  assert.deepEqual(await names(tasks), expected);
}

async function deleteTask(page, name) {
  await row(page, name).click();
  await isShown(page, name);
  await page.getByRole("button", { name: "Delete" }).click();
  await answer(page, "Delete");
  await isShown(page, "Tasks");
  await page.getByText(`${name} is deleted.`).waitFor();
  await row(page, name).waitFor({ state: "detached" });
}

async function undoesADeletedTask(page) {
  await deleteTask(page, "a");
  await page.goBack(); // the page of what is deleted
  await page.getByText("There is no such page").or(page.getByRole("heading", { name: /not found|nothing/i })).first().waitFor();
  await undo(page);
  await isShown(page, "a");
  await page.goto(`${server}/#/tasks`);
  assert.equal((await tasks()).length, 6);
}

/** It is deleted after ten seconds, before a page that is left, and before one signs out. */
async function deletesInTheEnd(page) {
  await deleteTask(page, "a");
  const deletedAt = Date.now();
  await areLeft(page, "b", "c", "d", "e", "f");
  const lasted = Date.now() - deletedAt;
  assert.ok(lasted > 8_000 && lasted < 13_000, `deleted after ${lasted} ms`);
  await deleteTask(page, "b");
  await page.reload();
  await areLeft(page, "c", "d", "e", "f");
  await deleteTask(page, "c");
  await page.getByRole("button", { name: "Sign out" }).click();
  await isSignedOut(page);
  assert.deepEqual(await names(tasks), ["d", "e", "f"]);
  await signIn(page, EMAIL);
  await isShown(page, "Tasks");
  assert.equal(await page.getByText("is deleted").count(), 0);
}

/** What the server refuses is told. */
async function tellsOfARefusal(page) {
  await deleteTask(page, "d");
  const { id } = (await tasks()).find(({ name }) => name === "d");
  await ask(server, DELETE, { id }, token);
  await dismiss(page);
  await page.getByText("It could not be deleted.").waitFor();
  await dismiss(page);
  await row(page, "d").waitFor({ state: "detached" });
}

async function undoesMany(page) {
  await page.getByLabel("Select all tasks on this page").click();
  const bar = page.getByRole("region", { name: "Selected tasks" });
  await bar.getByRole("button", { name: "Delete" }).click();
  await answer(page, "Delete");
  await page.getByText("2 tasks are deleted.").waitFor();
  await page.getByText("There are no tasks yet").waitFor();
  await undo(page);
  await row(page, "e").waitFor();
  await row(page, "f").waitFor();
  assert.equal((await tasks()).length, 2);
}

/** A workflow that is saved under the name of one that is being deleted is another one. */
async function deletesBeforeANameIsTaken(page) {
  await ask(server, SAVE, { yaml: WORKFLOW }, token);
  await page.goto(`${server}/#/workflows`);
  await page.getByRole("button", { name: "Delete nightly" }).click();
  await answer(page, "Delete");
  await page.getByText("There are no workflows yet").waitFor();
  await undo(page);
  await row(page, "nightly").waitFor();
  await page.getByRole("button", { name: "Delete nightly" }).click();
  await answer(page, "Delete");
  await page.getByRole("link", { name: "Begin with an example" }).click();
  const editor = page.getByRole("textbox", { name: "Workflow as YAML" });
  await editor.press("Control+a");
  await page.keyboard.press("Delete"); // Chromium styles what takes the place of a selection, which the policy forbids
  await page.keyboard.insertText(WORKFLOW.replace("old", "new"));
  await page.getByText("No errors").waitFor();
  await page.locator(".graph .node", { hasText: "rest" }).waitFor();
  await page.keyboard.press("Control+s");
  await isShown(page, "nightly");
  await page.getByText(/^Version 1, saved/).waitFor();
  assert.deepEqual(await workflows(), [{ name: "nightly", description: "The new one." }]);
}

async function undoesSettings(page) {
  const [{ id }] = await tasks();
  await ask(server, CHANNEL, { url: `${server}/live` }, token);
  await ask(server, RULE, { id }, token);
  await page.goto(`${server}/#/notifications/channels`);
  await page.getByRole("button", { name: "Delete" }).click();
  await answer(page, "Delete");
  await page.getByText("You are notified by mail only").waitFor();
  await undo(page);
  await page.getByRole("heading", { name: /^our program/ }).waitFor();
  assert.deepEqual(await channels(), [{ name: "our program" }]);
  const before = await ask(server, RULES, {}, token);
  await page.goto(`${server}/#/notifications/rules`);
  await page.getByRole("button", { name: "Delete" }).click();
  await answer(page, "Delete");
  await page.getByText("Your preferences apply to all").waitFor();
  await undo(page);
  await page.getByRole("button", { name: "Edit" }).waitFor();
  assert.deepEqual(await ask(server, RULES, {}, token), before);
}

await browse(executable, server, async (page) => {
  for (const name of "abcdef") await createTask(server, name, token);
  await page.goto(`${server}/#/tasks`);
  await signIn(page, EMAIL);
  await undoesADeletedTask(page);
  await deletesInTheEnd(page);
  await tellsOfARefusal(page);
  await undoesMany(page);
  await deletesBeforeANameIsTaken(page);
  await undoesSettings(page);
});
