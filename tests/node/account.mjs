// The page that mailed links lead to. node account.mjs CHROMIUM SERVER ask EMAIL | choose LINK EMAIL |
// confirm LINK EMAIL PASSWORD

import assert from "node:assert/strict";

import { browse } from "./browser.mjs";
import { isRenewed, sessionCookies } from "./graphiql.mjs";

const [executable, server, scenario, ...given] = process.argv.slice(2);
const PASSWORD = "a new horse battery";

/** The field of the form that is shown. */
function passwordOf(page) {
  return page.getByRole("textbox", { name: /^Password/ });
}

async function asksForMail(page, email) {
  await page.goto(`${server}/account`);
  await page.getByLabel("Email address").fill(email);
  await page.getByRole("button", { name: "Send reset link" }).click();
  await page.getByRole("status").getByText(email).waitFor();
}

async function choosesAPassword(page, link, email) {
  await page.goto(link);
  const submit = page.getByRole("button", { name: "Set password" });
  const again = page.getByLabel("Repeat password");
  assert.equal(page.url(), `${server}/account`, "the token left the address bar");
  for (const [first, second, problem] of [[PASSWORD, "something else", "do not match"], ["short", "short", "10 to 128"]]) {
    await passwordOf(page).fill(first);
    await again.fill(second);
    await submit.click();
    await page.getByRole("alert").getByText(problem).waitFor();
  }
  await passwordOf(page).fill(PASSWORD);
  await again.fill(PASSWORD);
  await submit.click();
  await page.getByRole("status").getByText(`signed in as ${email}`).waitFor();
  assert.equal((await sessionCookies(page)).length, 1);
  await page.getByRole("link", { name: "Open the playground" }).click();
  await page.locator(".who").getByText(email).waitFor();
  await isRenewed(page);
}

async function confirmsAnAddress(page, link, email, password) {
  await page.goto(link);
  const submit = page.getByRole("button", { name: "Confirm address" });
  assert.equal(page.url(), `${server}/account`, "the token left the address bar");
  await passwordOf(page).fill("a stranger's guess");
  await submit.click();
  await page.getByRole("alert").getByText("not the password").waitFor();
  await passwordOf(page).fill(password);
  await submit.click();
  await page.getByRole("status").getByText(`${email} is confirmed`).waitFor();
  assert.equal((await sessionCookies(page)).length, 1);
  await page.getByRole("link", { name: "Open the playground" }).click();
  await page.locator(".who").getByText(email).waitFor();
}

/** The link works once. */
async function isRefused(page, link) {
  await page.goto("about:blank");
  await page.goto(link);
  await passwordOf(page).fill(PASSWORD);
  await page.getByLabel("Repeat password").fill(PASSWORD);
  await page.getByRole("button", { name: "Set password" }).click();
  await page.getByRole("alert").getByText(/link/i).waitFor();
}

await browse(executable, server, async (page) => {
  if (scenario === "ask") await asksForMail(page, given[0]);
  else if (scenario === "confirm") await confirmsAnAddress(page, ...given);
  else {
    await choosesAPassword(page, given[0], given[1]);
    await isRefused(page, given[0]);
  }
});
