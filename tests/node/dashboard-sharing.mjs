// Makes public links as a person does, and uses them as others do. node dashboard-sharing.mjs CHROMIUM SERVER TARGET EMAIL [PICTURES]

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { ask, browse, logIn } from "./browser.mjs";
import { answer, isShown, PASSWORD, signIn } from "./dashboard-session.mjs";

const [executable, server, target, email, pictures] = process.argv.slice(2);
const AXE = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const CREATE = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }";
const SAVE = "mutation ($yaml: String!) { saveWorkflow(input: {yaml: $yaml}) { workflow { id } userErrors { message } } }";
const WORKFLOW = `name: deploy
inputs:
  version: {type: string}
  event: {type: any, default: null}
steps:
  - {key: pause, wait: PT1S}
`;
const LOOKS = [
  [1280, "light"],
  [375, "dark"],
  [2560, "light"],
];

/** Looks at what is shown at several sizes: nothing is wider than the window, and axe finds nothing serious. */
async function looksGood(page, name, { scroll } = {}) {
  for (const [width, colorScheme] of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    if (scroll) await page.locator(scroll).scrollIntoViewIfNeeded();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${name} is ${wide} px too wide at ${width}`);
    await isAccessible(page, `${name} ${width} ${colorScheme}`);
    if (pictures) await page.screenshot({ path: `${pictures}/${name}-${width}-${colorScheme}.png` });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** Axe finds nothing, not even something minor. */
async function isAccessible(page, name) {
  const { violations } = await page.evaluate(`${AXE}; axe.run(document, { resultTypes: ["violations"] })`);
  const found = violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
  assert.deepEqual(found, [], name);
}

async function openTask(page) {
  const job = { http: { url: target } };
  const { createTask } = await ask(server, CREATE, { i: { name: "nightly backup", job, schedule: { every: { interval: "PT1H" } } } }, token);
  await page.goto(`${server}/#/tasks/${createTask.task.id}`);
  await isShown(page, "nightly backup");
  return page.getByRole("region", { name: "Public links" });
}

/** A badge and a status page, which a visitor without an account sees. */
async function showsAStatus(page, open) {
  const links = await openTask(page);
  await links.getByRole("button", { name: "New status page" }).click();
  const dialog = page.getByRole("dialog", { name: "New status page" });
  assert.equal(await dialog.getByLabel("Title").inputValue(), "nightly backup");
  await dialog.getByLabel("Title").fill("Backups");
  await dialog.getByRole("button", { name: "Create link" }).click();
  const badge = links.getByRole("img", { name: "Badge of Backups" });
  await badge.waitFor();
  await page.waitForFunction(() => document.querySelector("img.public-badge")?.naturalWidth > 50);
  assert.match(await links.locator(".snippet").innerText(), /^\[!\[Backups\]\(http.*\/badge\.svg\)\]\(http.*\)$/);
  const path = await links.getByRole("link", { name: "Open page" }).getAttribute("href");
  const visitor = await open();
  assert.equal((await visitor.goto(server + path)).status(), 200);
  await visitor.getByRole("heading", { name: "Backups", level: 1 }).waitFor();
  await visitor.getByText("Never run").waitFor();
  await changesTheTitle(page, links, visitor);
  return { links, path, visitor };
}

/** Another title, at the same URL. */
async function changesTheTitle(page, links, visitor) {
  for (const title of ["Copies", "Backups"]) {
    await links.getByRole("button", { name: "Change title" }).click();
    const dialog = page.getByRole("dialog", { name: "Change the title" });
    await dialog.getByLabel("Title").fill(title);
    if (title === "Copies") await looksGood(page, "title");
    await dialog.getByRole("button", { name: "Save" }).click();
    await links.getByRole("img", { name: `Badge of ${title}` }).waitFor();
    await visitor.reload();
    await visitor.getByRole("heading", { name: title, level: 1 }).waitFor();
  }
}

/** A trigger URL, which is told once and starts the task. */
async function startsTheTask(page, { links, path, visitor }) {
  await links.getByRole("button", { name: "New trigger URL" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Create URL" }).click();
  const url = await links.locator(".secret code").innerText();
  assert.match(url, /\/triggers\/[\w-]{44}$/);
  assert.equal(await links.locator(".new-trigger .snippet").innerText(), `curl -X POST '${url}'`);
  await looksGood(page, "links", { scroll: ".public-links" });
  const { status } = await fetch(new URL(new URL(url).pathname, server), { method: "POST" });
  assert.equal(status, 202);
  await page.getByRole("region", { name: "Runs" }).getByText("By a trigger URL").waitFor();
  await links.getByRole("button", { name: "Done" }).click();
  assert.equal(await links.locator(".secret").count(), 0);
  while (!(await (await fetch(server + path)).text()).includes("Passing"));
  await visitor.reload();
  await visitor.getByText("1 of 1 run").first().waitFor();
  await looksGood(visitor, "status-page");
  return new URL(url).pathname;
}

/** A new URL ends the former one, and what is revoked is gone. */
async function endsThem(page, { links, path }, trigger) {
  const row = links.getByRole("listitem").filter({ hasText: "Trigger URL" });
  await row.getByRole("button", { name: "New URL" }).click();
  await answer(page, "New URL");
  const renewed = await links.locator(".secret code").innerText();
  assert.notEqual(new URL(renewed).pathname, trigger);
  assert.equal((await fetch(server + trigger, { method: "POST" })).status, 404);
  await links.getByRole("button", { name: "Done" }).click();
  for (const what of ["Trigger URL", "Badge and status page"]) {
    await links.getByRole("listitem").filter({ hasText: what }).getByRole("button", { name: "Revoke" }).click();
    await answer(page, "Revoke");
    await links.getByRole("listitem").filter({ hasText: what }).waitFor({ state: "detached" });
  }
  await links.getByText("Show its state to people without an account").waitFor();
  assert.equal((await fetch(server + path)).status, 404);
}

/** A workflow takes its inputs from the body, or the whole request as one of them. */
async function startsAWorkflow(page) {
  const { saveWorkflow } = await ask(server, SAVE, { yaml: WORKFLOW }, token);
  await page.goto(`${server}/#/workflows/${saveWorkflow.workflow.id}`);
  await isShown(page, "deploy");
  const links = page.getByRole("region", { name: "Public links" });
  await links.getByRole("button", { name: "New trigger URL" }).click();
  await answer(page, "Create URL");
  const url = new URL(await links.locator(".secret code").innerText());
  assert.match(await links.locator(".new-trigger .snippet").innerText(), /--json '\{"version":"…"\}'$/);
  const send = (body) => fetch(server + url.pathname, { method: "POST", headers: { "content-type": "application/json" }, body });
  assert.equal((await send('{"version": 1}')).status, 422);
  assert.equal((await send('{"version": "1.2"}')).status, 202);
  await page.getByRole("region", { name: "Runs" }).getByText("By a trigger URL").waitFor();
  await links.getByRole("button", { name: "New trigger URL" }).click();
  const dialog = page.getByRole("dialog", { name: "New trigger URL" });
  await dialog.getByLabel("Request").selectOption("event");
  await dialog.getByRole("button", { name: "Create URL" }).click();
  await dialog.getByText("nobody gives version: set a default").waitFor();
  await ask(server, SAVE, { yaml: WORKFLOW.replace("type: string", 'type: string, default: "1"') }, token);
  await dialog.getByRole("button", { name: "Create URL" }).click();
  await links.getByText("the request is the input event").waitFor();
}

const token = await logIn(server, email, PASSWORD);
await browse(executable, server, async (page, _, open) => {
  await page.goto(`${server}/#/tasks`);
  await signIn(page, email);
  await isShown(page, "Tasks");
  const shown = await showsAStatus(page, open);
  const trigger = await startsTheTask(page, shown);
  await endsThem(page, shown, trigger);
  await startsAWorkflow(page);
});
