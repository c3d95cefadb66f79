import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import icon from "../../icon.svg";

const SHORT_MS = 400;

/** Stands in place of the dashboard until it is known who is signed in. Nothing is shown if that takes a moment only. */
export function RestoringPage(): JSX.Element {
  const [isLong, setIsLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsLong(true), SHORT_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <main class="sign-in" aria-busy="true">
      {isLong && (
        <p class="restoring" role="status">
          <img src={icon} alt="" width="26" height="26" /> Connecting to the server…
        </p>
      )}
    </main>
  );
}
