import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql, type FragmentOf, type VariablesOf } from "../graphql.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field, Form, useSending } from "../ui/form.tsx";
import { showToast } from "../ui/toast.tsx";
import { DEFAULT_KINDS, type Kind, KindChoice } from "./notification-kinds.tsx";
import { Choice } from "./quiet-hours-fields.tsx";

export const RULE = graphql(`
  fragment Rule on NotificationRule {
    subjectId
    isMuted
    isMailed
    kinds
    failures
    channelIds
    task {
      id
      name
    }
    workflow {
      id
      name
    }
  }
`);
export const UPDATE_RULE = graphql(`
  mutation UpdateNotificationRule($input: UpdateNotificationRuleInput!) {
    updateNotificationRule(input: $input) {
      userErrors {
        field
        message
      }
    }
  }
`);
export type Subject = { id: string; name: string };
type Rule = FragmentOf<typeof RULE>;
type Fields = Pick<Rule, "isMuted" | "isMailed" | "kinds" | "failures" | "channelIds">;
type Props = { subject: Subject; rule: Rule | null; channels: readonly { id: string; name: string }[]; close: () => void };
const BLANK: Fields = { isMuted: false, isMailed: true, kinds: null, failures: null, channelIds: null };

/** Returns the input that saves a rule with these settings. */
export function toRuleInput(subjectId: string, { isMuted, isMailed, kinds, failures, channelIds }: Fields): VariablesOf<typeof UPDATE_RULE>["input"] {
  return { subjectId, isMuted, isMailed, failures, kinds: kinds && [...kinds], channelIds: channelIds && [...channelIds] };
}

/** Edits what is told of one task or workflow. */
export function RuleDialog({ subject, rule, channels, close }: Props): JSX.Element {
  const [fields, setFields] = useState<Fields>(rule ?? BLANK);
  const { send, isBusy, problems } = useSending(UPDATE_RULE);
  const set = (changes: Partial<Fields>): void => setFields({ ...fields, ...changes });
  const submit = async (): Promise<void> => {
    if (!(await send({ input: toRuleInput(subject.id, fields) }))) return;
    showToast(`The rule of ${subject.name} is saved.`);
    close();
  };
  return (
    <Dialog title={subject.name} close={close}>
      <Form problems={problems} submit={submit}>
        <label class="check">
          <input type="checkbox" checked={fields.isMuted} onChange={() => set({ isMuted: !fields.isMuted })} />
          <span>
            Mute <span class="faint">it is still listed in the inbox</span>
          </span>
        </label>
        {!fields.isMuted && <Details fields={fields} set={set} channels={channels} />}
        <div class="buttons">
          <button class="main" disabled={isBusy}>
            Save rule
          </button>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
      </Form>
    </Dialog>
  );
}

type DetailsProps = { fields: Fields; set: (changes: Partial<Fields>) => void; channels: Props["channels"] };

function Details({ fields, set, channels }: DetailsProps): JSX.Element {
  const { isMailed, kinds, failures, channelIds } = fields;
  return (
    <>
      <label class="check">
        <input type="checkbox" checked={isMailed} onChange={() => set({ isMailed: !isMailed })} />
        Mail me
      </label>
      <Field name="failures" label="Failures (of tasks)">
        {(control) => (
          <select {...control} value={failures ?? ""} onChange={(event) => set({ failures: (event.currentTarget.value || null) as Fields["failures"] })}>
            <option value="">as in your preferences</option>
            <option value="FIRST_AND_LAST">the first and the last</option>
            <option value="EVERY_ATTEMPT">every attempt</option>
          </select>
        )}
      </Field>
      <label class="check">
        <input type="checkbox" checked={kinds === null} onChange={() => set({ kinds: kinds === null ? [...DEFAULT_KINDS] : null })} />
        All kinds of notifications
      </label>
      {kinds !== null && <KindChoice label="Kinds of notifications" chosen={kinds} change={(chosen: Kind[]) => set({ kinds: chosen })} />}
      {channels.length > 0 && (
        <label class="check">
          <input type="checkbox" checked={channelIds === null} onChange={() => set({ channelIds: channelIds === null ? [] : null })} />
          All channels
        </label>
      )}
      {channelIds !== null && (
        <Choice
          name="channelIds"
          label="Only these channels"
          items={channels.map(({ id, name }) => ({ value: id, name }))}
          chosen={channelIds}
          change={(chosen) => set({ channelIds: chosen })}
        />
      )}
    </>
  );
}
