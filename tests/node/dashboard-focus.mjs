// Where the focus is, and what is asked before a page is left. node dashboard-focus.mjs CHROMIUM SERVER

import assert from "node:assert/strict";

import { browse, createTask, logIn } from "./browser.mjs";
import { answer, isShown, PASSWORD, signIn } from "./dashboard-session.mjs";

const [executable, server] = process.argv.slice(2);
const EMAIL = "alice@example.com";
const question = (page) => page.getByRole("dialog", { name: "Leave without saving?" });

async function hasFocus(page, locator) {
  const element = await locator.elementHandle();
  await page.waitForFunction((wanted) => document.activeElement === wanted, element);
}

/** A dialog has the focus, keeps it, and gives it back: to the page, if what had it is gone. */
async function givesTheFocusBack(page) {
  await page.getByRole("link", { name: "only one" }).focus();
  await page.keyboard.press("Enter");
  await isShown(page, "only one");
  await hasFocus(page, page.locator("#main")); // the link is gone
  const remove = page.getByRole("button", { name: "Delete" });
  await remove.focus();
  await page.keyboard.press("Enter");
  await hasFocus(page, page.getByRole("dialog").getByRole("button", { name: "Cancel" }));
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await hasFocus(page, remove);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.keyboard.press("Escape");
  await hasFocus(page, remove);
  const told = page.getByRole("status").filter({ hasText: /^$/ }).first();
  assert.equal(await told.getAttribute("aria-live"), "polite"); // it is there before it says something
  await page.keyboard.press("Enter");
  await hasFocus(page, page.getByRole("dialog").getByRole("button", { name: "Cancel" }));
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter"); // Delete
  await isShown(page, "Tasks");
  await page.getByRole("status").getByText("only one is deleted.").waitFor();
  await hasFocus(page, page.locator("#main"));
  await page.getByRole("button", { name: "Undo" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "only one" }).waitFor();
}

/** By a link, by a key and by the browser's own buttons. What stays in the tab is there again. */
async function asksBeforeAWorkflowIsLeft(page) {
  await page.goto(`${server}/#/workflows`);
  await page.getByRole("link", { name: "New workflow" }).click();
  const editor = page.getByRole("textbox", { name: "Workflow as YAML" });
  await editor.click();
  await page.getByText("No errors").waitFor();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("# more");
  await page.getByText("Not saved yet").waitFor();
  await page.getByRole("link", { name: "Queues" }).click();
  await answer(page, "Cancel");
  await isShown(page, "New workflow");
  await page.goBack();
  await answer(page, "Cancel");
  await isShown(page, "New workflow");
  await page.locator("h1").click();
  await page.keyboard.press("g");
  await page.keyboard.press("q");
  await answer(page, "Leave");
  await isShown(page, "Queues");
  await page.goBack();
  await page.getByText("was kept in this tab").waitFor();
  await page.getByRole("button", { name: "Discard changes" }).click();
  await page.getByText("Not saved yet").waitFor({ state: "detached" });
  await page.getByRole("link", { name: "History" }).click();
  await isShown(page, "History");
  assert.equal(await question(page).count(), 0);
}

async function asksBeforePreferencesAreLeft(page) {
  await page.goto(`${server}/#/notifications/preferences`);
  const recovered = page.getByLabel(/^Recovered/);
  await recovered.uncheck();
  await page.getByRole("link", { name: "Rules" }).click();
  await answer(page, "Cancel");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("dialog", { name: "Sign out without saving?" }).getByRole("button", { name: "Cancel" }).click();
  await recovered.check(); // as it was
  await recovered.uncheck();
  await page.getByRole("button", { name: "Save preferences" }).click();
  await page.getByText("Your preferences are saved").waitFor();
  await page.getByRole("link", { name: "Rules" }).click();
  await page.getByText("Your preferences apply to all").waitFor();
}

await browse(executable, server, async (page) => {
  await createTask(server, "only one", await logIn(server, EMAIL, PASSWORD));
  await page.goto(`${server}/#/tasks`);
  await signIn(page, EMAIL);
  await givesTheFocusBack(page);
  await asksBeforeAWorkflowIsLeft(page);
  await asksBeforePreferencesAreLeft(page);
});
