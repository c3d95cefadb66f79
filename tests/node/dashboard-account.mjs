// The account in the dashboard: its session and its settings. node dashboard-account.mjs CHROMIUM SERVER SCENARIO …

import assert from "node:assert/strict";

import { ask, browse, logIn } from "./browser.mjs";
import { answer, isShown, isSignedOut, PASSWORD, signIn } from "./dashboard-session.mjs";
import { isForgotten, sessionCookies, tokensOf } from "./graphiql.mjs";

const [executable, server, scenario, ...given] = process.argv.slice(2);
const EMAIL = "alice@example.com";
const OTHER_PASSWORD = "another horse battery";

async function begin(page, path = "/account") {
  await page.goto(`${server}/#${path}`);
  await signIn(page, EMAIL);
}

/** Counts how often the sign-in form was drawn since the document was loaded. */
async function watchForm(context) {
  await context.addInitScript(() => {
    window.formsSeen = 0;
    new MutationObserver(() => {
      if (document.querySelector("input[type=password][autocomplete=current-password]") && !document.querySelector(".shell")) window.formsSeen += 1;
    }).observe(document, { childList: true, subtree: true });
  });
}

/** A reload keeps the page and the account, shows no form, and leaves no secret where scripts could read it. */
async function reloads(page, context) {
  await watchForm(context);
  await begin(page, "/tasks?status=FAILED");
  await isShown(page, "Tasks");
  const address = page.url();
  for (let time = 0; time < 3; time += 1) {
    await page.reload();
    await isShown(page, "Tasks");
    assert.equal(await page.evaluate(() => window.formsSeen), 0);
  }
  assert.equal(page.url(), address);
  const [{ value, httpOnly, sameSite, path }, ...others] = await sessionCookies(page);
  assert.deepEqual([httpOnly, sameSite, path, others], [true, "Strict", "/session", []]);
  const seen = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]) + document.cookie);
  for (const secret of [value, "eyJ", PASSWORD, EMAIL]) assert.ok(!seen.includes(secret), seen);
}

/** Tabs share the session: signing out in one signs out all, signing in as another changes all. */
async function sharesTabs(page, context) {
  await begin(page);
  await isShown(page, "Account");
  const other = await context.newPage();
  await other.goto(`${server}/#/tasks`);
  await isShown(other, "Tasks");
  await Promise.all([page.reload(), other.reload()]); // both renew at once
  await Promise.all([isShown(page, "Account"), isShown(other, "Tasks")]);
  await other.getByRole("button", { name: "Sign out" }).click();
  await Promise.all([isSignedOut(page), isSignedOut(other)]);
  await page.waitForFunction(() => Object.keys(localStorage).length === 0); // the server knows
  await isForgotten(page);
  await signIn(other, "bob@example.com");
  await isShown(other, "Tasks");
  await page.locator(".sidebar").getByText("bob@example.com").waitFor();
  await isShown(page, "Account");
}

/** A session that was ended elsewhere leads to the form, and back to the page with what was typed. */
async function isRevoked(page) {
  await begin(page, "/account/tokens");
  await page.getByLabel("Name").fill("half written");
  const token = await logIn(server, EMAIL, PASSWORD);
  const { sessions } = await ask(server, "{ sessions { id isCurrent } }", {}, token);
  const revoke = "mutation ($id: ID!) { revokeSession(input: { id: $id }) { userErrors { message } } }";
  for (const { id } of sessions.filter(({ isCurrent }) => !isCurrent)) await ask(server, revoke, { id }, token);
  await page.getByText("Your session has ended").waitFor();
  assert.equal(await page.getByLabel("Email address").inputValue(), EMAIL);
  assert.equal(await page.locator(".shell").isVisible(), false);
  await signIn(page, EMAIL);
  await isShown(page, "Account");
  assert.equal(await page.getByLabel("Name").inputValue(), "half written");
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("It is not shown again", { exact: false }).or(page.getByText("not shown again")).first().waitFor();
}

/** Another user who signs in there gets a page of their own. */
async function isTakenOver(page) {
  await begin(page, "/account/tokens");
  await page.getByLabel("Name").fill("half written");
  const change = "mutation ($i: ChangePasswordInput!) { changePassword(input: $i) { userErrors { message } } }";
  const input = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
  await ask(server, change, { i: input }, await logIn(server, EMAIL, PASSWORD));
  await page.getByText("Your session has ended").waitFor();
  await signIn(page, EMAIL);
  await page.getByRole("alert").getByText("wrong").waitFor();
  await signIn(page, "bob@example.com");
  await page.locator(".sidebar").getByText("bob@example.com").waitFor();
  assert.equal(await page.getByLabel("Name").inputValue(), "");
}

/** Access tokens are good for a minute here: requests and the socket go on with others. */
async function outlivesItsTokens(page) {
  const tokens = tokensOf(page);
  await begin(page, "/tasks");
  await page.getByText("There are no tasks yet").waitFor();
  const closed = page.waitForEvent("websocket", { timeout: 120_000 });
  await closed;
  const create = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { userErrors { message } } }";
  const task = { name: "made later", job: { http: { url: `${server}/live` } }, schedule: { every: { interval: "PT1H" } } };
  await ask(server, create, { i: task }, await logIn(server, EMAIL, PASSWORD));
  await page.getByRole("link", { name: "made later" }).waitFor();
  assert.ok(new Set(tokens).size > 1);
}

