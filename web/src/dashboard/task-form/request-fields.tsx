import type { JSX } from "preact";

import { useSecretNames } from "../secret-names.ts";
import { referenceTo } from "../secret-references.ts";
import { Field, type Problems } from "../ui/form.tsx";
import { Check, Json, Line, Segments, Text } from "./controls.tsx";
import type { BodyKind, Change, HttpForm, TaskForm } from "./model.ts";
import { Rows } from "./rows.tsx";
import { readQuery, withQuery } from "./url-query.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const SECRET_LIST = "secret-references";
const ALWAYS_SECRET = ["authorization", "cookie", "x-api-key"];
type Props = { form: TaskForm; change: Change; problems: Problems };
type PartProps = { http: HttpForm; set: (changes: Partial<HttpForm>) => void; problems: Problems };

/** The editor of an HTTP request. */
export function RequestFields({ form: { http }, change, problems }: Props): JSX.Element {
  const set = (changes: Partial<HttpForm>): void => change({ http: { ...http, ...changes } });
  const part = { http, set, problems };
  return (
    <>
      <Address {...part} />
      <Query {...part} />
      <Headers {...part} />
      <Authentication {...part} />
      <Body {...part} />
      <Callback {...part} />
      <SecretList />
    </>
  );
}

/** What fields offer that can have a secret: the whole value is a reference. */
function SecretList(): JSX.Element {
  return (
    <datalist id={SECRET_LIST}>
      {useSecretNames().map((name) => (
        <option key={name} value={referenceTo(name)} />
      ))}
    </datalist>
  );
}

function Address({ http: { method, url }, set }: PartProps): JSX.Element {
  return (
    <div class="request-line">
      <Field name="job.http.method" label="Method">
        {(control) => (
          <select {...control} class="mono" value={method} onChange={(event) => set({ method: event.currentTarget.value })}>
            {METHODS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        )}
      </Field>
      <Line
        name="job.http.url"
        label="URL"
        isCode
        list={SECRET_LIST}
        placeholder="https://example.com/path"
        hint={
          <>
            <a href="#/account/secrets" target="_blank" rel="noopener">
              Secrets of your account
            </a>{" "}
            are inserted when the request is sent: <code>{"${{ secrets.name }}"}</code> here, in headers, the token and the body
          </>
        }
        value={url}
        set={(value) => set({ url: value })}
      />
    </div>
  );
}

function Query({ http: { url }, set }: PartProps): JSX.Element {
  return (
    <div class="part">
      <h3>Query parameters</h3>
      <Rows
        what="Parameter"
        valueList={SECRET_LIST}
        rows={readQuery(url)}
        set={(rows) => set({ url: withQuery(url, markChanged(rows, url)) })}
        empty={{ name: "", value: "" }}
      />
    </div>
  );
}

/** Lets the rows that were changed be written again. */
function markChanged(rows: readonly { name: string; value: string; raw?: string }[], url: string): { name: string; value: string; raw?: string }[] {
  const before = readQuery(url);
  return rows.map(({ name, value, raw }) => (before.some((one) => one.raw === raw && one.name === name && one.value === value) && raw !== undefined ? { name, value, raw } : { name, value }));
}

function Headers({ http: { headers }, set, problems }: PartProps): JSX.Element {
  const problem = [...problems.fields].find(([path]) => path.startsWith("job.http.headers"))?.[1];
  return (
    <div class="part">
      <h3>Headers</h3>
      <Rows
        what="Header"
        valueList={SECRET_LIST}
        path="job.http.headers"
        rows={headers}
        set={(rows) => set({ headers: rows })}
        empty={{ name: "", value: "", isSecret: false, isKept: false }}
        placeholder={({ isKept }) => (isKept ? "Stored. Leave empty to keep it" : "Value")}
        isHidden={({ isSecret }) => isSecret}
        problem={problem}
        extra={({ name, isSecret }, change, number) => (
          <label class="check secret" title="Stored encrypted, and never shown again">
            <input
              type="checkbox"
              aria-label={`Header ${number} is secret`}
              checked={isSecret || ALWAYS_SECRET.includes(name.toLowerCase())}
              disabled={ALWAYS_SECRET.includes(name.toLowerCase())}
              onChange={(event) => change({ isSecret: event.currentTarget.checked, isKept: false })}
            />
            Secret
          </label>
        )}
      />
    </div>
  );
}

function Authentication({ http, set }: PartProps): JSX.Element {
  const { auth, token, hasToken, user, password } = http;
  return (
    <div class="part">
      <h3>Authentication</h3>
      <Segments
        label="Authentication"
        value={auth}
        set={(value) => set({ auth: value })}
        choices={[
          ["none", "None"],
          ["bearer", "Bearer token"],
          ["basic", "User and password"],
        ]}
      />
      {auth === "bearer" && (
        <Line
          name="job.http.token"
          label="Token"
          type="password"
          isCode
          autocomplete="new-password"
          placeholder={hasToken ? "Stored. Leave empty to keep it" : ""}
          hint="Stored encrypted, and never shown again"
          value={token}
          set={(value) => set({ token: value })}
        />
      )}
      {auth === "basic" && (
        <div class="row">
          <Line name="job.http.user" label="User" isCode value={user} set={(value) => set({ user: value })} />
          <Line
            name="job.http.password"
            label="Password"
            type="password"
            isCode
            autocomplete="new-password"
            hint="Stored encrypted, and never shown again"
            value={password}
            set={(value) => set({ password: value })}
          />
        </div>
      )}
    </div>
  );
}

function Body({ http, set }: PartProps): JSX.Element {
  const { bodyKind, json, text, fields } = http;
  return (
    <div class="part" data-field={bodyKind === "form" ? "job.http.bodyForm" : undefined}>
      <h3>Body</h3>
      <Segments<BodyKind>
        label="Body"
        value={bodyKind}
        set={(value) => set({ bodyKind: value })}
        choices={[
          ["none", "None"],
          ["json", "JSON"],
          ["form", "Form"],
          ["text", "Text"],
        ]}
      />
      {bodyKind === "json" && <Json name="job.http.body" label="JSON" hint='Such as {"name": "value"}' value={json} set={(value) => set({ json: value })} />}
      {bodyKind === "text" && <Text name="job.http.bodyText" label="Text" value={text} set={(value) => set({ text: value })} />}
      {bodyKind === "form" && <Rows what="Field" valueList={SECRET_LIST} rows={fields} set={(rows) => set({ fields: rows })} empty={{ name: "", value: "" }} />}
    </div>
  );
}

function Callback({ http: { expectsCallback, callbackWithin }, set }: PartProps): JSX.Element {
  return (
    <div class="part">
      <Check
        name="job.http.expectCallback"
        label="The target calls back when its work is done"
        isOn={expectsCallback}
        set={(isOn) => set({ expectsCallback: isOn })}
      />
      {expectsCallback && (
        <Line
          name="job.http.expectCallback.within"
          label="Within"
          hint={
            <>
              1 s to 30 d. The target gets the URL in the header <code>Tocsin-Callback-Url</code>, and in place of <code>{"${{ callback.url }}"}</code>
            </>
          }
          value={callbackWithin}
          set={(value) => set({ callbackWithin: value })}
        />
      )}
    </div>
  );
}
