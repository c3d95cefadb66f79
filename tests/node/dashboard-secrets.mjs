// Named secrets in the dashboard. node dashboard-secrets.mjs CHROMIUM SERVER TARGET [FOLDER FOR PICTURES]

import assert from "node:assert/strict";

import { browse } from "./browser.mjs";
import { answer, isShown, signIn } from "./dashboard-session.mjs";

const [executable, server, target, pictures] = process.argv.slice(2);
const HOOK = `${target}services/T0/B0/XXXX`;
const TOKEN = "tip-top-secret";

const field = (page, name) => page.getByLabel(name, { exact: true });
const row = (page, name) => page.getByRole("row", { name: new RegExp(`^${name}\\b`) });

async function create(page, name, value, hosts) {
  await field(page, "Name").fill(name);
  await field(page, "Value").fill(value);
  await field(page, "Allowed hosts").fill(hosts);
  await page.getByRole("button", { name: "Create secret" }).click();
}

/** What is wrong is told at its field, and a value is gone from the page once it is saved. */
async function createsSecrets(page) {
  await page.goto(`${server}/#/account/secrets`);
  await signIn(page, "alice@example.com");
  await page.getByText("You have no secrets").waitFor();
  await create(page, "my-hook", HOOK, "https://example.com/x");
  await page.locator("#field-name-problem").waitFor();
  await page.locator("#field-allowedHosts-problem").getByText("without scheme").waitFor();
  await picture(page, "refused");
  await create(page, "slack", HOOK, "127.0.0.1\n*.example.com");
  await row(page, "slack").getByText("127.0.0.1, *.example.com").waitFor();
  await create(page, "tok", TOKEN, "127.0.0.1");
  await row(page, "tok").waitFor();
  assert.equal(await field(page, "Value").inputValue(), "");
  assert.ok(!(await page.content()).includes(TOKEN));
  await picture(page, "list");
}

/** Narrowing keeps the value, and a host that is new needs it again. */
async function changesHosts(page) {
  await page.getByRole("button", { name: "Change slack" }).click();
  const form = page.locator("td.edited");
  await form.getByLabel("Allowed hosts").fill("127.0.0.1\nevil.example");
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText("could not go to evil.example before").waitFor();
  await picture(page, "change");
  await form.getByLabel("Allowed hosts").fill("127.0.0.1");
  await form.getByRole("button", { name: "Save" }).click();
  await row(page, "slack").getByText("127.0.0.1", { exact: true }).waitFor();
}

/** A task with secrets is tried, saved and run: its pages show references, and so does its curl command. */
async function usesSecrets(page, context) {
  await page.goto(`${server}/#/tasks/new`);
  await isShown(page, "New task");
  await field(page, "Name").fill("Tell the team");
  await field(page, "Method").selectOption("POST");
  await field(page, "URL").fill("${{ secrets.gone }}");
  await page.getByRole("button", { name: "Create task" }).click();
  await page.getByText("You have no secret gone.").waitFor();
  await field(page, "URL").fill("${{ secrets.slack }}");
  const offered = await field(page, "URL").evaluate(({ list }) => [...list.options].map(({ value }) => value));
  assert.deepEqual(offered, ["${{ secrets.slack }}", "${{ secrets.tok }}"]);
  await page.getByRole("button", { name: "Add header" }).click();
  await page.getByLabel("Header 1: name").fill("X-Key");
  await page.getByLabel("Header 1: value").fill("v=${{ secrets.tok }}");
  await page.getByRole("group", { name: "Body" }).getByRole("button", { name: "JSON" }).click();
  await page.getByLabel("JSON", { exact: true }).last().fill('{"text": "${{ secrets.tok }}"}');
  await picture(page, "form");
  await page.getByRole("button", { name: "Try it now" }).click();
  await page.getByRole("region", { name: "Answer" }).getByText("POST *** HTTP/1.1").waitFor();
  await hidesValues(page);
  await page.getByRole("group", { name: "Kind of schedule" }).getByRole("button", { name: "Now" }).click();
  await page.getByRole("button", { name: "Create task" }).click();
  await isShown(page, "Tell the team");
  await page.getByRole("table").getByRole("link", { name: "Completed" }).click();
  await page.getByText("v=${{ secrets.tok }}").first().waitFor();
  await page.getByText("POST *** HTTP/1.1").waitFor();
  await picture(page, "run");
  await hidesValues(page);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy as curl" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /\$\{\{ ?secrets\.slack ?\}\}/);
  assert.match(copied, /X-Key: v=\$\{\{ secrets\.tok \}\}/);
  for (const value of [TOKEN, "T0/B0"]) assert.ok(!copied.includes(value));
  await page.getByText("Copied. Replace ${{ … }} by the secrets.").waitFor();
  await importsReferences(page, copied);
}

/** A copied command can be imported, with its references. */
async function importsReferences(page, command) {
  await page.goto(`${server}/#/tasks/import`);
  await page.getByLabel("Command").fill(command);
  await page.getByRole("button", { name: "Continue with the form" }).click();
  await isShown(page, "New task");
  assert.match(await field(page, "URL").inputValue(), /^\$\{\{ ?secrets\.slack ?\}\}$/);
  await page.goto(`${server}/#/tasks`);
  await answer(page, "Leave");
}

/** The editor of workflows offers the names. */
async function completesNames(page) {
  await page.goto(`${server}/#/workflows/new`);
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("url: ${{ secrets.", { delay: 5 });
  await page.getByRole("option", { name: "slack" }).waitFor();
  await page.keyboard.type("to");
  await page.getByRole("option", { name: "slack" }).waitFor({ state: "detached" });
  await page.getByRole("option", { name: "tok" }).click();
  assert.match(await page.locator(".cm-content").innerText(), /\$\{\{ secrets\.tok/);
  await page.goto(`${server}/#/account/secrets`);
  await answer(page, "Leave");
}

async function hidesValues(page) {
  const content = await page.content();
  for (const value of [TOKEN, "T0/B0"]) assert.ok(!content.includes(value), value);
}

async function deletesSecret(page) {
  await page.goto(`${server}/#/account/secrets`);
  await row(page, "slack").getByRole("link", { name: "Tell the team" }).waitFor();
  await picture(page, "uses");
  for (const isUndone of [true, false]) {
    await page.getByRole("button", { name: "Delete slack" }).click();
    await page.getByRole("dialog").getByText("Runs of these fail from then on: Tell the team.").waitFor();
    await answer(page, "Delete");
    await row(page, "slack").waitFor({ state: "detached" });
    if (isUndone) await page.getByRole("button", { name: "Undo" }).click();
    if (isUndone) await row(page, "slack").waitFor();
  }
  await create(page, "slack", HOOK, "127.0.0.1"); // what waits for its deletion has this name
  await row(page, "slack").waitFor();
  await page.reload();
  await row(page, "slack").waitFor();
}

/** Takes pictures of the page, wide and narrow, light and dark, if they are asked for. */
async function picture(page, name) {
  if (!pictures) return;
  for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [375, "light"], [375, "dark"]]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${pictures}/${name}-${width}-${colorScheme}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: "light" });
}

await browse(executable, server, async (page, context) => {
  await createsSecrets(page);
  await changesHosts(page);
  await usesSecrets(page, context);
  await completesNames(page);
  await deletesSecret(page);
});
