// Goes through the dashboard by keys only. node dashboard-keys.mjs CHROMIUM SERVER EMAIL PASSWORD

import assert from "node:assert/strict";

import { browse } from "./browser.mjs";

const [executable, server, email, password] = process.argv.slice(2);

async function signsIn(page) {
  await page.goto(`${server}/`);
  await page.getByLabel("Email address").fill(email);
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

const focused = (page) => page.evaluate(() => document.activeElement?.textContent);

/** Rows are gone through, selected and opened. */
async function goesThroughRows(page) {
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.getByRole("link", { name: "alpha" }).waitFor();
  await page.keyboard.press("j");
  const first = await focused(page);
  await page.keyboard.press("j");
  const second = await focused(page);
  assert.notEqual(second, first);
  await page.keyboard.press("x");
  await page.getByText("1 task selected").waitFor();
  assert.equal(await page.getByLabel(`Select ${second}`).isChecked(), true);
  await page.keyboard.press("k");
  assert.equal(await focused(page), first);
  await page.keyboard.press("k"); // there is none before
  assert.equal(await focused(page), first);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: first, exact: true }).waitFor();
}

/** On a task, letters pause it and open its form; a small r does not run it. */
async function actsByKeys(page) {
  await page.keyboard.press("p");
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await page.keyboard.press("p");
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.keyboard.press("r");
  assert.equal(await page.getByRole("heading", { name: "Latest outcomes" }).count(), 0);
  await page.keyboard.press("Shift+R");
  await page.getByRole("heading", { name: "Latest outcomes" }).waitFor();
  await page.keyboard.press("e");
  await page.waitForURL(/edit$/);
}

/** Filters are saved under a name, and found again after a reload. */
async function savesAView(page) {
  await page.goto(`${server}/#/tasks?status=PAUSED&text=alp`);
  await page.getByRole("button", { name: "Save this view" }).click();
  await page.locator("dialog input:focus").waitFor();
  await page.keyboard.type("Paused ones");
  await page.keyboard.press("Enter");
  const view = page.getByRole("link", { name: "Paused ones" });
  await view.waitFor();
  await page.goto(`${server}/#/tasks`);
  await page.reload();
  await view.click();
  await page.waitForURL(/status=PAUSED&text=alp$/);
  await page.getByRole("button", { name: "Forget this view" }).click();
  await view.waitFor({ state: "detached" });
}

async function opensTheMenu(page) {
  await page.keyboard.press("Control+k");
  await page.locator("dialog [role=combobox]:focus").waitFor();
}

/** The menu finds a task by name, and a page by the beginnings of its words; Escape closes it. */
async function goesByName(page) {
  await opensTheMenu(page);
  await page.keyboard.type("brav");
  await page.getByRole("option", { name: "bravo" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "bravo" }).waitFor();
  await opensTheMenu(page);
  await page.keyboard.type("dead l");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Dead letters" }).waitFor();
  await opensTheMenu(page);
  await page.keyboard.type("gjx"); // letters that are keys elsewhere
  await page.getByText("Nothing has this name.").waitFor();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.match(page.url(), /dead-letters/);
}

/** The help names the keys, and none of them acts below it. */
async function asksForHelp(page) {
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).getByText("Next row").waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  assert.match(page.url(), /dead-letters/);
  await page.keyboard.press("Escape");
  await page.keyboard.press("c");
  await page.getByRole("heading", { name: "New task" }).waitFor();
  await page.getByLabel("Name", { exact: true }).focus();
  await page.keyboard.type("gt?c");
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "gt?c");
}

await browse(executable, server, async (page) => {
  for (const journey of [signsIn, goesThroughRows, actsByKeys, savesAView, goesByName, asksForHelp]) await journey(page);
});