async function asksForReset(page) {
  await page.goto(`${server}/`);
  await page.getByLabel("Email address").fill(EMAIL);
  await page.getByRole("button", { name: "Forgot your password?" }).click();
  assert.equal(await page.getByLabel("Email address").inputValue(), EMAIL);
  await page.getByRole("button", { name: "Send reset link" }).click();
  await page.getByRole("status").getByText(EMAIL).waitFor();
}

/** The page of the mailed link signs in, and leads to the dashboard. */
async function followsReset(page, link) {
  await page.goto(link);
  await page.getByRole("textbox", { name: /^Password/ }).fill(OTHER_PASSWORD);
  await page.getByLabel("Repeat password").fill(OTHER_PASSWORD);
  await page.getByRole("button", { name: "Set password" }).click();
  await page.getByText("You are signed in as").waitFor();
  await page.getByRole("link", { name: "Open the dashboard" }).click();
  await isShown(page, "Overview");
}

async function changesSettings(page) {
  await begin(page);
  await isShown(page, "Account");
  await page.getByLabel("Of quiet hours and digests").fill("Europe/Berlin");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("status").getByText("Europe/Berlin").waitFor();
  await page.getByLabel("Of quiet hours and digests").fill("Europe/Nowhere");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#field-timeZone-problem").waitFor();
}

async function managesTokens(page) {
  await page.goto(`${server}/#/account/tokens`);
  await page.getByLabel("Name").fill("backup script");
  await page.getByLabel("Expires after").selectOption("a year");
  await page.getByLabel(/^Write/).uncheck();
  await page.getByRole("button", { name: "Create token" }).click();
  const token = await page.locator(".secret code").innerText();
  const query = "{ viewer { email } apiTokens { name scopes expiresAt } }";
  const { viewer, apiTokens } = await ask(server, query, {}, token);
  assert.deepEqual([viewer.email, apiTokens[0].scopes], [EMAIL, ["READ"]]);
  assert.ok(Date.parse(apiTokens[0].expiresAt) > Date.now() + 360 * 86_400_000);
  await page.getByRole("button", { name: "Done" }).click();
  await page.reload();
  await page.getByRole("cell", { name: "backup script" }).waitFor();
  assert.ok(!(await page.content()).includes(token), "it is shown once");
  await page.getByRole("row", { name: /backup script/ }).getByRole("button", { name: "Revoke" }).click();
  await answer(page, "Revoke");
  await page.getByText("You have no API tokens").waitFor();
}

async function managesSessions(page) {
  await logIn(server, EMAIL, PASSWORD);
  await logIn(server, EMAIL, PASSWORD);
  await page.goto(`${server}/#/account/security`);
  await page.getByText("this one").waitFor();
  await page.getByRole("button", { name: "End", exact: true }).first().click();
  await answer(page, "End session");
  await page.getByRole("button", { name: "End all others" }).click();
  await answer(page, "End them");
  await page.getByRole("button", { name: "End", exact: true }).first().waitFor({ state: "detached" });
  await page.getByLabel("Current password").fill("a guess of someone");
  await page.getByLabel("New password").fill(OTHER_PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.locator("#field-currentPassword-problem").waitFor();
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Your password is changed").waitFor();
  await logIn(server, EMAIL, OTHER_PASSWORD);
}

/** Adds a channel with a form of its kind, tries it, and sees what happened. `given` is the URL of a server that accepts. */
async function managesChannels(page) {
  await page.goto(`${server}/#/notifications/channels`);
  await page.getByRole("button", { name: "Add a channel" }).click();
  await page.getByRole("button", { name: /^Telegram/ }).click();
  await page.getByLabel("Token of the bot").fill("not a token");
  await page.getByLabel("Chat").fill("@somewhere");
  await page.getByRole("button", { name: "Add channel" }).click();
  await page.locator("#field-channel-telegram-token-problem").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: /^Webhook/ }).click();
  await page.getByLabel("Name").fill("our program");
  await page.getByLabel("URL").fill(given[0]);
  await page.getByRole("button", { name: "Add channel", exact: true }).click();
  await page.getByText("The key that signs the calls").waitFor();
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByText("Nothing delivered yet").waitFor();
  await page.getByRole("button", { name: "Send a test" }).click();
  await page.getByRole("status").getByText("The test was accepted").waitFor();
  await page.getByText("✓ Works").waitFor();
  await page.getByRole("button", { name: "Send a test" }).click(); // the server refuses it this time
  await page.getByRole("status").getByText("500").waitFor();
  await page.getByRole("button", { name: "Turn off" }).click();
  await page.getByText("‖ Off").waitFor();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("the old program");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("heading", { name: /the old program/ }).waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await answer(page, "Delete");
  await page.getByText("You are notified by mail only").waitFor();
}

