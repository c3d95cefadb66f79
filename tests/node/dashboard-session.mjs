// What the tests of the dashboard share about its session.

export const PASSWORD = "correct horse battery";

/** Fills in the form that is shown for signing in, and sends it. */
export async function signIn(page, email, { password = PASSWORD, label = "Sign in" } = {}) {
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: label, exact: true }).click();
}

/** Waits until a page of the dashboard is shown. */
export async function isShown(page, title) {
  await page.getByRole("heading", { name: title, level: 1 }).waitFor();
}

/** Waits until the page asks to sign in. */
export async function isSignedOut(page) {
  await page.getByRole("heading", { name: "Sign in", level: 2 }).waitFor();
}

/** Answers the question of the dialog that is shown. */
export async function answer(page, action) {
  await page.getByRole("dialog").getByRole("button", { name: action, exact: true }).click();
}
