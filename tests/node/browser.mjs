// Chromium without a head, for the tests of the pages: a page that is watched, and what was seen.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Runs `act(page, context, open)` in a new browser, then fails if a page complained, broke its policy or left its server.
 * `open` returns a page of another person: one of the same context would hide the first, whose clicks then take seconds.
 * Complaints that match `tolerated` are expected. */
export async function browse(executable, server, act, { tolerated = /^$/ } = {}) {
  const browser = await chromium.launch({ executablePath: executable, args: ARGUMENTS });
  try {
    const seen = { requests: [], sockets: [], wrong: [] };
    const open = async () => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      context.setDefaultTimeout(20_000);
      await watch(context, server, seen);
      return context.newPage();
    };
    const page = await open();
    try {
      await act(page, page.context(), open);
    } catch (error) {
      console.error(`${page.url()}: ${await page.locator("body").innerText()}`, seen.wrong);
      throw error;
    }
    assert.deepEqual(seen.wrong.filter((each) => !tolerated.test(each)), []);
    return seen;
  } finally {
    await browser.close();
  }
}

/** Adds what pages of this context ask for to `seen`, and what is wrong with it. */
async function watch(context, server, seen) {
  const visit = (url) => {
    const { protocol, host } = new URL(url);
    if (protocol !== "data:" && host !== new URL(server).host) seen.wrong.push(`asked another server: ${url}`);
  };
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy broken: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`),
    );
  });
  context.on("request", (request) => {
    seen.requests.push(request.url());
    visit(request.url());
  });
  context.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText;
    // the page was left meanwhile
    if (reason !== "net::ERR_ABORTED") seen.wrong.push(`failed: ${request.url()} ${reason}`);
  });
  context.on("weberror", (error) => seen.wrong.push(`threw: ${error.error().message}`));
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) seen.wrong.push(`${message.type()}: ${message.text()}`);
  });
  context.on("page", (page) =>
    page.on("websocket", (socket) => {
      seen.sockets.push(socket.url());
      visit(socket.url());
    }),
  );
}

/** The data of a GraphQL operation sent by this program itself. */
export async function ask(server, query, variables, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(`${server}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  const faults = Object.values(data).flatMap((field) => field.userErrors ?? []);
  assert.deepEqual(faults, []);
  return data;
}

/** Another access token of this user's. */
export async function logIn(server, email, password) {
  const query = "mutation ($i: LogInInput!) { logIn(input: $i) { session { accessToken } userErrors { message } } }";
  return (await ask(server, query, { i: { email, password } })).logIn.session.accessToken;
}

/** Makes a task that is due in an hour. */
export async function createTask(server, name, token) {
  const query = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { userErrors { message } } }";
  const input = { name, job: { http: { url: `${server}/live` } }, schedule: { every: { interval: "PT1H" } } };
  await ask(server, query, { i: input }, token);
}
