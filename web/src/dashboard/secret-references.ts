// References to secrets of the account in texts, such as `${{ secrets.slack }}`. Pure.

const REFERENCE = String.raw`\$\{\{ {0,20}secrets\.[A-Za-z_][A-Za-z0-9_]{0,63} {0,20}\}\}`;
const ANY = new RegExp(`(${REFERENCE})`);
const FIRST = new RegExp(`^${REFERENCE}`);

/** What is said where a secret is in the user or password of basic authentication: the base64 of both is sent. */
export const NOT_IN_BASIC =
  "A secret cannot be a part of user and password, which are encoded together. Store the base64 of user:password as a secret, " +
  "and send the header Authorization with Basic ${{ secrets.name }}.";

/** Returns the reference to a secret. */
export function referenceTo(name: string): string {
  return `\${{ secrets.${name} }}`;
}

/** Returns the reference that a text begins with; null if it begins with none. */
export function leadingReference(text: string): string | null {
  return FIRST.exec(text)?.[0] ?? null;
}

/** Tells whether a text has a reference. */
export function hasReference(text: string): boolean {
  return ANY.test(text);
}

/** Returns a text of which all but the references is changed, such as encoded. */
export function aroundReferences(text: string, change: (part: string) => string): string {
  return text
    .split(ANY)
    .map((part, at) => (at % 2 ? part : change(part)))
    .join("");
}

/** Returns a text without its references. */
export function withoutReferences(text: string): string {
  return text.split(ANY).filter((_, at) => at % 2 === 0).join("");
}
