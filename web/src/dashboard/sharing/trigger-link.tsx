import type { JSX } from "preact";

import { SecretOnce } from "../ui/secret.tsx";
import { Time } from "../ui/time.tsx";
import type { InputSpec } from "../workflows/definition.ts";
import type { PublicLink } from "./documents.ts";
import { LinkActions } from "./link-actions.tsx";
import { curlCall } from "./snippets.ts";

/** A trigger URL, of which the server keeps no copy. `renewed` is told its new URL. */
export function TriggerLink({ link, done, renewed }: { link: PublicLink; done: () => void; renewed: (url: string) => void }): JSX.Element {
  const { hint, requestInput, lastUsedAt, createdAt } = link;
  return (
    <>
      <div class="about">
        <p>
          Trigger URL <code>…{hint}</code>
        </p>
        <p class="faint small">
          {lastUsedAt ? (
            <>
              Last used <Time at={lastUsedAt} />
            </>
          ) : (
            <>
              Never used, created <Time at={createdAt} />
            </>
          )}
          {requestInput && (
            <>
              {" "}
              · the request is the input <code>{requestInput}</code>
            </>
          )}
        </p>
      </div>
      <div class="buttons">
        <LinkActions link={link} what="trigger URL" done={done} renewed={renewed} />
      </div>
    </>
  );
}

type NewTriggerUrlProps = { url: string; inputs: readonly InputSpec[]; takesRequest: boolean; close: () => void };

/** A trigger URL as it is told once, with a call of it. */
export function NewTriggerUrl({ url, inputs, takesRequest, close }: NewTriggerUrlProps): JSX.Element {
  return (
    <div class="new-trigger">
      <SecretOnce label="Whoever has this URL can start it." value={url} close={close} />
      <p class="faint small">For example:</p>
      <code class="snippet">{curlCall(url, inputs, takesRequest)}</code>
    </div>
  );
}
