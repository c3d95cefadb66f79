// The dashboard among odd texts and addresses. node dashboard-hostile.mjs CHROMIUM SERVER SCENARIO TARGET

import assert from "node:assert/strict";

import { ask, browse, logIn } from "./browser.mjs";
import { answer, isShown, isSignedOut, PASSWORD, signIn } from "./dashboard-session.mjs";

const [executable, server, scenario, target] = process.argv.slice(2);
const EMAIL = "alice@example.com";
const MARKUP = `"><img src=x onerror=alert(1)><script>alert(2)</script>[x](javascript:alert(3))`;
/** Names that every object of JavaScript has. */
const INHERITED = ["__proto__", "constructor", "toString"];

async function begin(page, path = "/") {
  await page.goto(`${server}/#${path}`);
  await signIn(page, EMAIL);
  await page.locator(".shell").waitFor();
}

async function makesTask(token) {
  const create = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }";
  const http = { url: `${target}?q=${MARKUP.replaceAll(" ", "%20")}`, headers: { "X-Odd": MARKUP } };
  const input = { name: MARKUP, description: MARKUP, tags: ["<b>bold</b>"], job: { http }, schedule: { now: true } };
  const { id } = (await ask(server, create, { i: input }, token)).createTask.task;
  for (;;) {
    const { task } = await ask(server, "query ($id: ID!) { task(id: $id) { status runs { nodes { id } } } }", { id }, token);
    if (task.status === "FAILED") return { task: id, run: task.runs.nodes[0].id };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What people and their servers write is text, wherever it is shown. */
async function showsMarkup(page) {
  page.on("dialog", () => assert.fail("a script of a text has run"));
  const { task, run } = await makesTask(await logIn(server, EMAIL, PASSWORD));
  await begin(page);
  for (const path of ["/", "/tasks", `/tasks/${task}`, `/tasks/${task}/edit`, "/runs", `/runs/${run}`, "/notifications"]) {
    await page.goto(`${server}/#${path}`);
    await page.locator("main").getByText("<img src=x").first().waitFor();
    const made = await page.locator("img[onerror], body script, [href^=javascript]").count();
    assert.equal(made, 0, `${path} has made elements of it`);
  }
  await page.goto(`${server}/#/runs/${run}`);
  await page.getByText("<i>no</i>").first().waitFor();
}

/** No address leads to a page that is empty, or elsewhere. */
async function takesOddAddresses(page) {
  await begin(page);
  for (const path of ["/account", "/notifications", "", "/tasks", "/runs", "/workflows", "/incidents"]) {
    for (const part of [...INHERITED, "%E0%A4%A", "%00"]) {
      await page.goto(`${server}/#${path}/${part}`);
      await page.getByText("There is no such page").waitFor();
    }
  }
  for (const name of INHERITED) {
    await page.goto(`${server}/#/tasks?sort=${name}&status=${name}`);
    await page.getByText("There are no tasks yet").waitFor();
    await page.goto(`${server}/#/runs?status=${name}&trigger=${name}&error=${name}`);
    await isShown(page, "History");
  }
  for (const day of ["garbage", "2026-02-30", "0000-00-00"]) {
    await page.goto(`${server}/#/runs?from=${day}&to=${day}`);
    await page.getByText("Nothing has run yet").waitFor();
  }
  await page.goto(`${server}/#/dead-letters?error=garbage`);
  await page.getByText("No run has failed for good").waitFor();
  await page.goto(`${server}/#//elsewhere.example/`);
  await page.getByText("There is no such page").waitFor();
  for (const fragment of ["reset=%E0%A4%A", "confirmation=%", "address=%ff"]) {
    await page.goto(`${server}/account#${fragment}`);
    await page.locator("form:visible button").waitFor();
    await page.goto(`${server}/`);
  }
}

/** A page that fails leaves the others as they are. */
async function survivesAFault(page) {
  await begin(page);
  await isShown(page, "Overview");
  await page.evaluate(() => (console.error = () => undefined)); // it is told there
  const spoil = async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    if (body.data?.queues) body.data.queues = [null];
    await route.fulfill({ response, json: body });
  };
  await page.route("**/graphql", spoil);
  await page.getByRole("link", { name: "Queues" }).click();
  await page.getByRole("alert").getByText("This page has failed").waitFor();
  await page.unrouteAll({ behavior: "wait" }); // `unroute` lets go of those that are being spoiled
  await page.getByRole("link", { name: "Workflows" }).click();
  await isShown(page, "Workflows");
}

const drafts = (page) => page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("tocsin:draft:")).length);

/** Drafts survive a session that has ended, but not a sign-out, after which somebody else may use the tab. */
async function forgetsDrafts(page) {
  await begin(page, "/workflows/new");
  await page.locator(".cm-content").click();
  await page.keyboard.type("# a secret\n");
  await page.goto(`${server}/#/tasks/new`);
  await answer(page, "Leave");
  await page.getByLabel("Name", { exact: true }).fill("half written");
  await page.waitForFunction(() => Object.keys(sessionStorage).length === 2);
  await page.context().clearCookies();
  page.once("dialog", (dialog) => void dialog.accept()); // the browser asks before it leaves
  await page.reload();
  await isSignedOut(page);
  assert.equal(await drafts(page), 2);
  await signIn(page, EMAIL);
  await page.getByText("that is not saved").waitFor();
  const other = await page.context().newPage();
  await other.goto(`${server}/#/tasks`);
  await other.getByRole("button", { name: "Sign out" }).click();
  await isSignedOut(page);
  assert.equal(await drafts(page), 0);
}

const savedViews = (page) => page.getByRole("group", { name: "Saved views" });

/** Views have names that others need not read: each account of this browser has its own. */
async function keepsViewsByAccount(page) {
  await begin(page, "/tasks?status=FAILED");
  await page.getByRole("button", { name: "Save this view…" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Red ones");
  await answer(page, "Save");
  await savedViews(page).getByRole("link", { name: "Red ones" }).waitFor();
  for (const [email, count] of [["bob@example.com", 0], [EMAIL, 1]]) {
    await page.getByRole("button", { name: "Sign out" }).click();
    await isSignedOut(page);
    await page.goto(`${server}/#/tasks?status=PAUSED`);
    await signIn(page, email);
    await savedViews(page).getByRole("button", { name: "Save this view…" }).waitFor();
    assert.equal(await savedViews(page).getByRole("link").count(), count);
  }
}

const scenarios = { markup: showsMarkup, addresses: takesOddAddresses, fault: survivesAFault, drafts: forgetsDrafts, views: keepsViewsByAccount };
await browse(executable, server, scenarios[scenario]);
