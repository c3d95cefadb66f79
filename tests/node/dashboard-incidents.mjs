// Follows an outage in the dashboard. node dashboard-incidents.mjs CHROMIUM SERVER TARGET

import assert from "node:assert/strict";

import { ask, browse, logIn } from "./browser.mjs";

const [executable, server, target] = process.argv.slice(2);
const EMAIL = "alice@example.com";
const PASSWORD = "correct horse battery";
const CREATE = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }";
const PAUSE = "mutation ($i: TaskIdInput!) { pauseTask(input: $i) { userErrors { message } } }";
const COUNT = "{ deadLetters { totalCount } }";

async function signIn(page) {
  await page.goto(`${server}/#/incidents`);
  await page.getByLabel("Email address").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Nothing is failing").waitFor();
}

/** Makes tasks that fail every second. */
async function failEverySecond(token) {
  const make = async (name) => {
    const input = { name, job: { http: { url: target } }, schedule: { every: { interval: "PT1S" } }, retry: { maxRetries: 0 } };
    return (await ask(server, CREATE, { i: input }, token)).createTask.task.id;
  };
  return [await make("import"), await make("export")];
}

async function acknowledgesTheIncident(page) {
  await page.getByRole("heading", { name: /answers with errors/ }).waitFor();
  await page.getByText("Failing").waitFor();
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await page.getByText(/^acknowledged/).waitFor();
  await page.getByRole("link", { name: /answers with errors/ }).click();
  await page.getByRole("table").getByRole("link", { name: "import" }).waitFor();
  await page.getByRole("table").getByRole("link", { name: "export" }).waitFor();
  await page.getByText("What you were told").waitFor();
}

/** One task works again and the other is paused, so no run fails any more. */
async function mends([, paused], token) {
  await ask(server, PAUSE, { i: { id: paused } }, token);
  await fetch(`${target}/mend`);
}

async function seesTheRecovery(page) {
  await page.getByRole("main").getByText("Works again").first().waitFor();
}

async function replays(page, token) {
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  await page.getByRole("heading", { name: "By cause" }).waitFor();
  await page.getByRole("button", { name: "HTTP status" }).click();
  assert.match(page.url(), /error=HTTP_STATUS&host=127\.0\.0\.1/);
  const { totalCount } = (await ask(server, COUNT, {}, token)).deadLetters;
  assert.ok(totalCount >= 2);
  await page.getByRole("button", { name: "Replay…" }).click();
  await page.getByText(totalCount === 1 ? "1 run will be sent" : `${totalCount} runs will be sent`).waitFor();
  await page.getByLabel("Runs a minute").fill("6000");
  await page.getByRole("dialog").getByRole("button", { name: "Replay", exact: true }).click();
  await page.getByText(`${totalCount} succeeded`).waitFor();
  await page.getByText("Completed").first().waitFor();
  await page.getByText("No run matches").waitFor();
}

async function fitsATelephone(page) {
  await page.setViewportSize({ width: 375, height: 700 });
  for (const path of ["incidents?show=all", "dead-letters"]) {
    await page.goto(`${server}/#/${path}`);
    await page.getByRole("main").getByText(/./).first().waitFor();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 375, `#/${path} is ${width} wide`);
  }
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("link", { name: "Incidents" }).click();
  await page.getByRole("heading", { name: "Incidents", level: 1 }).waitFor();
}

await browse(executable, server, async (page) => {
  const token = await logIn(server, EMAIL, PASSWORD);
  await signIn(page);
  const tasks = await failEverySecond(token);
  await acknowledgesTheIncident(page);
  await mends(tasks, token);
  await seesTheRecovery(page);
  await replays(page, token);
  await fitsATelephone(page);
});
