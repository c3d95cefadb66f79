import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql } from "../graphql.ts";
import { useSending } from "../ui/form.tsx";

const TEST = graphql(`
  mutation TestNotificationChannel($id: ID!) {
    testNotificationChannel(input: { id: $id }) {
      delivered
      error
      userErrors {
        message
      }
    }
  }
`);
type Result = { delivered: boolean; error: string | null };
type Props = { id: string; done: () => void; children: ComponentChildren };

/** The buttons of a channel, the first of which sends a notification to try it, with the result below. */
export function ChannelTest({ id, done, children }: Props): JSX.Element {
  const { send, isBusy, problems } = useSending(TEST);
  const [result, setResult] = useState<Result | null>(null);
  const test = async (): Promise<void> => {
    setResult(null);
    const data = await send({ id });
    setResult(data && data.testNotificationChannel);
    done();
  };
  const problem = problems.general || (result && !result.delivered ? (result.error ?? "It was not delivered.") : "");
  return (
    <>
      <div class="buttons">
        <button type="button" disabled={isBusy} onClick={() => void test()}>
          {isBusy ? "Sending…" : "Send a test"}
        </button>
        {children}
      </div>
      <p role="status" class={problem ? "bad-text" : "good-text"}>
        {problem && `✕ ${problem}`}
        {!problem && result?.delivered && "✓ The test was accepted. Look whether it has arrived."}
      </p>
    </>
  );
}
