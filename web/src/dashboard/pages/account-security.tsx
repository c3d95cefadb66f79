import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { confirm } from "../ui/dialog.tsx";
import { Field, Form, useSending } from "../ui/form.tsx";
import { Section } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { showToast } from "../ui/toast.tsx";
import { never } from "./account-profile.tsx";
import { describeBrowser } from "./browsers.ts";

const SESSIONS = graphql(`
  query Sessions {
    sessions {
      id
      address
      userAgent
      createdAt
      lastRefreshedAt
      isCurrent
    }
  }
`);
const REVOKE = graphql(`mutation RevokeSession($id: ID!) { revokeSession(input: { id: $id }) { userErrors { message } } }`);
const REVOKE_OTHERS = graphql(`mutation RevokeOtherSessions { revokeOtherSessions { revokedCount userErrors { message } } }`);
const CHANGE_PASSWORD = graphql(`
  mutation ChangePassword($currentPassword: String!, $newPassword: String!) {
    changePassword(input: { currentPassword: $currentPassword, newPassword: $newPassword }) {
      userErrors {
        field
        message
      }
    }
  }
`);
type Session = ResultOf<typeof SESSIONS>["sessions"][number];
const BLANK = { currentPassword: "", newPassword: "" };

export function AccountSecurity(): JSX.Element {
  const { data, error, reread } = useLive(SESSIONS, {}, { concerns: never });
  const others = data?.sessions.filter(({ isCurrent }) => !isCurrent) ?? [];
  return (
    <>
      <Section title="Password">
        <PasswordForm done={reread} />
      </Section>
      <Section title="Sessions" aside={others.length > 0 && <EndOthers count={others.length} done={reread} />}>
        {error && !data && <ErrorState message={error} retry={reread} />}
        {!error && !data && <LoadingRows count={3} />}
        {data && <SessionsTable sessions={data.sessions} done={reread} />}
      </Section>
    </>
  );
}

function PasswordForm({ done }: { done: () => void }): JSX.Element {
  const [fields, setFields] = useState(BLANK);
  const { send, isBusy, problems } = useSending(CHANGE_PASSWORD);
  const submit = async (): Promise<void> => {
    if (!(await send(fields))) return;
    setFields(BLANK);
    showToast("Your password is changed. Your other sessions have ended.");
    done();
  };
  const input = (name: keyof typeof BLANK, autocomplete: string) => (control: object): JSX.Element => (
    <input
      {...control}
      type="password"
      required
      autocomplete={autocomplete}
      value={fields[name]}
      onInput={(event) => setFields({ ...fields, [name]: event.currentTarget.value })}
    />
  );
  return (
    <Form problems={problems} submit={submit} class="form panel">
      <div class="row">
        <Field name="currentPassword" label="Current password">
          {input("currentPassword", "current-password")}
        </Field>
        <Field name="newPassword" label="New password" hint="10 to 128 characters. Common passwords are refused.">
          {input("newPassword", "new-password")}
        </Field>
      </div>
      <div class="buttons">
        <button class="main" disabled={isBusy}>
          Change password
        </button>
        <span class="faint small">Your other sessions end. API tokens stay.</span>
      </div>
    </Form>
  );
}

function EndOthers({ count, done }: { count: number; done: () => void }): JSX.Element {
  const { send, isBusy, problems } = useSending(REVOKE_OTHERS);
  const end = async (): Promise<void> => {
    const text = `${count === 1 ? "One other session ends" : `${count} other sessions end`} at once, with their open pages.`;
    if (!(await confirm({ title: "End all other sessions?", text, action: "End them" }))) return;
    const data = await send({});
    if (data) showToast(`${data.revokeOtherSessions.revokedCount ?? 0} sessions have ended.`);
    done();
  };
  return (
    <>
      {problems.general && <span class="problem">{problems.general} </span>}
      <button type="button" disabled={isBusy} onClick={() => void end()}>
        End all others
      </button>
    </>
  );
}

function SessionsTable({ sessions, done }: { sessions: readonly Session[]; done: () => void }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Browser or program</th>
            <th>Address</th>
            <th class="spare">Signed in</th>
            <th>Last renewed</th>
            <th>
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <SessionRow key={session.id} session={session} done={done} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SessionRow({ session, done }: { session: Session; done: () => void }): JSX.Element {
  const { id, address, userAgent, createdAt, lastRefreshedAt, isCurrent } = session;
  const { send, isBusy } = useSending(REVOKE);
  const end = async (): Promise<void> => {
    const text = `${describeBrowser(userAgent)} at ${address} is signed out at once.`;
    if (!(await confirm({ title: "End this session?", text, action: "End session" }))) return;
    await send({ id });
    done();
  };
  return (
    <tr>
      <td class="name" title={userAgent}>
        {describeBrowser(userAgent)}
      </td>
      <td class="nowrap">{address}</td>
      <td class="nowrap spare">
        <Time at={createdAt} />
      </td>
      <td class="nowrap">
        <Time at={lastRefreshedAt} />
      </td>
      <td class="number">
        {isCurrent ? (
          <span class="tag">this one</span>
        ) : (
          <button type="button" disabled={isBusy} onClick={() => void end()}>
            End
          </button>
        )}
      </td>
    </tr>
  );
}
