import type { JSX } from "preact";

import { useAction } from "../actions.ts";
import { graphql, type FragmentOf } from "../graphql.ts";
import { Time } from "../ui/time.tsx";

export const ACKNOWLEDGEABLE = graphql(`
  fragment Acknowledgeable on Incident {
    id
    acknowledgedAt
  }
`);
const ACKNOWLEDGE = graphql(`mutation AcknowledgeIncident($id: ID!) { acknowledgeIncident(input: { id: $id }) { userErrors { message } } }`);
type Props = { incident: FragmentOf<typeof ACKNOWLEDGEABLE>; done: () => void };

/** Says that somebody looks after an open incident, which ends its reminders. */
export function AcknowledgeIncident({ incident: { id, acknowledgedAt }, done }: Props): JSX.Element {
  const { run, isBusy, problem } = useAction(ACKNOWLEDGE, { id });
  if (acknowledgedAt) {
    return (
      <span class="faint nowrap">
        acknowledged <Time at={acknowledgedAt} />
      </span>
    );
  }
  return (
    <>
      <span class="problem" role="alert">
        {problem}
      </span>
      <button type="button" disabled={isBusy} title="Ends the reminders. You are still told when it is over." onClick={() => void run().then(done)}>
        Acknowledge
      </button>
    </>
  );
}
