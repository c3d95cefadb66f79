import { useEffect } from "preact/hooks";

import { guardPage } from "../address.ts";
import { confirm } from "./dialog.tsx";

/** Asks once before a page is left on which something is not saved. `text` says what becomes of it. */
export function useUnsaved(isChanged: boolean, text: string): void {
  useEffect(() => {
    if (!isChanged) return;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", warn);
    const stop = guardPage(() => confirm({ title: "Leave without saving?", text, action: "Leave", isDestructive: false }));
    return () => {
      removeEventListener("beforeunload", warn);
      stop();
    };
  }, [isChanged, text]);
}
