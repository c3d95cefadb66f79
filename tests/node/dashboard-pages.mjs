// Visits every page of the dashboard. node dashboard-pages.mjs CHROMIUM SERVER TARGET [DIRECTORY for pictures]

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { ask, browse, logIn } from "./browser.mjs";

const [executable, server, target, pictures] = process.argv.slice(2);
const EMAIL = "alice@example.com";
const PASSWORD = "correct horse battery";
const CREATE = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }";
const FOUND = `{
  tasks(first: 1, filter: {text: "Sync"}) { nodes { id } } runs(first: 1, filter: {status: [FAILED]}) { nodes { id } }
  incidents(first: 1) { nodes { id } } workflows(first: 1) { nodes { id } } users(first: 1) { nodes { id } }
  workflowRuns(first: 1) { nodes { id } } deadLetters(first: 1) { nodes { id } }
}`;
const EXECUTE = "mutation ($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) { workflowRun { id } userErrors { message } } }";
const SECRET = "mutation ($i: SetSecretInput!) { setSecret(input: $i) { secret { id } userErrors { message } } }";
const LOOKS = [
  { width: 1280, height: 800, colorScheme: "light" },
  { width: 375, height: 760, colorScheme: "dark" },
  { width: 2560, height: 1440, colorScheme: "light", isAudited: false }, // it has what is there at 1280
];
const AXE = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const SERIOUS = new Set(["serious", "critical"]);

/** Makes tasks that succeed and fail, and waits until there is something to see on each page. */
async function fill(token) {
  const make = (name, schedule, path, more = {}) =>
    ask(server, CREATE, { i: { name, schedule, job: { http: { url: path } }, retry: { maxRetries: 0 }, ...more } }, token);
  const nightly = { cron: { expression: "30 2 * * 1-5", timeZone: "Europe/Berlin" } };
  await make("Nightly backup of the customers' database", nightly, `${server}/live`, { tags: ["backup", "production"] });
  await make("Heartbeat", { every: { interval: "PT2S" } }, `${server}/live`);
  await make("Sync with the warehouse", { every: { interval: "PT2S" } }, `${target}/stock`, { tags: ["warehouse"] });
  await make("Refresh the search index", { every: { interval: "PT3S" } }, `${target}/index`);
  await ask(server, SECRET, { i: { name: "slack", value: "a secret value", allowedHosts: ["hooks.slack.com", "*.example.com"] } }, token);
  await ask(server, EXECUTE, { i: { name: "hello_world", input: { url: `${server}/live` } } }, token);
  for (;;) {
    const found = await ask(server, FOUND, {}, token);
    const [missing] = Object.entries(found).filter(([, { nodes }]) => nodes.length === 0);
    if (!missing) return Object.fromEntries(Object.entries(found).map(([name, { nodes }]) => [name, nodes[0].id]));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** The address of each page, with a part of it that tells that it is there. */
function pagesOf(ids) {
  return [
    ["", "overview"], ["tasks", "tasks"], ["tasks/new", "task-form"], [`tasks/${ids.tasks}/edit`, "task-edit"],
    [`tasks/${ids.tasks}`, "task"], ["tasks/import", "task-import"], ["runs", "history"], [`runs/${ids.runs}`, "run"],
    ["workflows", "workflows"], ["workflows/new", "workflow-new"], [`workflows/${ids.workflows}`, "workflow"],
    [`workflow-runs/${ids.workflowRuns}`, "workflow-run"], ["queues", "queues"], ["incidents", "incidents"],
    [`incidents/${ids.incidents}`, "incident"], ["dead-letters", "dead-letters"], ["notifications", "notifications"],
    ["notifications/channels", "channels"], ["notifications/preferences", "preferences"], ["account", "account"],
    ["account/security", "security"], ["account/tokens", "tokens"], ["account/secrets", "secrets"], ["admin", "admin-users"],
    [`admin/users/${ids.users}`, "admin-user"], ["admin/audit-log", "audit-log"], ["admin/system", "system"],
    ["nothing/here", "not-found"],
  ]; // prettier-ignore
}

async function signIn(page) {
  await page.goto(`${server}/`);
  await page.getByLabel("Email address").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
}

async function visit(page, address) {
  await page.goto(`${server}/#/${address}`);
  await page.locator("#main").getByText(/./).first().waitFor();
  await page.locator("#main .loading").waitFor({ state: "detached" });
  await page.waitForFunction(() => document.querySelector("#main").innerText.length > 20);
}

/** What the audit of axe finds, as lines. */
async function audit(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter(({ impact }) => SERIOUS.has(impact))
    .flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ html, any }) => `${id}: ${html.slice(0, 160)} ${any[0]?.message ?? ""}`));
}

const wrong = [];
await browse(executable, server, async (page) => {
  const ids = await fill(await logIn(server, EMAIL, PASSWORD));
  await signIn(page);
  for (const { width, height, colorScheme, isAudited = true } of LOOKS) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const [address, name] of pagesOf(ids)) {
      await visit(page, address);
      if (pictures) await page.screenshot({ path: `${pictures}/${name}-${colorScheme}-${width}.png`, animations: "disabled" });
      const scrolled = await page.evaluate(() => document.documentElement.scrollWidth);
      if (scrolled > width) wrong.push(`${name}: ${scrolled} wide in a window of ${width}`);
      if (isAudited) wrong.push(...(await audit(page)).map((fault) => `${name} (${colorScheme} ${width}): ${fault}`));
    }
  }
});
assert.deepEqual(wrong, []);
