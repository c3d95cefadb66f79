import type { JSX } from "preact";

import { confirm } from "../ui/dialog.tsx";
import { useSending } from "../ui/form.tsx";
import { showToast } from "../ui/toast.tsx";
import { type PublicLink, REVOKE, ROTATE } from "./documents.ts";

type Props = { link: PublicLink; what: string; done: () => void; renewed?: (url: string) => void };

/** Buttons that give a link a new URL, or revoke it. Both end the present URL, so both ask before. */
export function LinkActions({ link: { id }, what, done, renewed }: Props): JSX.Element {
  const rotation = useSending(ROTATE);
  const revocation = useSending(REVOKE);
  const isBusy = rotation.isBusy || revocation.isBusy;
  const rotate = async (): Promise<void> => {
    const text = `The present URL of this ${what} stops working at once.`;
    if (!(await confirm({ title: "Get a new URL?", text, action: "New URL" }))) return;
    const data = await rotation.send({ id });
    if (data) {
      showToast("It has a new URL.");
      if (data.rotatePublicLink.url) renewed?.(data.rotatePublicLink.url);
    }
    done();
  };
  const revoke = async (): Promise<void> => {
    const text = `The URL of this ${what} stops working at once, and for good.`;
    if (!(await confirm({ title: "Revoke this link?", text, action: "Revoke" }))) return;
    if (await revocation.send({ id })) showToast("The link is revoked.");
    done();
  };
  const problem = rotation.problems.general || revocation.problems.general;
  return (
    <>
      <button type="button" disabled={isBusy} onClick={() => void rotate()}>
        New URL
      </button>
      <button type="button" disabled={isBusy} onClick={() => void revoke()}>
        Revoke
      </button>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
