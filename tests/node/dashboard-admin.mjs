// The administration in the dashboard. node dashboard-admin.mjs CHROMIUM SERVER ; carol administers, bob does not.

import assert from "node:assert/strict";

import { ask, browse, logIn } from "./browser.mjs";
import { answer, isShown, isSignedOut, PASSWORD, signIn } from "./dashboard-session.mjs";

const [executable, server] = process.argv.slice(2);
const [BOB, CAROL] = ["bob@example.com", "carol@example.com"];

/** Bob sees no way there, is told so if he goes there, and asks the server for nothing of it. */
async function isForbidden(page) {
  const asked = [];
  page.on("request", (request) => asked.push(request.postData() ?? ""));
  await page.goto(`${server}/#/admin`);
  await signIn(page, BOB);
  await page.getByText("This is for administrators").waitFor();
  assert.equal(await page.getByRole("link", { name: "Administration" }).count(), 0);
  for (const path of ["audit-log", "system", "users/VXNlcjpub25l"]) {
    await page.goto(`${server}/#/admin/${path}`);
    await page.getByText("This is for administrators").waitFor();
  }
  assert.deepEqual(asked.filter((body) => /auditLog|users\(|system \{/.test(body)), []);
  await page.getByRole("button", { name: "Sign out" }).click();
  await isSignedOut(page);
}

async function seesUsers(page) {
  await page.goto(`${server}/#/admin`);
  await signIn(page, CAROL);
  await page.getByRole("link", { name: "Administration" }).waitFor();
  await page.getByRole("link", { name: BOB }).waitFor();
  await page.getByRole("searchbox").fill("carol");
  await page.getByRole("link", { name: BOB }).waitFor({ state: "detached" });
  await page.getByRole("searchbox").fill("nobody at all");
  await page.getByText("No user matches").waitFor();
  await page.getByRole("searchbox").fill("");
  await page.getByRole("button", { name: "Administrators" }).click();
  await page.getByRole("link", { name: BOB }).waitFor({ state: "detached" });
  await page.getByRole("table").getByRole("link", { name: CAROL }).click();
  await page.getByText("This is you").waitFor();
}

async function invites(page) {
  await page.goto(`${server}/#/admin`);
  await page.getByRole("button", { name: "Invite a user" }).click();
  await page.getByRole("dialog").getByLabel("Email address").fill(BOB);
  await page.getByRole("button", { name: "Send invitation" }).click();
  await page.locator("#field-email-problem").waitFor();
  await page.getByRole("dialog").getByLabel("Email address").fill("dave@example.com");
  await page.getByRole("button", { name: "Send invitation" }).click();
  await page.getByText("on its way to dave@example.com").waitFor();
}

/** Ends bob's sessions, which his open page notices; locks him out, and takes that back. */
async function managesBob(page, open) {
  const his = await open();
  await his.goto(`${server}/#/tasks`);
  await signIn(his, BOB);
  await isShown(his, "Tasks");
  await page.goto(`${server}/#/admin`);
  await page.getByRole("link", { name: BOB }).click();
  await isShown(page, BOB);
  await page.getByRole("button", { name: "End sessions" }).click();
  await answer(page, "End sessions");
  await his.getByText("Your session has ended").waitFor();
  await page.getByRole("button", { name: "Deactivate" }).click();
  await answer(page, "Deactivate");
  await page.getByRole("definition").getByText("Deactivated").waitFor();
  await signIn(his, BOB);
  await his.getByRole("alert").getByText("wrong").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Active", { exact: true }).waitFor();
  await signIn(his, BOB);
  await isShown(his, "Tasks");
  await his.context().close();
}

async function changesQuota(page) {
  await page.getByRole("button", { name: "Change the limit of Tasks" }).click();
  await page.getByRole("spinbutton").fill("7");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("row", { name: /^Tasks/ }).getByText("7", { exact: true }).waitFor();
}

async function readsAuditLog(page) {
  await page.getByRole("link", { name: "Entries about this account" }).click();
  const table = page.getByRole("table");
  await table.getByText("User deactivated").first().waitFor();
  assert.ok((await table.getByRole("cell", { name: CAROL, exact: true }).count()) > 0);
  await page.getByLabel("Action").selectOption("Log in failed");
  await page.getByRole("row").nth(1).getByText("Log in failed").waitFor();
  await table.getByText("User activated").first().waitFor({ state: "detached" });
  assert.match(page.url(), /action=LOG_IN_FAILED/);
  await page.reload();
  await page.getByRole("row").nth(1).getByText("Log in failed").waitFor();
  await page.getByLabel("To", { exact: true }).fill("2001-01-01");
  await page.getByText("No entry matches").waitFor();
}

async function seesSystem(page) {
  await page.goto(`${server}/#/admin/system`);
  await page.getByText("Database", { exact: true }).first().waitFor();
  await page.getByText("answers you").waitFor();
  await page.getByText("alive", { exact: false }).first().waitFor();
  await page.getByText("embedded").waitFor();
}

/** Rights that are lost while the page is open: the server refuses, and the page says why. */
async function losesRights(page) {
  await page.goto(`${server}/#/admin/audit-log`);
  await page.getByRole("row").nth(1).waitFor();
  const token = await logIn(server, "dora@example.com", PASSWORD);
  const { users } = await ask(server, `{ users(filter: { email: "${CAROL}" }) { nodes { id } } }`, {}, token);
  const demote = "mutation ($id: ID!) { updateUser(input: { id: $id, isAdmin: false }) { userErrors { message } } }";
  await ask(server, demote, { id: users.nodes[0].id }, token);
  await page.getByLabel("Action").selectOption("Logged in");
  await page.getByText("Only administrators may do this").waitFor();
  await page.reload();
  await page.getByText("This is for administrators").waitFor();
}

await browse(executable, server, async (page, _, open) => {
  await isForbidden(page);
  await seesUsers(page);
  await invites(page);
  await managesBob(page, open);
  await changesQuota(page);
  await readsAuditLog(page);
  await seesSystem(page);
  await losesRights(page);
});
