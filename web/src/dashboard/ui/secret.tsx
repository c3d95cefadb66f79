import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { CheckIcon, CopyIcon } from "./icons.tsx";

const SHOWN_MS = 2_000;

/** A secret that is shown once, with a button that copies it. */
export function SecretOnce({ label, value, close }: { label: string; value: string; close: () => void }): JSX.Element {
  return (
    <div class="secret" role="status">
      <p>{label} Copy it now: it is not shown again.</p>
      <code>{value}</code>
      <div class="buttons">
        <CopyButton value={value} isMain />
        <button type="button" onClick={close}>
          Done
        </button>
      </div>
    </div>
  );
}

type CopyProps = { value: string; label?: string; isMain?: boolean };

/** A button that copies a text, where the browser lets pages do so. */
export function CopyButton({ value, label = "Copy", isMain = false }: CopyProps): JSX.Element | null {
  const [isCopied, setIsCopied] = useState(false);
  if (!("clipboard" in navigator)) return null; // as for pages over plain HTTP from another machine
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(value);
    setIsCopied(true);
    setTimeout(() => setIsCopied(false), SHOWN_MS);
  };
  return (
    <button type="button" class={isMain ? "main" : undefined} onClick={() => void copy()}>
      {isCopied ? <CheckIcon /> : <CopyIcon />} {isCopied ? "Copied" : label}
    </button>
  );
}
