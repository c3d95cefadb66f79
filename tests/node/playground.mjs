// Uses the playground as a person does. node playground.mjs CHROMIUM SERVER [DIRECTORY for pictures]

import assert from "node:assert/strict";
import { join } from "node:path";

import { ask, browse, createTask, logIn } from "./browser.mjs";
import {
  credentials,
  EMAIL,
  isAnswered,
  isReady,
  isForgotten,
  isRenewed,
  isSignedIn,
  isSignedOut,
  openEvents,
  openExample,
  PASSWORD,
  run,
  sessionCookies,
  showExamples,
  signIn,
  signUp,
  tokensOf,
} from "./graphiql.mjs";

const [executable, server, pictures] = process.argv.slice(2);
const OTHER_PASSWORD = "another horse battery";

async function beginsSignedOut(page) {
  const started = Date.now();
  await page.goto(`${server}/playground`);
  await isReady(page);
  console.log(`ready after ${Date.now() - started} ms`);
  await run(page);
  await isAnswered(page, "UNAUTHENTICATED");
}

async function signsUp(page) {
  await page.getByRole("button", { name: "Sign in" }).click();
  await credentials(page, "Sign in", PASSWORD);
  await page.getByRole("alert").getByText("not right").or(page.getByRole("alert").getByText("wrong")).waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await signUp(page);
  await run(page);
  await isAnswered(page, EMAIL);
}

async function opensExamples(page) {
  await showExamples(page);
  await openExample(page, "Pause a task", "PauseTask");
  await page.locator(".graphiql-query-editor").getByText('# Send "Create a task" first.').waitFor();
  await run(page);
  await isAnswered(page, 'Send the example \\"Create a task\\" first.');
  await openExample(page, "Create a task", "CreateTask");
  await run(page);
  await isAnswered(page, "every 10 seconds");
  if (pictures) await page.screenshot({ path: join(pictures, "playground.png") });
  await openExample(page, "History with attempts", "History");
  await run(page);
  await isAnswered(page, "totalCount"); // the new task's id stood in the variables, or this would be an error
  await page.locator(".graphiql-tab").getByText("PauseTask").click();
  await run(page);
  await isAnswered(page, "PAUSED"); // and stands in those of a tab that was opened before
  await openExample(page, "Resume a task", "ResumeTask");
  await run(page);
  await isAnswered(page, "PENDING");
}

async function subscribes(page) {
  await openEvents(page);
  await run(page);
  await isAnswered(page, "SNAPSHOT");
  await createTask(server, "made elsewhere", await logIn(server, EMAIL, PASSWORD));
  await isAnswered(page, "made elsewhere");
  await page.getByRole("button", { name: "Stop query" }).click();
  await page.getByRole("button", { name: "Execute query" }).waitFor();
}

/** What makes style sheets and pictures while it works, and so could break the policy. */
async function usesTheEditor(page) {
  for (const name of ["Open settings dialog", "Open short keys dialog"]) {
    await page.getByRole("button", { name }).click();
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  await page.getByText("Root Types").waitFor();
  await page.getByRole("button", { name: "New tab" }).click();
  await page.locator(".graphiql-query-editor .CodeMirror").click();
  await page.keyboard.type("query Faulty { viewer { nothing em");
  await page.locator(".CodeMirror-lint-mark-error").first().waitFor();
  await page.locator(".CodeMirror-hints").first().waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".CodeMirror-lint-mark-error").first().hover();
  await page.locator(".CodeMirror-lint-tooltip").first().waitFor();
}

async function comesBack(page) {
  await page.reload();
  await isSignedIn(page);
  await isRenewed(page);
  await page.reload();
  await isSignedIn(page);
  const [{ value, httpOnly, path }, ...others] = await sessionCookies(page);
  assert.deepEqual([httpOnly, path, others], [true, "/session", []]);
  const seen = await page.evaluate(() => JSON.stringify(localStorage) + document.cookie);
  for (const secret of ["oken", "mutation", PASSWORD, value]) assert.ok(!seen.includes(secret), seen);
}

/** All tabs of a browser are signed in. */
async function isShared(page, context) {
  const opened = context.waitForEvent("page");
  await page.evaluate(() => void window.open("/playground"));
  const copy = await opened;
  const other = await context.newPage();
  await other.goto(`${server}/playground`);
  for (const tab of [copy, other]) {
    await isSignedIn(tab);
    await isRenewed(tab);
    await tab.close();
  }
}

async function signsOutAndIn(page) {
  const tokens = tokensOf(page);
  await page.reload();
  await isSignedIn(page);
  const [accessToken] = tokens;
  await page.getByRole("button", { name: "Sign out" }).click();
  await isSignedOut(page);
  await page.waitForFunction(async (token) => {
    const body = JSON.stringify({ query: "{ viewer { email } }" });
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const response = await fetch("/graphql", { method: "POST", headers, body });
    return (await response.text()).includes("TOKEN_INVALID");
  }, accessToken);
  await isForgotten(page);
  await signIn(page);
}

/** A link, as mails have them, opens its request in a tab of its own and sends nothing. */
async function followsLink(page) {
  const query = "query Linked($count: Int!) { viewer { email } tasks(first: $count) { totalCount } }";
  const given = new URLSearchParams({ query, variables: JSON.stringify({ count: 7 }) });
  await page.goto(`${server}/playground?${given}`);
  await page.locator(".graphiql-tab-active").getByText("Linked", { exact: true }).waitFor();
  await page.locator(".graphiql-editor-tool").getByText("7").first().waitFor();
  assert.doesNotMatch(await page.locator(".result-window").innerText(), /\w/);
  await isSignedIn(page);
  await run(page);
  await isAnswered(page, "totalCount");
}

/** A session that ended on the server ends here, and its subscription with it. */
async function isSignedOutElsewhere(page) {
  await showExamples(page);
  await openEvents(page);
  await run(page);
  await isAnswered(page, "SNAPSHOT");
  const query = "mutation ($i: ChangePasswordInput!) { changePassword(input: $i) { userErrors { message } } }";
  const input = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
  await ask(server, query, { i: input }, await logIn(server, EMAIL, PASSWORD));
  await isSignedOut(page);
  await page.getByRole("button", { name: "Execute query" }).waitFor();
  await signIn(page, OTHER_PASSWORD);
}

const seen = await browse(executable, server, async (page, context) => {
  await beginsSignedOut(page);
  await signsUp(page);
  await opensExamples(page);
  await subscribes(page);
  await usesTheEditor(page);
  await comesBack(page);
  await isShared(page, context);
  await signsOutAndIn(page);
  await followsLink(page);
  await isSignedOutElsewhere(page);
});
assert.deepEqual([...new Set(seen.sockets)], [`${server.replace("http", "ws")}/graphql`]);
console.log(`${seen.requests.length} requests, none to another server`);
