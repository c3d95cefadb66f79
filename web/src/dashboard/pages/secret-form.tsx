import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { finishDeletions } from "../deletions.ts";
import { graphql } from "../graphql.ts";
import { Field, Form, type Problems, useSending } from "../ui/form.tsx";
import { showToast } from "../ui/toast.tsx";

const SET = graphql(`
  mutation SetSecret($name: String!, $value: String, $allowedHosts: [String!]) {
    setSecret(input: { name: $name, value: $value, allowedHosts: $allowedHosts }) {
      secret {
        name
      }
      userErrors {
        field
        message
      }
    }
  }
`);
type Props = { secret?: { name: string; allowedHosts: readonly string[] }; saved: () => void; cancel?: () => void };

/** Creates a secret, or changes one: an empty value keeps the stored one. */
export function SecretForm({ secret, saved, cancel }: Props): JSX.Element {
  const [name, setName] = useState(secret?.name ?? "");
  const [value, setValue] = useState("");
  const [hosts, setHosts] = useState(secret?.allowedHosts.join("\n") ?? "");
  const { send, isBusy, problems } = useSending(SET);
  const prefix = secret ? `${secret.name}.` : "";
  const submit = async (): Promise<void> => {
    await finishDeletions(); // one of them may have this name
    const allowedHosts = hosts.split(/[\s,]+/).filter(Boolean);
    const data = await send({ name, value: value === "" ? null : value, allowedHosts });
    if (!data?.setSecret.secret) return;
    showToast(`${data.setSecret.secret.name} is saved.`);
    if (!secret) {
      setName("");
      setHosts("");
    }
    setValue("");
    saved();
  };
  return (
    <Form problems={place(problems, prefix)} submit={submit} class={secret ? "form" : "form panel"}>
      {secret && <h3 class="mono">{secret.name}</h3>}
      <div class={secret ? undefined : "row"}>
        {!secret && (
          <Field name="name" label="Name" hint="Letters, digits and underscores. Case is ignored">
            {(control) => (
              <input
                {...control}
                class="mono"
                required
                maxlength={64}
                autocomplete="off"
                spellcheck={false}
                value={name}
                onInput={(event) => setName(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        <Field
          name={`${prefix}value`}
          label={secret ? "New value" : "Value"}
          hint={secret ? "Empty keeps the stored one, unless a host is new" : "Such as a token, or the whole address of a webhook"}
        >
          {(control) => (
            <textarea
              {...control}
              class="mono concealed"
              rows={1}
              required={!secret}
              autocomplete="off"
              spellcheck={false}
              value={value}
              onInput={(event) => setValue(event.currentTarget.value)}
            />
          )}
        </Field>
      </div>
      <Field name={`${prefix}allowedHosts`} label="Allowed hosts" hint="One a line, such as hooks.slack.com, or *.example.com for all names below it">
        {(control) => (
          <textarea
            {...control}
            class="mono"
            rows={Math.max(2, hosts.split("\n").length)}
            required
            spellcheck={false}
            value={hosts}
            onInput={(event) => setHosts(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="buttons">
        {cancel && (
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        )}
        <button class="main" disabled={isBusy}>
          {secret ? "Save" : "Create secret"}
        </button>
      </div>
    </Form>
  );
}

/** Gives the problems the names of this form's fields, and those of one host to all of them. */
function place({ fields, general }: Problems, prefix: string): Problems {
  const placed = new Map<string, string>();
  for (const [path, message] of fields) {
    const name = `${prefix}${path.replace(/^(allowedHosts)\.\d+$/, "$1")}`;
    placed.set(name, [placed.get(name), message].filter(Boolean).join(" "));
  }
  return { fields: placed, general };
}