async function choosesPreferences(page) {
  await page.goto(`${server}/#/notifications/preferences`);
  await page.getByLabel(/^Recovered/).uncheck();
  await page.getByLabel("Failures of tasks").selectOption("every attempt");
  await page.getByLabel("Reminders of incidents that last").selectOption("every day");
  await page.getByLabel("Mails come as").selectOption("one mail a day");
  await page.getByLabel("At", { exact: true }).selectOption("09:00");
  await page.getByLabel(/^Quiet hours/).check();
  await page.getByRole("button", { name: "Sat" }).click();
  await page.getByRole("button", { name: "Save preferences" }).click();
  await page.getByText("Your preferences are saved").waitFor();
  const query = "{ notificationPreferences { mailKinds failures reminderEvery digest { frequency hour } quietHours { from days } } }";
  const { notificationPreferences: stored } = await ask(server, query, {}, await logIn(server, EMAIL, PASSWORD));
  assert.ok(!stored.mailKinds.includes("RECOVERED") && stored.mailKinds.includes("FAILED_FOR_GOOD"));
  assert.deepEqual([stored.failures, stored.reminderEvery], ["EVERY_ATTEMPT", "P1D"]);
  assert.deepEqual(stored.digest, { frequency: "DAILY", hour: 9 });
  assert.deepEqual([stored.quietHours.from, stored.quietHours.days.length], ["22:00", 6]);
}

async function choosesRules(page) {
  const create = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { userErrors { message } } }";
  const task = { name: "nightly backup", job: { http: { url: `${server}/live` } }, schedule: { every: { interval: "PT1H" } } };
  await ask(server, create, { i: task }, await logIn(server, EMAIL, PASSWORD));
  await page.goto(`${server}/#/notifications/rules`);
  await page.getByRole("button", { name: "Add a rule" }).click();
  await page.getByRole("searchbox").fill("backup");
  await page.getByRole("button", { name: "nightly backup" }).click();
  await page.getByLabel(/^Mute/).check();
  await page.getByRole("button", { name: "Save rule" }).click();
  await page.getByText("Nothing: it is muted").waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await answer(page, "Delete");
  await page.getByText("Your preferences apply to all").waitFor();
}

/** The bell counts what is not acknowledged, and all of it can be at once. */
async function acknowledges(page) {
  await page.goto(`${server}/#/notifications`);
  await page.getByRole("heading", { name: /API token "rung"/ }).waitFor();
  const bell = page.getByRole("link", { name: /^Notifications .*not acknowledged/ });
  await bell.waitFor();
  await page.getByText("Deliveries").first().click();
  await page.locator(".deliveries").getByText("Mail").first().waitFor();
  await page.getByRole("button", { name: "Acknowledge all" }).click();
  await page.getByText("Nothing is waiting for you").waitFor();
  await bell.waitFor({ state: "detached" });
}

async function managesNotifications(page) {
  await begin(page, "/notifications/channels");
  await managesChannels(page);
  await choosesPreferences(page);
  await choosesRules(page);
  const create = 'mutation { createApiToken(input: { name: "rung", scopes: [READ] }) { userErrors { message } } }';
  await ask(server, create, {}, await logIn(server, EMAIL, PASSWORD));
  await acknowledges(page);
}

/** A notification that a server no longer took is sent again when it does. `given` is the URL of that server. */
async function retriesDelivery(page) {
  const token = await logIn(server, EMAIL, PASSWORD);
  const channel = { name: "our program", channel: { webhook: { url: given[0] } } };
  const create = "mutation ($i: CreateNotificationChannelInput!) { createNotificationChannel(input: $i) { userErrors { message } } }";
  await ask(server, create, { i: channel }, token);
  await ask(server, 'mutation { createApiToken(input: { name: "rung", scopes: [READ] }) { userErrors { message } } }', {}, token);
  await begin(page, "/notifications/channels");
  await page.getByText("✕ Disabled by Tocsin").waitFor();
  await page.getByText("Last deliveries").click();
  const deliveries = page.locator(".deliveries");
  await deliveries.getByText("failed", { exact: true }).waitFor();
  const retry = deliveries.getByRole("button", { name: /^Retry: .*rung/ });
  await retry.click();
  await deliveries.getByRole("alert").getByText("Enable it first").waitFor();
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.getByText("Nothing delivered yet").waitFor();
  await retry.click();
  await deliveries.getByText("delivered", { exact: true }).waitFor();
  await page.getByText("✓ Works").waitFor();
  assert.equal(await retry.count(), 0);
}

async function managesAccount(page) {
  await changesSettings(page);
  await managesTokens(page);
  await managesSessions(page);
}

const SCENARIOS = {
  reload: reloads,
  tabs: sharesTabs,
  revoked: isRevoked,
  other: isTakenOver,
  expiry: outlivesItsTokens,
  "ask-reset": asksForReset,
  reset: (page) => followsReset(page, given[0]),
  settings: managesAccount,
  notifications: managesNotifications,
  retry: retriesDelivery,
};
await browse(executable, server, SCENARIOS[scenario]);
