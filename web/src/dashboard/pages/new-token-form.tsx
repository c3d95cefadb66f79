import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { session } from "../client.ts";
import { graphql, type VariablesOf } from "../graphql.ts";
import { Field, Form, useSending } from "../ui/form.tsx";

const DAY_MS = 86_400_000;
const CREATE = graphql(`
  mutation CreateApiToken($name: String!, $scopes: [Scope!]!, $expiresAt: DateTime) {
    createApiToken(input: { name: $name, scopes: $scopes, expiresAt: $expiresAt }) {
      token
      userErrors {
        field
        message
      }
    }
  }
`);
type Scope = VariablesOf<typeof CREATE>["scopes"][number];
const SCOPES: { scope: Scope; name: string; text: string }[] = [
  { scope: "READ", name: "Read", text: "queries and subscriptions" },
  { scope: "WRITE", name: "Write", text: "create, change and run things" },
  { scope: "ADMIN", name: "Administer", text: "users, queues and the audit log, with read or write" },
];
const LIFETIMES = [
  { days: 7, name: "7 days" },
  { days: 30, name: "30 days" },
  { days: 90, name: "90 days" },
  { days: 365, name: "a year" },
  { days: 0, name: "never" },
];
const BLANK = { name: "", scopes: ["READ", "WRITE"] as Scope[], days: 90 };

/** Creates an API token, whose text the server tells once. */
export function NewTokenForm({ created }: { created: (token: string) => void }): JSX.Element {
  const [fields, setFields] = useState(BLANK);
  const { send, isBusy, problems } = useSending(CREATE);
  const offered = SCOPES.filter(({ scope }) => scope !== "ADMIN" || session.current()?.user.isAdmin);
  const submit = async (): Promise<void> => {
    const { name, scopes, days } = fields;
    const data = await send({ name, scopes, expiresAt: days ? new Date(Date.now() + days * DAY_MS).toISOString() : null });
    if (!data?.createApiToken.token) return;
    setFields(BLANK);
    created(data.createApiToken.token);
  };
  const toggle = (scope: Scope): void => {
    const { scopes } = fields;
    setFields({ ...fields, scopes: scopes.includes(scope) ? scopes.filter((each) => each !== scope) : [...scopes, scope] });
  };
  return (
    <Form problems={problems} submit={submit} class="form panel">
      <div class="row">
        <Field name="name" label="Name" hint="What uses it, such as the backup script">
          {(control) => (
            <input
              {...control}
              required
              maxlength={100}
              autocomplete="off"
              value={fields.name}
              onInput={(event) => setFields({ ...fields, name: event.currentTarget.value })}
            />
          )}
        </Field>
        <Field name="expiresAt" label="Expires after">
          {(control) => (
            <select {...control} value={fields.days} onChange={(event) => setFields({ ...fields, days: Number(event.currentTarget.value) })}>
              {LIFETIMES.map(({ days, name }) => (
                <option key={days} value={days}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <Field name="scopes" label="It may">
        {(control) => (
          <div class="choices" id={control.id} role="group" aria-label="Scopes" aria-describedby={control["aria-describedby"]}>
            {offered.map(({ scope, name, text }) => (
              <label key={scope} class="check">
                <input type="checkbox" checked={fields.scopes.includes(scope)} onChange={() => toggle(scope)} />
                <span>
                  {name} <span class="faint">{text}</span>
                </span>
              </label>
            ))}
          </div>
        )}
      </Field>
      <div class="buttons">
        <button class="main" disabled={isBusy}>
          Create token
        </button>
      </div>
    </Form>
  );
}
